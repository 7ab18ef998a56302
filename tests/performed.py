"""Runs done in the process of the tests, where the numerical libraries are loaded already."""

from collections.abc import Mapping
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

from backend import store
from backend.database.engine import AsyncEngine, opened
from backend.run.perform import perform
from backend.run.progress import Progress
from backend.run.run_config import RunConfig
from backend.store import leases, runs
from backend.store.migrate import migrate
from backend.store.run_request import RunRequest
from tests.databases import wait_for
from tests.in_json import in_json
from tests.live import ADMIN_KEY, Live
from tests.remembered import remembering
from tests.shops import AS_OF, VARIABLES, fill, invented
from tests.waiting import PATIENCE_SECONDS

LEASE = timedelta(seconds=PATIENCE_SECONDS)  # nobody renews it here
# What a service is served with whose runs are done by somebody else.
NO_WORKER = {"RUN_WORKER": "false"}
CLUSTERED_CUSTOMERS, MOVING_CUSTOMERS = 80, 400


def config_of(url: str, **changes: Any) -> RunConfig:
    values: dict[str, Any] = {
        "shop_url": url,
        "intelligence_url": url,
        "shop_variables": VARIABLES,
        "prediction_horizon_days": 365,
        "churn_horizon_days": 180,
        "dynamic_k_range": True,
        "robust_scaling": True,
        "history_retention_days": 730,
        "anthropic_api_key": None,
        "anthropic_model": "none",
        "anthropic_base_url": None,
        "log_level": "WARNING",
        "secrets": [ADMIN_KEY],  # as the services of the tests have it
        "run_seconds": 600,
    }
    return RunConfig(**{**values, **changes})


async def claimed(engine: AsyncEngine, **wanted: Any) -> str:
    request = RunRequest(**{"as_of": AS_OF, **wanted})
    run = await runs.enqueue(engine, request)
    await leases.claim(engine, token="mine", lease=LEASE)
    return run.id


async def clustered(
    engine: AsyncEngine,
    url: str,
    config: RunConfig | None = None,
    *,
    anew: bool = False,
    **wanted: Any,
) -> dict[str, Any]:
    """Run once and return the report; `anew` whatever was learnt from equal arrays before."""
    run_id = await claimed(engine, **wanted)
    with nullcontext() if anew else remembering():
        await perform(config or config_of(url), run_id, "mine", Progress())
    report = await store.read_report(engine, run_id)
    assert report is not None
    return dict(in_json(report))


def performed(live: Live, **wanted: Any) -> dict[str, Any]:
    """Do one run beside a service without a worker of its own, and return the run's status."""
    wait_for(perform_once(live.url, **wanted))
    return live.finished()


async def perform_once(url: str, variables: Mapping[str, str] = VARIABLES, **wanted: Any) -> None:
    """Do one run over a shop, as the process of a run does."""
    async with opened(url) as engine:
        await migrate(engine)
        await clustered(engine, url, config_of(url, shop_variables=dict(variables)), **wanted)


async def clustered_shop(url: str) -> None:
    """Prepare a database with an invented shop of 80 that one run has seen, as of `AS_OF`."""
    await fill(url, invented(CLUSTERED_CUSTOMERS))
    await perform_once(url, as_of=AS_OF)


async def shop_about_to_move(url: str) -> None:
    """Prepare a shop that a run saw two months before `AS_OF`: with one of that day many move."""
    await fill(url, invented(MOVING_CUSTOMERS))
    await perform_once(url, as_of=AS_OF - timedelta(days=60))
