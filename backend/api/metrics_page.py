"""The page that Prometheus reads: what was counted, and what is so at this moment."""

import hmac
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import get_args

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from backend import __version__
from backend.api.health import degraded_by
from backend.api.keys import Role
from backend.api.prober import Look
from backend.api.request_tallies import Requests
from backend.api.state import ApiState, State
from backend.core.errors import NotAuthenticated
from backend.store.digests import DigestState
from backend.store.webhook_signs import WebhookSigns

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
REASONS = ("nothing_published", "last_run_failed", "not_published")
STATES = ("queued", "running", "succeeded", "failed", "cancelled")

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(state: State, request: Request) -> Response:
    """Tell what was counted, for Prometheus."""
    if not may_read(state, request):
        raise NotAuthenticated
    now = AtThisMoment(await state.prober.look(), state)
    return Response(counted(state.requests) + told(now), media_type=CONTENT_TYPE_LATEST)


def may_read(state: ApiState, request: Request) -> bool:
    """Whether a key opens the page; without METRICS_KEY, who is on this machine needs none."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    sent = bearer if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if state.metrics_key is not None:
        return hmac.compare_digest(sent.encode(), state.metrics_key.encode())
    return state.admission.keys.role_of(sent) is Role.ADMINISTERS or _is_local(request)


def _is_local(request: Request) -> bool:
    """Whether it comes from this machine itself, and not through a proxy on it."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def counted(requests: Requests) -> bytes:
    """Return what was counted: by this process, or by all where they share a folder."""
    folder = requests.folder
    if folder is None:
        return generate_latest(REGISTRY) + told(requests)
    _forget_the_dead(Path(folder))
    return told(MultiProcessCollector(None, folder))  # type: ignore[no-untyped-call]


def told(collector: Collector) -> bytes:
    """Write what one collector has to tell."""
    alone = CollectorRegistry()
    alone.register(collector)
    return generate_latest(alone)


def _forget_the_dead(folder: Path) -> None:
    """Drop the gauges of processes that have ended; what those counted stays counted."""
    for process in {path.stem.rpartition("_")[2] for path in folder.glob("gauge_live*.db")}:
        if not _runs(int(process)):
            mark_process_dead(int(process), str(folder))  # type: ignore[no-untyped-call]


def _runs(process: int) -> bool:
    with suppress(PermissionError):  # then it runs, as somebody else
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True


class AtThisMoment(Collector):
    """What a look at the databases found, as metrics: the same whichever process is asked."""

    def __init__(self, look: Look, state: ApiState) -> None:
        self._look = look
        self._now = state.now()

    def collect(self) -> Iterator[Metric]:
        """Give the metrics."""
        yield _by("intelligence_build", "The version that runs.", "version", {__version__: 1})
        yield from self._databases()
        yield from self._runs()

    def _databases(self) -> Iterator[Metric]:
        parts = {"intelligence": self._look.intelligence, "shop": self._look.shop}
        up = {name: int(part.is_ok) for name, part in parts.items()}
        yield _by("intelligence_database_up", "Whether it can be worked with.", "database", up)
        seconds = {name: part.milliseconds / 1000 for name, part in parts.items()}
        help_text = "How long the last look at it took."
        yield _by("intelligence_database_look_seconds", help_text, "database", seconds)
        states = GaugeMetricFamily(
            "intelligence_database_state",
            "How it is, in a word.",
            labels=("database", "state"),
        )
        for name, part in parts.items():
            states.add_metric((name, part.state), 1)
        yield states

    def _runs(self) -> Iterator[Metric]:
        if (signs := self._look.signs) is None:
            return
        newest = signs.newest.state if signs.newest else None
        states = {state: int(state == newest) for state in STATES}
        yield _by("intelligence_run_state", "Of the newest run.", "state", states)
        stages = {signs.stage: 1} if signs.stage else {}
        yield _by("intelligence_run_stage", "Of the active run.", "stage", stages)
        reasons = {reason: int(reason in degraded_by(signs)) for reason in REASONS}
        yield _by("intelligence_degraded", "What somebody should look at.", "reason", reasons)
        yield from _webhooks(signs.webhooks)
        waiting = "Customers who ordered and wait to be scored."
        yield GaugeMetricFamily("intelligence_rescorings_waiting", waiting, value=signs.rescorings)
        digests = {one: int(one == signs.digest) for one in get_args(DigestState)}
        yield _by("intelligence_digest_state", "Of the newest digest.", "state", digests)
        failed = "Runs that have failed since the one that is served."
        yield GaugeMetricFamily("intelligence_run_failures", failed, value=signs.failures)
        if signs.published_at is not None:
            age = max((self._now - signs.published_at).total_seconds(), 0.0)
            meaning = "Since what is served was published."
            yield GaugeMetricFamily("intelligence_served_age_seconds", meaning, value=age)


def _webhooks(signs: WebhookSigns) -> Iterator[Metric]:
    meaning = "Webhooks that are told, and those that are not, by why."
    yield _by("intelligence_webhooks", meaning, "state", signs.by_state)
    waiting = "Deliveries that wait, of webhooks that are told."
    yield GaugeMetricFamily("intelligence_webhook_deliveries_waiting", waiting, value=signs.waiting)


def _by(name: str, meaning: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=(label,))
    for value, number in values.items():
        family.add_metric((value,), number)
    return family
