"""A lock on our tables costs a run time, not its life."""

import asyncio
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import text

from backend.core.errors import DatabaseUnavailable, TablesBusy
from backend.database.bounds import Bounds
from backend.database.engine import opened, transaction
from backend.run.standing import read_standing
from backend.store import patience
from backend.store.patience import patiently
from tests.conftest import NewDatabase
from tests.databases import migrated
from tests.shops import HORIZONS

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.external
async def test_who_reads_our_tables_outlasts_a_lock_on_them(
    new_postgres: NewDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(patience, "LOOK_AGAIN_SECONDS", 0.01)
    url = new_postgres(migrated)
    bounds = Bounds(lock_seconds=0.05)
    async with opened(url) as other, opened(url, bounds=bounds) as engine:
        async with transaction(other) as locking:
            await locking.execute(text("LOCK TABLE customer_intelligence"))
            read = partial(read_standing, engine, AS_OF, UTC, HORIZONS)
            reading = asyncio.create_task(patiently(read, waiting="the run waits"))
            while not (caplog.records or reading.done()):  # noqa: ASYNC110, it tells no event
                await asyncio.sleep(0.01)
            assert not reading.done()
        await reading
    said = [one.getMessage() for one in caplog.records if one.name == patience.__name__]
    assert said == ["the run waits"]


async def test_it_is_not_waited_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.0)

    async def locked() -> None:
        raise DatabaseUnavailable("intelligence", "locked")

    with pytest.raises(TablesBusy):
        await patiently(locked, waiting="waits")


async def test_what_is_no_lock_is_told_at_once() -> None:
    async def away() -> None:
        raise DatabaseUnavailable("intelligence")

    with pytest.raises(DatabaseUnavailable):
        await patiently(away, waiting="waits")
