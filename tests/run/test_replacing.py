"""What replaces what is served unasked, and what does not."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from backend import store
from backend.core.errors import InvalidRunRequest
from backend.database.engine import AsyncEngine, create_engine, transaction
from backend.store import runs
from backend.store.run_request import RunRequest
from backend.store.run_row import Run
from backend.store.tables import customer_intelligence
from tests.conftest import NewDatabase, execute
from tests.databases import migrated
from tests.performed import clustered, clustered_shop
from tests.shops import AS_OF, fill, invented

YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)


@pytest.fixture
def url(new_sqlite: NewDatabase) -> str:
    """Copy a shop that one run has seen: what replaces what does not depend on the database."""
    return new_sqlite(clustered_shop)


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(url)
    yield made
    await made.dispose()


async def served(engine: AsyncEngine) -> Any:
    async with transaction(engine) as connection:
        rows = (await connection.execute(select(customer_intelligence))).all()
        return rows, await runs.published(connection), await store.read_segments(connection)


async def newest(engine: AsyncEngine) -> Run:
    found = await runs.latest(engine)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("changes", "wanted", "reason"),
    [
        ("DELETE FROM customers", {}, "nothing_read"),
        ("DELETE FROM orders", {}, "nothing_read"),
        ("DELETE FROM customers WHERE id > 39", {}, "lost_customers"),
        ("SELECT 1", {"as_of": AS_OF - timedelta(seconds=1)}, "older_than_served"),
        ("SELECT 1", {"as_of": YEAR_1}, "older_than_served"),
        ("SELECT 1", {"publish": "never"}, None),
    ],
)
async def test_a_run_that_looks_wrong_reports_and_replaces_nothing(
    engine: AsyncEngine, url: str, changes: str, wanted: dict[str, Any], reason: str | None
) -> None:
    before = await served(engine)
    await execute(url, changes)
    report = await clustered(engine, url, **wanted)
    run = await newest(engine)
    assert (run.state, run.published, run.not_published) == ("succeeded", False, reason)
    assert report["notes"][0].startswith("Nothing was published")
    assert await served(engine) == before


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ("DELETE FROM customers WHERE id > 40", {}),  # exactly half of them are left
        ("SELECT 1", {"as_of": AS_OF}),
        ("DELETE FROM customers", {"publish": "always"}),
        ("SELECT 1", {"as_of": YEAR_1, "publish": "always"}),
    ],
)
async def test_what_looks_right_or_is_asked_for_is_published(
    engine: AsyncEngine, url: str, changes: str, wanted: dict[str, Any]
) -> None:
    await execute(url, changes)
    await clustered(engine, url, **wanted)
    run = await newest(engine)
    assert (run.published, run.not_published) == (True, None)


async def test_a_shop_without_customers_publishes_nothing_even_first(
    new_sqlite: NewDatabase,
) -> None:
    url = new_sqlite(migrated)
    await fill(url, invented(0))
    first = create_engine(url)
    await clustered(first, url)
    assert (await newest(first)).not_published == "nothing_read"
    await first.dispose()


async def test_ids_that_changed_their_type_are_the_same_customers(
    engine: AsyncEngine, url: str
) -> None:
    await execute(
        url,
        "CREATE TABLE people AS SELECT CAST(id AS TEXT) AS id, email FROM customers",
        "INSERT INTO people VALUES ('cus_a', 'a@example.com')",
        "DROP TABLE customers",
        "ALTER TABLE people RENAME TO customers",
    )
    await clustered(engine, url)
    run = await newest(engine)
    assert (run.published, run.not_published) == (True, None)


async def test_what_a_newer_version_asked_for_is_shown_and_not_run(
    engine: AsyncEngine, url: str
) -> None:
    queued = await runs.enqueue(engine, RunRequest(publish="never"))
    later = """UPDATE intelligence_runs SET request = '{"as_of": null, "audience": "all"}' """
    await execute(url, f"{later} WHERE id = '{queued.id}'")
    shown = (await runs.get(engine, queued.id)).request
    assert shown.unknown == ("audience",)
    with pytest.raises(InvalidRunRequest, match="newer version"):
        shown.refuse_unknown()
