"""The copy of e-mails and names that SEARCH_INDEX=true keeps: whom a search may be about.

It proposes; who is found is decided by what the shop says at that moment. Whoever it proposes is
among the first by id of those who match whole, by their beginning, or anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    func,
    literal,
    literal_column,
    select,
    union_all,
)

from backend.core.customer_id import CustomerId
from backend.database.compiled import HotRead, parameter
from backend.database.engine import AsyncConnection, AsyncEngine, snapshot
from backend.database.failures import OURS
from backend.database.first_matches import (
    ANYWHERE,
    BEGINNING,
    LOOKED_AT_FOR_EACH,
    LOOKED_AT_MOST,
    WHOLE,
    lacking,
    worth_looking_at,
)
from backend.database.text_blocks import LIMIT
from backend.store.search_blocks import Bounds, best_by_pieces, bounds_indexed, pieces_sought
from backend.store.search_indexes import INDEXES, LENGTH_TOLD, PIECES, values_sought
from backend.store.search_sought import SOUGHT, beginnings, holds, texts_sought
from backend.store.tables import search_copies, search_texts

MANY = "looked_at"
Rows = Select[Any]
Columns = Any  # a table's, whose names are attributes
TEXTS = search_texts.c
ORDER = (TEXTS.customer_number, TEXTS.customer_id)


@dataclass(frozen=True, slots=True)
class SearchCopy:
    """What is known of the copy.

    Attributes
    ----------
    index_kind
        One of `INDEXES`.
    refreshed_at
        When it was last compared with the shop.
    bounds
        Of the blocks that PostgreSQL's index of pieces has; None for the others.
    """

    index_kind: str
    refreshed_at: datetime
    bounds: Bounds | None = None


KNOWN = select(search_copies.c.index_kind, search_copies.c.refreshed_at)
READ_KNOWN = HotRead(KNOWN)


async def read_search_copy(connection: AsyncConnection) -> SearchCopy | None:
    """Return what is known of the copy; None where there is none, or not yet."""
    known = _known([*await connection.execute(KNOWN)])
    return known and await _with_bounds(connection, known)


async def copy_known(engine: AsyncEngine, before: SearchCopy | None = None) -> SearchCopy | None:
    """Return the same as `read_search_copy`, for each search.

    Parameters
    ----------
    engine
        Of our database.
    before
        As it was known before: what its index is like is looked at once.

    Raises
    ------
    DatabaseUnavailable, TablesTooOld
        When the database does not tell.
    """
    known = _known(await READ_KNOWN.rows(engine, {}))
    if known is None or (before and replace(before, bounds=None) == known):
        return known and before
    async with snapshot(engine, OURS) as connection:
        return await _with_bounds(connection, known)


def _known(rows: Sequence[Sequence[Any]]) -> SearchCopy | None:
    """Return the copy; None where its index is of a kind that is made no more."""
    return next((SearchCopy(*row) for row in rows if row[0] in INDEXES), None)


async def _with_bounds(connection: AsyncConnection, known: SearchCopy) -> SearchCopy | None:
    """Return it with the bounds of its index; None where that is not as we make it by now."""
    if known.index_kind != PIECES:
        return known
    bounds = await bounds_indexed(connection)
    return None if bounds is None else replace(known, bounds=bounds)


async def proposed(
    engine: AsyncEngine,
    copy: SearchCopy,
    sought: str,
    limit: int,
    *,
    looked_at: int = LOOKED_AT_FOR_EACH,
) -> list[CustomerId] | None:
    """Return who may be found: the best `limit`, or so many of each of the three ways.

    None where the copy is another by now.

    Parameters
    ----------
    engine
        Of our database.
    copy
        From `copy_known`.
    sought
        What is looked for, folded; not empty.
    limit
        At least 1.
    looked_at
        Texts that are looked at for each one wanted, before an index is asked.

    Raises
    ------
    DatabaseUnavailable, TablesTooOld
        When the database does not tell.
    """
    if copy.bounds is not None:
        return await _proposed_in_blocks(engine, copy, copy.bounds, sought, limit)
    many = looked_at * limit
    found = await _look(engine, _at_first(), sought, limit, many)
    if further := worth_looking_at(_counts(found, limit), limit, many):
        found = await _look(engine, _at_first(), sought, limit, further)
    if ways := lacking(_counts(found, limit), limit):
        rest = _everywhere(copy.index_kind, tuple(ways), min(len(sought), LENGTH_TOLD))
        found += await _look(engine, rest, sought, limit)
    return list({one: None for ids in found for one in ids})


async def _proposed_in_blocks(
    engine: AsyncEngine, copy: SearchCopy, bounds: Bounds, sought: str, limit: int
) -> list[CustomerId] | None:
    values = {**texts_sought(sought), **pieces_sought(sought), LIMIT: limit}
    rows = await best_by_pieces(bounds).rows(engine, values)
    if not rows or rows[0][0] != copy.refreshed_at:
        return None
    return [CustomerId(one) for _, one in rows if one is not None]


def _counts(found: Sequence[dict[CustomerId, None]], limit: int) -> list[int]:
    """Return how many match in each way, each once.

    Who matches whole was looked for everywhere, so of them none lack.
    """
    whole, beginning, anywhere = found
    better = whole | beginning
    return [limit, len(better), len(better | anywhere)]


async def _look(
    engine: AsyncEngine, read: HotRead, sought: str, limit: int, many: int = 0
) -> list[dict[CustomerId, None]]:
    """Return who matches in each of the three ways, each once."""
    found: list[dict[CustomerId, None]] = [{}, {}, {}]
    for rank, customer_id in await read.rows(engine, values_of(sought, limit, many)):
        found[rank][CustomerId(customer_id)] = None
    return found


def values_of(sought: str, limit: int, many: int = 0) -> dict[str, Any]:
    """Return the parameters of the statements: what is sought, and of how many texts."""
    return {**values_sought(sought), LIMIT: limit, MANY: min(many, LOOKED_AT_MOST)}


@cache
def _at_first() -> HotRead:
    """Return who matches whole, and who of the first customers does in another way."""
    looked_at = select(*ORDER, TEXTS.folded).order_by(*ORDER)
    first = looked_at.limit(parameter(MANY, Integer())).cte("looked_at")
    # Here first and last names count too: their whole name holds what they hold.
    return _together(
        _first(WHOLE, TEXTS, TEXTS.folded == parameter(SOUGHT, String())),
        _first(BEGINNING, first.c, first.c.folded.between(*beginnings())),
        _first(ANYWHERE, first.c, holds(first.c)),
    )


@cache
def _everywhere(index_kind: str, ways: tuple[int, ...], length: int) -> HotRead:
    """Return who of all customers matches in these ways."""
    of_way = {
        BEGINNING: _first(BEGINNING, TEXTS, TEXTS.folded.between(*beginnings()), sorting=True),
        ANYWHERE: found_anywhere(index_kind, length),
    }
    return _together(*(of_way[way] for way in ways))


def _together(*statements: Rows) -> HotRead:
    every = union_all(*statements).subquery()
    return HotRead(select(every.c.rank, every.c.customer_id))


def found_anywhere(index_kind: str, length: int) -> Rows:
    """Return who matches anywhere, by the index unless the text is too short for it."""
    finds = INDEXES[index_kind].finds(length)
    if finds is None:
        return _first(ANYWHERE, TEXTS, holds(TEXTS))
    # Written out: of a value that comes later PostgreSQL cannot know that its index has the rows.
    is_whole = TEXTS.is_part == literal_column("0")
    return _first(ANYWHERE, TEXTS, is_whole & finds, sorting=True)


def _first(rank: int, texts: Columns, which: ColumnElement[bool], *, sorting: bool = False) -> Rows:
    """Return the first by id of those whose text is such.

    Parameters
    ----------
    rank
        How they match.
    texts
        Columns of the copy, or of a part of it.
    which
        Whose.
    sorting
        Whether few are expected, so that going through all in order is no way to find them: an
        order that no index has keeps a planner from it.
    """
    number = func.coalesce(texts.customer_number, 0) if sorting else texts.customer_number
    chosen = select(number.label("number"), texts.customer_id).where(which).distinct()
    ordered = chosen.order_by(*chosen.selected_columns)
    first = ordered.limit(parameter(LIMIT, Integer())).subquery()
    return select(literal(rank, Integer).label("rank"), first.c.customer_id)
