"""The copy of e-mails and names that SEARCH_INDEX=true keeps: whom a search may be about.

It proposes; who is found is decided by what the shop says at that moment. Whoever it proposes is
among the first by id of those who match whole, by their beginning, or anywhere.

Words that many have are met soon by looking at the first customers; words that few have are
quicker found by an index. So the first are looked at always, and an index is asked where that was
not enough: neither needs to know beforehand how many there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    func,
    literal,
    select,
    union_all,
)

from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncConnection
from backend.store.search_indexes import AFTER_ALL, INDEXES, holds
from backend.store.tables import search_copies, search_texts

WHOLE, BEGINNING, ANYWHERE = range(3)
# Of a word that one in three hundred has, so many hold the ten that are shown; an index finds the
# same in about the time of looking at them.
LOOKED_AT_FOR_EACH, LOOKED_AT_MOST = 1000, 50_000
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
    """

    index_kind: str
    refreshed_at: datetime


async def read_search_copy(connection: AsyncConnection) -> SearchCopy | None:
    """Return what is known of the copy; None where there is none, or not yet."""
    columns = search_copies.c.index_kind, search_copies.c.refreshed_at
    row = (await connection.execute(select(*columns))).one_or_none()
    return None if row is None else SearchCopy(row.index_kind, row.refreshed_at)


async def proposed(
    connection: AsyncConnection,
    copy: SearchCopy,
    sought: str,
    limit: int,
    *,
    looked_at: int = LOOKED_AT_FOR_EACH,
) -> list[CustomerId]:
    """Return who may be found: at most `limit` of those who match in each of the three ways.

    Parameters
    ----------
    connection
        To our database.
    copy
        From `read_search_copy`.
    sought
        What is looked for, folded; not empty.
    limit
        At least 1.
    looked_at
        Texts that are looked at for each one wanted, before an index is asked.
    """
    many = min(looked_at * limit, LOOKED_AT_MOST)
    found = await _ranked(connection, _at_first(sought, limit, many))
    if lacking := _lacking(found, limit):
        statements = [_everywhere(copy, one, sought, limit) for one in lacking]
        found += await _ranked(connection, statements)
    return list({one: None for ids in found for one in ids})


def _lacking(found: Sequence[dict[CustomerId, None]], limit: int) -> list[int]:
    """Return the ways in which others may match, of whom too few were found with the better ones.

    Who matches whole matches in the other ways too, and counts once.
    """
    whole, beginning, anywhere = found
    better = whole | beginning
    enough = {BEGINNING: better, ANYWHERE: better | anywhere}
    return [way for way, ids in enough.items() if len(ids) < limit]


async def _ranked(
    connection: AsyncConnection, statements: Sequence[Rows]
) -> list[dict[CustomerId, None]]:
    """Return who matches in each of the three ways, each once."""
    found: list[dict[CustomerId, None]] = [{}, {}, {}]
    for row in await connection.execute(union_all(*statements)):
        found[row.rank][CustomerId(row.customer_id)] = None
    return found


def _at_first(sought: str, limit: int, many: int) -> list[Rows]:
    """Return who matches whole, and who of the first customers does in another way."""
    looked_at = select(*ORDER, TEXTS.folded).order_by(*ORDER).limit(many).cte("looked_at")
    # Here first and last names count too: their whole name holds what they hold.
    return [
        _first(WHOLE, TEXTS, TEXTS.folded == sought, limit),
        _first(BEGINNING, looked_at.c, _begins(looked_at.c, sought), limit),
        _first(ANYWHERE, looked_at.c, holds(looked_at.c, sought), limit),
    ]


def _everywhere(copy: SearchCopy, rank: int, sought: str, limit: int) -> Rows:
    if rank == BEGINNING:
        return _first(rank, TEXTS, _begins(TEXTS, sought), limit, sorting=True)
    return found_anywhere(copy, sought, limit)


def found_anywhere(copy: SearchCopy, sought: str, limit: int) -> Rows:
    """Return who matches anywhere, by the index unless the text is too short for it."""
    finds = INDEXES[copy.index_kind].finds(sought)
    if finds is None:
        return _first(ANYWHERE, TEXTS, holds(TEXTS, sought), limit)
    return _first(ANYWHERE, TEXTS, (TEXTS.is_part == 0) & finds, limit, sorting=True)


def _begins(texts: Columns, sought: str) -> ColumnElement[bool]:
    between: ColumnElement[bool] = texts.folded.between(sought, sought + AFTER_ALL)
    return between


def _first(
    rank: int, texts: Columns, which: ColumnElement[bool], limit: int, *, sorting: bool = False
) -> Rows:
    """Return the first by id of those whose text is such.

    Parameters
    ----------
    rank
        How they match.
    texts
        Columns of the copy, or of a part of it.
    which
        Whose.
    limit
        At most so many.
    sorting
        Whether few are expected, so that going through all in order is no way to find them: an
        order that no index has keeps a planner from it.
    """
    number = func.coalesce(texts.customer_number, 0) if sorting else texts.customer_number
    chosen = select(number.label("number"), texts.customer_id).where(which).distinct()
    first = chosen.order_by(*chosen.selected_columns).limit(limit).subquery()
    return select(literal(rank, Integer).label("rank"), first.c.customer_id)
