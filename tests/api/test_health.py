"""Health proves the service, not a socket: each thing that can be wrong is told from the others."""

import asyncio
import resource
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from backend.api.prober import Look, Prober
from backend.core.clock import utc_now
from backend.core.settings import IsolatedSettings
from backend.database.bounds import hurried
from backend.database.engine import opened, parse_url, transaction
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop
from backend.store.tables import runs
from tests.conftest import NewDatabase, execute, read_only_url, wait_for
from tests.databases import migrated
from tests.live import Live, serving
from tests.performed import NO_WORKER
from tests.shops import VARIABLES, fill, invented

SECONDS = 2.0


async def shop_with_our_tables(url: str) -> None:
    await fill(url, invented(5))
    await migrated(url)


def prober(engine: Any, shop_engine: Any = None) -> Prober:
    settings = IsolatedSettings.load(
        database_url="sqlite://", api_key="key", **{k.lower(): v for k, v in VARIABLES.items()}
    )
    mapping = load_mapping(settings.shop_variables())
    return Prober(engine, shop_engine or engine, Shop(mapping), SECONDS)


async def looked(url: str, shop_url: str | None = None) -> Look:
    """Look once, as a service of this database would."""
    bounds = hurried(SECONDS)
    async with opened(url, bounds=bounds) as engine, opened(shop_url or url, bounds=bounds) as shop:
        return await prober(engine, shop).look()


async def rows_of_runs(url: str) -> int:
    async with opened(url) as engine, transaction(engine) as connection:
        return await connection.scalar(select(func.count()).select_from(runs)) or 0


async def test_a_look_proves_both_and_leaves_nothing(new_database: NewDatabase) -> None:
    url = new_database(shop_with_our_tables)
    look = await looked(url)
    assert (look.intelligence.state, look.shop.state, look.is_ready) == ("ok", "ok", True)
    assert await rows_of_runs(url) == 0


async def test_a_lost_table_of_ours_is_told(new_database: NewDatabase) -> None:
    url = new_database(shop_with_our_tables)
    await execute(url, "DROP TABLE intelligence_segment_names")
    assert (await looked(url)).intelligence.state == "tables_missing"


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("DROP TABLE intelligence_alembic_version", "tables_missing"),
        ("UPDATE intelligence_alembic_version SET version_num = '0001'", "tables_outdated"),
        ("UPDATE intelligence_alembic_version SET version_num = '9999'", "tables_too_new"),
    ],
)
async def test_tables_of_another_version_are_told(
    new_sqlite: NewDatabase, change: str, state: str
) -> None:
    url = new_sqlite(shop_with_our_tables)
    await execute(url, change)
    look = await looked(url)
    assert (look.intelligence.state, look.shop.state) == (state, "ok")


async def test_a_shop_whose_table_is_gone_is_told_without_its_name(new_sqlite: NewDatabase) -> None:
    url = new_sqlite(shop_with_our_tables)
    await execute(url, "DROP TABLE orders")
    look = await looked(url)
    assert (look.intelligence.state, look.shop.state) == ("ok", "unreadable")
    assert "check says why" in str(look.shop.sentence)
    assert "orders" not in str(look.shop.sentence)


async def test_a_shop_whose_table_goes_while_it_is_served_is_told(
    new_sqlite: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.api.prober.KEPT_SECONDS", 0.0)
    url = new_sqlite(shop_with_our_tables)
    async with opened(url, bounds=hurried(SECONDS)) as engine:
        asked = prober(engine)
        assert (await asked.look()).is_ready
        await execute(url, "DROP TABLE customers")
        assert (await asked.look()).shop.state == "unreadable"


@pytest.mark.external
async def test_a_server_that_only_reads_after_a_failover_is_told(new_postgres: NewDatabase) -> None:
    url = new_postgres(shop_with_our_tables)
    name = parse_url(url).database
    await execute(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    look = await looked(url)
    assert (look.intelligence.state, look.shop.state) == ("read_only", "ok")


@pytest.mark.external
async def test_a_right_that_is_missing_on_one_shop_table_is_told(new_postgres: NewDatabase) -> None:
    url = new_postgres(shop_with_our_tables)
    reader = await read_only_url(url)
    await execute(url, f"REVOKE SELECT ON orders FROM {parse_url(reader).username}")
    look = await looked(url, reader)
    assert (look.intelligence.state, look.shop.state) == ("ok", "right")
    assert "reader" not in str(look.shop.sentence)


@pytest.mark.external
async def test_a_locked_table_of_the_shop_makes_that_part_slow_alone(
    new_postgres: NewDatabase,
) -> None:
    url = new_postgres(shop_with_our_tables)
    async with opened(url) as holder, transaction(holder) as locking:
        await locking.execute(text("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"))
        look = await looked(url)
    assert (look.intelligence.state, look.shop.state) == ("ok", "slow")
    assert look.shop.milliseconds >= look.intelligence.milliseconds


async def test_somebody_who_writes_proves_that_sqlite_can_be_written(
    new_sqlite: NewDatabase,
) -> None:
    url = new_sqlite(shop_with_our_tables)
    with sqlite3.connect(parse_url(url).database or "", isolation_level=None) as writing:
        writing.execute("BEGIN IMMEDIATE")
        assert (await looked(url)).is_ready
        writing.execute("ROLLBACK")
    writing.close()


@contextmanager
def small_files() -> Iterator[None]:
    """Let files grow to 48 kB and no further: SQLite's shared memory has room in that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (48 * 1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_is_told(new_sqlite: NewDatabase) -> None:
    url = new_sqlite(shop_with_our_tables)
    with small_files():
        look = await looked(url)
    assert (look.intelligence.state, look.shop.state, look.is_ready) == ("disk_full", "ok", False)
    assert "no space left" in str(look.intelligence.sentence)
    assert await rows_of_runs(url) == 0


async def test_many_who_ask_at_once_cost_one_look(new_sqlite: NewDatabase) -> None:
    url = new_sqlite(shop_with_our_tables)
    async with opened(url) as engine:
        asked = prober(engine)
        looks = await asyncio.gather(*(asked.look() for _ in range(50)))
    assert len({id(look) for look in looks}) == 1


def answered(live: Live, path: str = "/health") -> httpx.Response:
    return live.client.get(path)


def test_the_three_questions_by_get_and_head(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    with serving(new_sqlite(shop_with_our_tables), tmp_path, variables=NO_WORKER) as live:
        for path in ("/health", "/health/live", "/health/ready"):
            assert answered(live, path).status_code == 200
            head = live.client.head(path)
            assert (head.status_code, head.content) == (200, b"")
        told = answered(live).json()
    assert (told["status"], told["database"], told["version"]) == ("degraded", "connected", "10.0")
    assert told["degraded"] == ["nothing_published"]
    assert told["served"] is None


def test_a_service_that_cannot_work_is_alive_and_not_ready(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite(shop_with_our_tables)
    wait_for(execute(url, "DROP TABLE customers"))
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        answer = answered(live, "/health/ready")
        assert answer.status_code == live.client.head("/health").status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert answer.json()["shop"]["state"] == "unreadable"
        assert answer.json()["intelligence"]["state"] == "ok"
        assert answered(live, "/health/live").json() == {"status": "alive"}


NOW = utc_now()
PUBLISHED = {"state": "succeeded", "published": 1, "as_of": NOW - timedelta(hours=30)}


@pytest.mark.parametrize(
    ("ended", "degraded", "failures"),
    [
        ([PUBLISHED], [], 0),
        ([PUBLISHED, {"state": "failed"}, {"state": "failed"}], ["last_run_failed"], 2),
        ([{"state": "failed"}, PUBLISHED], [], 0),
        ([{"state": "failed"}], ["nothing_published", "last_run_failed"], 1),
    ],
)
def test_what_the_runs_did_is_told(
    new_sqlite: NewDatabase,
    tmp_path: Path,
    ended: list[Mapping[str, Any]],
    degraded: list[str],
    failures: int,
) -> None:
    url = new_sqlite(shop_with_our_tables)
    wait_for(ran(url, ended))
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        told = answered(live).json()
    assert (told["degraded"], told["failures"]) == (degraded, failures)
    assert told["status"] == ("degraded" if degraded else "healthy")
    assert told["last_run"]["state"] == ended[-1]["state"]
    if PUBLISHED in ended:
        age = timedelta(seconds=told["served"]["age_seconds"])
        assert timedelta(hours=22) < age < timedelta(hours=30)


async def ran(url: str, ended: list[Mapping[str, Any]]) -> None:
    """Write runs of the last hours, the oldest first, each an hour after the one before."""
    async with opened(url) as engine, transaction(engine) as connection:
        for place, one in enumerate(ended):
            at = NOW - timedelta(hours=24 - place)
            values = {"request": "{}", "share_done": 1.0, "counts": "{}", "revision": 0, **one}
            times = {"queued_at": at, "finished_at": at}
            await connection.execute(runs.insert().values(id=f"run-{place}", **values, **times))
