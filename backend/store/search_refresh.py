"""Keeping the search copy as the shop is: what changed is written, who left vanishes.

In many short transactions. Each keeps erasing waiting and knows the tombstones, so who is erased
meanwhile is either not written, or written ahead of being erased from here too.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, select

from backend.core.customer_id import UNKNOWN, CustomerId, CustomerIds, CustomerIdType
from backend.core.secret_keys import Marker
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.store import runs
from backend.store.customer_columns import Columns
from backend.store.publish import begin_at_once
from backend.store.search_copy import TEXTS, read_search_copy
from backend.store.search_indexes import INDEXES, kind_of_index, kinds_possible
from backend.store.tables import LONGEST_SOUGHT, search_copies, search_texts
from backend.store.tombstones import read_marks
from backend.store.written_rows import insert_columns

# A page is one transaction: some hundredths of a second in which an erasure waits.
CUSTOMERS_PER_PAGE = 2_000
TEXTS_PER_LOOK, TEXTS_PER_DELETION = 20_000, 2_000


@dataclass(frozen=True, slots=True)
class SoughtTexts:
    """What one customer is found by, folded.

    Attributes
    ----------
    wholes
        E-mail and whole name: any part of them is sought.
    parts
        First and last name: sought as a whole and by their beginning.
    """

    customer_id: CustomerId
    wholes: frozenset[str]
    parts: frozenset[str]

    def rows(self) -> set[tuple[str, int]]:
        """Return what the copy has of the customer: the texts, and whether each is a part."""
        wholes = {_kept(text) for text in self.wholes} - {""}
        parts = {_kept(text) for text in self.parts} - wholes - {""}
        return {(text, 0) for text in wholes} | {(text, 1) for text in parts}


def _kept(text: str) -> str:
    # PostgreSQL holds no NUL, and nobody is asked for with one.
    return text.replace("\0", "\ufffd")[:LONGEST_SOUGHT].rstrip()


Pages = AsyncIterator[Sequence[SoughtTexts]]


async def refresh_search_copy(
    engine: AsyncEngine, pages: Pages, known: CustomerIds, marker: Marker, *, now: datetime
) -> None:
    """Make the copy hold what the shop has of these customers, and nothing else.

    Parameters
    ----------
    engine
        Where our tables are.
    pages
        What the shop's customers are found by, some at a time, in any order.
    known
        Those of the run; the others are left out.
    marker
        Recognises who is erased.
    now
        Aware; from when the copy is.

    Raises
    ------
    TombstonesUnreadable
        When some were made with a key that is not known.
    """
    async with _change(engine) as connection:
        copy = await read_search_copy(connection)
        kind = await kind_of_index(connection) if copy is None else copy.index_kind
        other = TEXTS.customer_number.is_(None) == (known.kind == "integer")
        await connection.execute(delete(search_texts).where(other))
    grow = INDEXES[kind].add if copy else _let_be
    async for page in pages:
        async with _change(engine) as connection:
            await _write(connection, await _welcome(connection, page, known, marker), known, grow)
    await _drop_gone(engine, known)
    async with _change(engine) as connection:
        if copy is None:
            await INDEXES[kind].make(connection)
        await connection.execute(delete(search_copies))
        row = {"id": 1, "index_kind": kind, "refreshed_at": now}
        await connection.execute(insert(search_copies).values(row))


Grow = Callable[[AsyncConnection, int], Awaitable[None]]


async def _let_be(_connection: AsyncConnection, _after: int) -> None:
    """An index that is made at the end need not grow."""


@asynccontextmanager
async def _change(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with transaction(engine) as connection:
        await begin_at_once(connection)
        await runs.hold_publications(connection)
        yield connection


async def _welcome(
    connection: AsyncConnection, page: Sequence[SoughtTexts], known: CustomerIds, marker: Marker
) -> dict[CustomerId, SoughtTexts]:
    """Return whom of a page the copy may know."""
    there = known.places_of(_values([one.customer_id for one in page], known.kind)) != UNKNOWN
    marks = await read_marks(connection, marker)
    return {
        one.customer_id: one
        for one, is_there in zip(page, there, strict=True)
        if is_there and (not marks or marks.isdisjoint(marker.marks(one.customer_id)))
    }


def _values(ids: Sequence[CustomerId], kind: CustomerIdType) -> NDArray[Any]:
    stored = [one.stored_as(kind) for one in ids]
    is_whole = kind == "integer" and None not in stored
    return np.array(stored, dtype=np.int64 if is_whole else object)


async def _write(
    connection: AsyncConnection,
    page: Mapping[CustomerId, SoughtTexts],
    known: CustomerIds,
    grow: Grow,
) -> None:
    """Write what the copy has otherwise of some customers."""
    wanted = {(one.customer_id.text, *row) for one in page.values() for row in one.rows()}
    columns = TEXTS.id, TEXTS.customer_id, TEXTS.folded, TEXTS.is_part
    about = TEXTS.customer_id.in_([one.text for one in page])
    rows = (await connection.execute(select(*columns).where(about))).all()
    held = {(row.customer_id, row.folded, row.is_part): row.id for row in rows}
    await _delete(connection, [held[one] for one in held.keys() - wanted])
    if new := sorted(wanted - held.keys()):
        last = await connection.scalar(select(func.max(TEXTS.id))) or 0
        await insert_columns(connection, search_texts, _columns(new, known))
        await grow(connection, last)


def _columns(rows: Sequence[tuple[str, str, int]], known: CustomerIds) -> Columns:
    ids, folded, is_part = zip(*rows, strict=True)
    numbers = [CustomerId(one).stored_as("integer") for one in ids]
    return {
        "customer_id": ids,
        "customer_number": numbers if known.kind == "integer" else [None] * len(ids),
        "folded": folded,
        "is_part": is_part,
    }


async def _delete(connection: AsyncConnection, text_ids: Sequence[int]) -> None:
    for start in range(0, len(text_ids), TEXTS_PER_DELETION):
        some = TEXTS.id.in_(text_ids[start : start + TEXTS_PER_DELETION])
        await connection.execute(delete(search_texts).where(some))


async def _drop_gone(engine: AsyncEngine, known: CustomerIds) -> None:
    """Go through the copy once, and delete who is not known."""
    after = 0
    while True:
        async with _change(engine) as connection:
            some = select(TEXTS.id, TEXTS.customer_id).where(TEXTS.id > after).order_by(TEXTS.id)
            rows = (await connection.execute(some.limit(TEXTS_PER_LOOK))).all()
            ids = _values([CustomerId(row.customer_id) for row in rows], known.kind)
            gone = known.places_of(ids) == UNKNOWN
            left = [row.id for row, is_gone in zip(rows, gone, strict=True) if is_gone]
            await _delete(connection, left)
        if not rows:
            return
        after = rows[-1].id


async def empty_search_copy(engine: AsyncEngine) -> None:
    """Take away the copy and its index; does nothing where there is none."""
    async with transaction(engine) as connection:
        if await _is_empty(connection):
            return
    async with transaction(engine) as connection:
        await begin_at_once(connection)
        await connection.execute(delete(search_copies))
        for kind in kinds_possible(connection.dialect.name):
            await INDEXES[kind].drop(connection)
    while await _emptied(engine):
        pass


async def _is_empty(connection: AsyncConnection) -> bool:
    copies = select(func.count()).select_from(search_copies)
    return not await connection.scalar(copies) and not await connection.scalar(
        select(TEXTS.id).limit(1)
    )


async def _emptied(engine: AsyncEngine) -> bool:
    """Delete some of what is left; return whether there was any."""
    async with transaction(engine) as connection:
        await begin_at_once(connection)
        some = select(TEXTS.id).order_by(TEXTS.id).limit(TEXTS_PER_LOOK)
        ids = (await connection.scalars(some)).all()
        await _delete(connection, ids)
        return bool(ids)
