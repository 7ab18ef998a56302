"""Delivers what the outbox holds: one delivery after the other to each webhook, several at once.

It works beside the runs of a worker. What it is killed at is delivered again, under the same id;
what it cannot deliver it tries again for a day, and says when it gives up.
"""

import asyncio
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from backend.core.clock import Seldom, monotonic_seconds, utc_now
from backend.core.ending import pause
from backend.core.errors import BackendError
from backend.core.glossary import DeliveryProblem
from backend.core.late import late
from backend.database.bounds import hurried
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncEngine, opened, transaction
from backend.database.sqlite_files import Opening
from backend.run.letter import letter
from backend.run.people_named import PeopleUnknown
from backend.run.run_config import RunConfig
from backend.store.delivery_leases import (
    DueDelivery,
    claim_webhook,
    next_due,
    read_due,
    record_outcome,
    release_webhook,
)
from backend.store.delivery_rows import forget_deliveries
from backend.webhooks.attempts import Aftermath, Outcome

LOOK_EVERY_SECONDS = 1.0
FORGET_EVERY_SECONDS = 3600.0
STATEMENT_SECONDS = 5.0
# Of webhooks that are delivered to at the same moment.
MOST_AT_ONCE = 8
# An answer that was had is written down before anything else; a lock may hold that up.
WRITE_FOR_SECONDS = 30.0
LOOKING = "any"  # where a look at all of them stumbles

log = logging.getLogger(__name__)


class Sender(Protocol):
    """What sends a body to an address."""

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send it, and say what came of it."""


async def deliver(config: RunConfig, stop: asyncio.Event) -> None:
    """Deliver what waits until `stop` is set; what is being sent then may be sent again.

    A database that is away is waited for: who runs what is queued says so.
    """
    bounds = hurried(STATEMENT_SECONDS)
    ours = opened(config.intelligence_url, pool_size=2, bounds=bounds, opening=Opening.CHANGE)
    async with ours as engine:
        courier = _Courier(engine, config)
        try:
            while not stop.is_set():
                await courier.look()
                await pause(stop, LOOK_EVERY_SECONDS)
        finally:
            await courier.end()


@dataclass
class _Courier:
    """Who delivers, and to which webhooks at this moment."""

    engine: AsyncEngine
    config: RunConfig
    _at_work: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _forgetting: Seldom = field(default_factory=lambda: Seldom(FORGET_EVERY_SECONDS))
    _sender: Sender | None = None
    _stumbled: set[str] = field(default_factory=set)

    async def look(self) -> None:
        """Begin to deliver to whom something waits for; forget what is old."""
        try:
            await self._begin_all()
            await self._forget()
            self._stumbled.discard(LOOKING)
        except BackendError as error:
            log.debug("delivering waits", extra={"reason": str(error)})
        except Exception:  # the next look must still be taken
            if self._stumbles_first(LOOKING):
                log.exception("delivering stumbled")

    def _stumbles_first(self, over: str) -> bool:
        """Tell whether a fault of ours is new: it is logged then, and not each time it is met."""
        is_known = over in self._stumbled
        self._stumbled.add(over)
        return not is_known

    async def _begin_all(self) -> None:
        self._at_work = {one: task for one, task in self._at_work.items() if not task.done()}
        for webhook_id in await read_due(self.engine):
            if len(self._at_work) < MOST_AT_ONCE and webhook_id not in self._at_work:
                self._at_work[webhook_id] = asyncio.create_task(self._deliver_to(webhook_id))

    async def end(self) -> None:
        """Let go of all webhooks; what is being sent may be sent again."""
        for task in self._at_work.values():
            task.cancel()
        await asyncio.gather(*self._at_work.values(), return_exceptions=True)

    async def _forget(self) -> None:
        if self._forgetting.is_due():
            async with transaction(self.engine) as connection:
                await forget_deliveries(connection, await read_clock(connection))

    async def _deliver_to(self, webhook_id: str) -> None:
        token = secrets.token_hex(16)
        try:
            if await claim_webhook(self.engine, webhook_id, token):
                try:
                    await self._deliver_all(webhook_id, token)
                finally:
                    await release_webhook(self.engine, webhook_id, token)
            self._stumbled.discard(webhook_id)
        except BackendError as error:
            log.debug("delivering waits", extra={"webhook": webhook_id, "reason": str(error)})
        except Exception:
            if self._stumbles_first(webhook_id):
                log.exception("delivering stumbled", extra={"webhook": webhook_id})

    async def _deliver_all(self, webhook_id: str, token: str) -> None:
        while (due := await next_due(self.engine, webhook_id, token)) is not None:
            outcome = await self._attempt(due)
            after = await self._recorded(due, outcome)
            _log(due, outcome, after)

    async def _attempt(self, due: DueDelivery) -> Outcome:
        try:
            written = await letter(due, self.config, utc_now())
        except PeopleUnknown:
            return Outcome(problem=DeliveryProblem.SHOP_UNAVAILABLE)
        if written is None:
            return Outcome(problem=DeliveryProblem.SECRET_UNREADABLE)
        return await self._by_http().send(due.webhook.url, written.headers, written.body)

    def _by_http(self) -> Sender:
        if self._sender is None:  # whoever delivers nothing imports no client
            made = late("backend.clients.webhook_sender").WebhookSender
            self._sender = made(allow_private=self.config.webhooks_allow_private)
        return self._sender

    async def _recorded(self, due: DueDelivery, outcome: Outcome) -> Aftermath:
        """Write down what came of it; who publishes on SQLite keeps all others from writing."""
        deadline = monotonic_seconds() + WRITE_FOR_SECONDS
        while True:
            try:
                return await record_outcome(self.engine, due, outcome)
            except BackendError:
                if monotonic_seconds() >= deadline:
                    raise
            await asyncio.sleep(LOOK_EVERY_SECONDS)


def _log(due: DueDelivery, outcome: Outcome, after: Aftermath) -> None:
    """Say when deliveries begin to fail, and when a webhook is given up; not each attempt."""
    told = {
        "webhook": due.webhook.id,
        "delivery": due.delivery.id,
        "event": str(due.delivery.event),
        "status": outcome.status_code,
        "problem": outcome.problem,
    }
    if after.disables is not None:
        log.error("webhook disabled", extra={**told, "because": str(after.disables)})
    elif outcome.problem is not None and due.delivery.attempts == 0:
        log.warning("webhook not delivered, tried again", extra=told)
    elif due.delivery.attempts > 0:
        log.info("webhook tried again", extra=told)
