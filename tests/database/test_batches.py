"""Rows come in batches, in order and one at a time, while the next is read; what fails ends it."""

import asyncio
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Select, literal_column, select, text

from backend.database import bulk
from backend.database.bulk import read_batches
from backend.database.engine import opened, snapshot
from tests.conftest import NewDatabase

pytestmark = pytest.mark.external
ROWS = 50_000
SERIES = text(f"generate_series(1, {ROWS}) AS n")
NUMBERS: Select[Any] = select(literal_column("n")).select_from(SERIES)
FAILS: Select[Any] = select(literal_column(f"1 / (n - {ROWS} + 1)")).select_from(SERIES)
SCHEMA = pa.schema({"n": pa.int64()})


@pytest.fixture
def url(new_postgres: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(bulk, "BYTES_PER_BATCH", 1_000)
    return new_postgres()


async def test_each_batch_is_taken_before_the_next_is_handed_over(url: str) -> None:
    seen, at_once = list[int | None](), 0

    async def take(batch: pa.RecordBatch) -> None:
        nonlocal at_once
        at_once += 1
        assert at_once == 1
        await asyncio.sleep(0)
        seen.extend(batch.column(0).to_pylist())
        at_once -= 1

    async with opened(url) as engine, snapshot(engine) as connection:
        await read_batches(connection, NUMBERS, SCHEMA, take)
    assert seen == [*range(1, ROWS + 1)]


@pytest.mark.parametrize("row", [1, ROWS // 2, ROWS])
async def test_what_a_batch_is_refused_for_ends_the_reading(url: str, row: int) -> None:
    async def take(batch: pa.RecordBatch) -> None:
        if row in batch.column(0).to_pylist():
            raise ArithmeticError

    async with opened(url) as engine:
        with pytest.raises(ArithmeticError):
            async with snapshot(engine) as connection:
                await read_batches(connection, NUMBERS, SCHEMA, take)
        async with snapshot(engine) as connection:
            assert await connection.scalar(select(1)) == 1


async def test_what_the_database_refuses_is_raised_and_not_what_was_read(url: str) -> None:
    seen = list[int | None]()

    async def take(batch: pa.RecordBatch) -> None:
        seen.extend(batch.column(0).to_pylist())

    async with opened(url) as engine:
        with pytest.raises(Exception, match="division by zero"):
            async with snapshot(engine) as connection:
                await read_batches(connection, FAILS, SCHEMA, take)
    assert len(seen) < ROWS
