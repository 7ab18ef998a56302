"""Somebody is erased, and the process that does it is killed before it has deleted a row."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Select, func, select

from backend.database.engine import opened, transaction
from backend.store.runs import hold_published
from backend.store.tables import customer_intelligence, segment_changes, tombstones
from tests.conftest import NewDatabase, wait_for
from tests.live import ADMIN_KEY, Live, serving
from tests.performed import CLUSTERED_CUSTOMERS, NO_WORKER, clustered_shop
from tests.waiting import wait_until

pytestmark = pytest.mark.external


@pytest.mark.parametrize(
    "kind", ["new_postgres", pytest.param("new_mysql", marks=pytest.mark.long)]
)
def test_whoever_is_told_gone_is_nowhere_once_a_process_has_started(
    kind: str, request: pytest.FixtureRequest, redis_url: str, tmp_path: Path
) -> None:
    make: NewDatabase = request.getfixturevalue(kind)
    url = make(clustered_shop)
    shared = {**NO_WORKER, "REDIS_URL": redis_url}
    with serving(url, tmp_path, variables=shared) as live, ThreadPoolExecutor() as caller:
        assert counted_in_segments(live) == [CLUSTERED_CUSTOMERS] * 2
        with publication_held(url):
            erasing = caller.submit(erased, live)
            wait_until(lambda: stands(url) or erasing.done(), live.log.read_text)
            assert counted_in_segments(live) == [CLUSTERED_CUSTOMERS - 1] * 2
            live.process.kill()
        erasing.result()
    assert stands(url)
    assert rows_about(url, 4) == 2
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        assert rows_about(url, 4) == 0
        assert live.get("/api/mcp/customers/4").status_code == 404
        page = live.get("/api/mcp/customers?limit=1000").json()
        assert page["total"] == len(page["customers"]) == CLUSTERED_CUSTOMERS - 1
        gone = live.get("/api/mcp/customers/gone").json()["gone"]
        assert [(one["customer_id"], one["cause"]) for one in gone] == [("4", "erased")]


def counted_in_segments(live: Live) -> list[int]:
    """Add up who is in segments, as their list says and as each says by itself."""
    listed = live.get("/api/mcp/segments").json()
    alone = [live.get(f"/api/mcp/segments/{one['id']}").json() for one in listed["segments"]]
    without = listed["customers_without_orders"]
    return [
        sum(one["customer_count"] for one in shown) + without
        for shown in (listed["segments"], alone)
    ]


def erased(live: Live) -> None:
    """Ask for it; whoever is killed answers nothing."""
    with suppress(httpx.TransportError):
        live.client.delete("/api/admin/customers/4", headers={"X-API-Key": ADMIN_KEY})


@contextmanager
def publication_held(url: str) -> Iterator[None]:
    """Keep all from deleting rows, as a run does that is being published."""
    loop = asyncio.new_event_loop()
    holding = held(url)
    loop.run_until_complete(anext(holding))
    try:
        yield
    finally:
        loop.run_until_complete(holding.aclose())
        loop.close()


async def held(url: str) -> AsyncGenerator[None]:
    async with opened(url) as engine, transaction(engine) as connection:
        await hold_published(connection)
        yield


def stands(url: str) -> bool:
    return wait_for(counted(url, select(func.count()).select_from(tombstones))) == 1


def rows_about(url: str, customer_id: int) -> int:
    about = (
        select(func.count()).where(table.c.customer_id == customer_id)
        for table in (customer_intelligence, segment_changes)
    )
    return sum(wait_for(counted(url, one)) for one in about)


async def counted(url: str, statement: Select[Any]) -> int:
    async with opened(url) as engine, transaction(engine) as connection:
        return int(await connection.scalar(statement) or 0)
