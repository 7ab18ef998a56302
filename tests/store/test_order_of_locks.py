"""Who changes our tables at the same moment is answered, where servers end one of two who wait."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from sqlalchemy import text, update

from backend import store
from backend.core.customer_id import CustomerId
from backend.core.errors import DatabaseUnavailable
from backend.core.secret_keys import Marker, Use
from backend.database.async_engines import AsyncConnection, AsyncEngine
from backend.database.engine import opened, transaction
from backend.store import patience
from backend.store.patience import changed
from backend.store.tables import runs
from backend.store.tombstones import bury, erased_among
from tests.databases import migrated
from tests.store.test_publish import NOW, prepared, served
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.external
MARKER = Marker.of(["a-secret-of-the-tests"], Use.TOMBSTONE)
WAITING = {
    "postgresql": "SELECT count(*) FROM pg_locks "
    "WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))",
    "mysql": "SELECT count(*) FROM information_schema.innodb_trx "
    "JOIN information_schema.processlist p ON p.id = trx_mysql_thread_id "
    "WHERE trx_state = 'LOCK WAIT' AND p.db = database()",
}


@pytest.fixture(params=["new_postgres", "new_mysql"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[AsyncEngine]:
    async with opened(request.getfixturevalue(request.param)(migrated)) as made:
        yield made


async def somebody_waits(connection: AsyncConnection) -> None:
    statement = text(WAITING[connection.dialect.name])
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await connection.scalar(statement):  # noqa: ASYNC110, a lock tells no event
            # MariaDB looks at its transactions anew once nobody has for a tenth of a second.
            await asyncio.sleep(0.25)


async def test_a_person_names_a_segment_at_the_moment_in_which_a_run_becomes_the_served_one(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """InnoDB takes it for a deadlock: what the person waits for is where the run's mark goes."""
    monkeypatch.setattr(patience, "ANEW_WITHIN_SECONDS", PATIENCE_SECONDS)
    await store.publish(engine, await prepared(engine), now=NOW)
    following = update(runs).where(runs.c.id == (await prepared(engine)).run_id)
    name = partial(store.name_segment, segment_id="alpha", given={"name": "Champions"}, now=NOW)
    async with transaction(engine) as publishing:
        served_now = update(runs).where(runs.c.published == 1)
        await publishing.execute(served_now.values(published=None))
        naming = asyncio.create_task(changed(engine, name))
        await somebody_waits(publishing)
        # Its entry in the index comes ahead of the one that the person waits for.
        await publishing.execute(following.values(id="0", published=1, active=None))
    await naming
    assert (await served(engine))["alpha"][0] == "Champions"


async def test_two_who_erase_do_not_wait_for_each_other(engine: AsyncEngine) -> None:
    one, other = CustomerId("7"), CustomerId("12")
    async with asyncio.timeout(PATIENCE_SECONDS):
        async with transaction(engine) as first, transaction(engine) as second:
            await bury(first, MARKER, [one], NOW)
            await bury(second, MARKER, [other], NOW)
    async with transaction(engine) as connection:
        assert {*await erased_among(connection, MARKER, [one, other])} == {one, other}


async def test_who_is_in_the_way_for_longer_is_told(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "ANEW_WITHIN_SECONDS", 0.0)
    begun = []

    async def locked(_connection: AsyncConnection) -> None:
        begun.append("anew")
        raise DatabaseUnavailable("intelligence", "locked")

    with pytest.raises(DatabaseUnavailable):
        await changed(engine, locked)
    assert begun == ["anew"]
