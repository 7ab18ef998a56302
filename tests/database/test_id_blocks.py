"""Where blocks of ids begin, and which block an id is in."""

import pytest
from sqlalchemy import BigInteger, column, select, text

from backend.database.engine import create_engine
from backend.database.id_blocks import ROWS, block_of, bounds_in, bounds_of


@pytest.mark.parametrize(
    ("counted", "last", "rows", "bounds"),
    [
        ([], 0, 0, ROWS),  # nobody yet
        # Every id from 1 on, whether or not somebody has counted.
        ([1, *(n + 1 for n in ROWS[:5])], 1_000_000, 1_000_000, [n + 1 for n in ROWS]),
        ([1, *(n + 1 for n in ROWS[:5])], 1_000_000, 0, [n + 1 for n in ROWS[:5]]),
        # Of some: as dense as all of them are.
        ([10, 2570], 5_130, 512, [2570, 2570 + 10 * 768]),
        # Ids of a platform that many shops share.
        ([6 * 10**12], 6 * 10**12 + 10**9, 1_000, [6 * 10**12 + 256 * 10**6]),
    ],
)
def test_blocks_begin_where_rows_do(
    counted: list[int], last: int, rows: int, bounds: list[int]
) -> None:
    found = bounds_of(counted, last, rows)
    assert found[: len(bounds)] == bounds
    assert len(found) == len(ROWS)
    assert sorted({*found}) == found


async def test_an_index_tells_the_bounds_that_it_was_made_with(postgres_url: str) -> None:
    bounds = [-5, 7, 2**31, 6 * 10**12]
    letter = block_of(column("id", BigInteger()), bounds)
    engine = create_engine(postgres_url)
    async with engine.begin() as connection:
        written = letter.compile(dialect=connection.dialect)
        await connection.execute(text("CREATE TABLE t (id bigint)"))
        await connection.execute(text(f"CREATE INDEX ON t (({written}))"))
        told = await connection.scalar(
            text("SELECT pg_get_expr(indexprs, indrelid) FROM pg_index WHERE indexprs IS NOT NULL")
        )
        ids = [None, -(2**63), -6, -5, 6, 7, 2**31 - 1, 2**31, 6 * 10**12, 2**63 - 1]
        await connection.execute(text("INSERT INTO t VALUES (:id)"), [{"id": one} for one in ids])
        found = await connection.scalars(select(letter).select_from(text("t")))
        assert "".join(found) == "eaabbccdee"
    assert bounds_in(str(told)) == bounds
    await engine.dispose()
