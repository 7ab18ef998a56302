"""A run that is kept in a stage by a lock on what it needs, and callers who ask all along."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import select, text

from backend.core.errors import BackendError
from backend.database.engine import opened, transaction
from backend.store.tables import customer_intelligence, runs
from tests.live import ADMIN_KEY, Live
from tests.shops import AS_OF
from tests.waiting import LOOK_EVERY_SECONDS, PATIENCE_SECONDS

# None of them needs a table that a test holds to keep a run in a stage, as readiness does.
ASKED = ("/api/mcp/segments", "/api/mcp/customers/4", "/api/mcp/customers?limit=5", "/health/live")
ASK_EVERY_SECONDS = 0.1
LOCK_ORDERS = {
    "postgresql": "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE",
    "mysql": "LOCK TABLES orders WRITE",
}


@contextmanager
def asked_all_along(live: Live) -> Iterator[Counter[tuple[str, int]]]:
    """Ask one question after the other, and count the answers."""
    statuses: Counter[tuple[str, int]] = Counter()
    over = threading.Event()

    def ask() -> None:
        while not over.wait(ASK_EVERY_SECONDS):
            statuses.update((path, live.get(path).status_code) for path in ASKED)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield statuses
    finally:
        over.set()
        asking.join()


@contextmanager
def kept_in(stage: str, url: str) -> Iterator[None]:
    """Hold what a run needs in a stage; a slow language model keeps each that asks it."""
    if stage == "naming":
        yield
        return
    loop = asyncio.new_event_loop()
    holding = held(stage, url)
    loop.run_until_complete(anext(holding))
    try:
        yield
    finally:
        with suppress(BackendError):  # whose server was ended meanwhile
            loop.run_until_complete(holding.aclose())
        loop.close()


async def held(stage: str, url: str) -> AsyncGenerator[None]:
    async with opened(url) as engine, transaction(engine) as connection:
        if stage == "read":
            await connection.execute(text(LOCK_ORDERS[engine.url.get_backend_name()]))
        else:
            await connection.execute(select(customer_intelligence).with_for_update())
        yield


def started(live: Live) -> str:
    asked = {"as_of": AS_OF.isoformat()}
    headers = {"X-API-Key": ADMIN_KEY}
    return str(live.client.post("/api/admin/cluster", json=asked, headers=headers).json()["run_id"])


async def come_to(stage: str, url: str) -> None:
    """Wait until a run is in a stage; when it publishes, until nobody else can have its row."""
    active = runs.c.active == 1
    free = select(runs.c.id).where(active).with_for_update(skip_locked=True)
    async with opened(url) as engine, asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with transaction(engine) as connection:
                at = await connection.scalar(select(runs.c.stage).where(active))
                if at == stage and (stage == "read" or await connection.scalar(free) is None):
                    return
            await asyncio.sleep(LOOK_EVERY_SECONDS)
