"""Whom PostgreSQL's index of pieces finds in the search copy, by one statement; see `text_blocks`.

First and last names are rows of their own there, whole ones and e-mails too, each between edges: so
that all three ways of matching are asked of one index.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    bindparam,
    column,
    func,
    select,
    text,
    true,
)

from backend.database.compiled import HotRead, parameter
from backend.database.engine import AsyncConnection
from backend.database.first_matches import ANYWHERE, BEGINNING, WHOLE
from backend.database.id_blocks import block_of, bounds_in
from backend.database.indexed_pieces import STORED, bounds_now, is_same
from backend.database.text_blocks import APART, ASKED, RANK, found_in_blocks, rank_of, wanted
from backend.database.text_pieces import APART as PARTING
from backend.database.text_pieces import BLOCK, EDGE, held, pieces_of, sign
from backend.store.search_sought import SOUGHT, beginnings, holds
from backend.store.tables import search_copies, search_digests, search_texts

INDEX = "idx_intelligence_search_texts_pieces"
ORDER = ("customer_number", "customer_id")
Bounds = tuple[int, ...]
MEMORY = text("SET LOCAL maintenance_work_mem = '256MB'")
EXPRESSION = text(
    "SELECT pg_get_expr(indexprs, indrelid) FROM pg_catalog.pg_index"
    " WHERE indexrelid = to_regclass(:name) AND indisvalid AND indpred IS NULL"
).bindparams(bindparam("name", INDEX, String()))


async def bounds_indexed(connection: AsyncConnection) -> Bounds | None:
    """Return the bounds of the blocks that the index has; None where it is not as we make it."""
    if (told := await connection.scalar(EXPRESSION)) is None:
        return None
    bounds = tuple(bounds_in(told))
    made = str(_pieces(bounds).compile(dialect=connection.dialect))
    return bounds if is_same(told, made) else None


async def make_index(connection: AsyncConnection) -> None:
    """Make the index, its blocks by the ids as they are now; nobody relies on one that is there."""
    number = search_digests.c.customer_number
    bounds = await bounds_now(connection, search_digests, number, search_digests.name)
    pieces = str(_pieces(bounds).compile(dialect=connection.dialect))
    await drop_index(connection)
    await connection.execute(MEMORY)
    await connection.exec_driver_sql(
        f"CREATE INDEX {INDEX} ON {search_texts.name} USING gin (({pieces})) {STORED}"
    )


async def drop_index(connection: AsyncConnection) -> None:
    """Drop the index, where there is one."""
    await connection.execute(text(f"DROP INDEX IF EXISTS {INDEX}"))


def _pieces(bounds: Sequence[int]) -> ColumnElement[Any]:
    folded: ColumnElement[str] = column("folded", String()).collate("C")
    edge, reserved = sign(EDGE), sign(PARTING).concat(sign(BLOCK))
    plain = func.translate(folded, reserved, edge.concat(edge), type_=String())
    number: ColumnElement[int] = column("customer_number", BigInteger())
    return pieces_of(edge.concat(plain).concat(edge), block_of(number, bounds))


def pieces_sought(sought: str) -> dict[str, str]:
    """Return the pieces of the texts that match, by ways."""
    edge = chr(EDGE)
    plain = sought.replace(chr(PARTING), edge).replace(chr(BLOCK), edge)
    between = {
        WHOLE: held(edge + plain + edge),
        BEGINNING: held(edge + plain),
        ANYWHERE: held(plain),
    }
    return {ASKED[way]: asked for way, asked in between.items()}


@lru_cache(4)
def best_by_pieces(bounds: Bounds) -> HotRead:
    """Return the statement of `best_in_blocks`, compiled once."""
    return HotRead(best_in_blocks(bounds))


def best_in_blocks(bounds: Bounds) -> Select[Any]:
    """Select when the copy was refreshed, and the best of who match, if any do."""
    every = found_in_blocks(bounds, _pieces(bounds), _look, each="customer_id")
    of_each = select(func.min(every.c[RANK]).label(RANK), *(every.c[name] for name in ORDER))
    each = of_each.group_by(*(every.c[name] for name in ORDER)).subquery()
    best = select(each.c.customer_id).order_by(each.c[RANK], *(each.c[name] for name in ORDER))
    found = best.limit(wanted()).subquery()
    beside = select(search_copies.c.refreshed_at, found.c.customer_id)
    return beside.select_from(search_copies.outerjoin(found, true()))


def _look(which: ColumnElement[bool]) -> Select[Any]:
    texts = search_texts.c
    columns = (*(texts[name] for name in ORDER), texts.folded)
    one = select(*columns).where(which).offset(APART).subquery()
    ways = {
        WHOLE: one.c.folded == parameter(SOUGHT, String()),
        BEGINNING: one.c.folded.between(*beginnings()),
        ANYWHERE: holds(one.c),
    }
    return select(*(one.c[name] for name in ORDER), rank_of(ways))
