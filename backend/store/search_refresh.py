"""Keeping the search copy as the shop is: what changed is written, who left vanishes.

What a customer's texts were made from is kept as a number, so that a refresh in which nothing
changed reads these numbers and the shop's columns once, and writes nothing.

What is written is in many short transactions. Each keeps erasing waiting and knows the tombstones,
so who is erased meanwhile is either not written, or written ahead of being erased from here too. A
customer's texts and their number are written together: a refresh that is cut short leaves nothing
half, and the next one goes on.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Table, delete, func, insert, select

from backend.core.customer_id import UNKNOWN, CustomerId, CustomerIds, as_text
from backend.core.secret_keys import Marker
from backend.core.typed_cells import TypedCells
from backend.database.bulk import read_batches, to_ids
from backend.database.engine import AsyncConnection, AsyncEngine, snapshot, transaction
from backend.database.failures import OURS
from backend.store import runs
from backend.store.in_columns import columns_in
from backend.store.publish import begin_at_once
from backend.store.search_copy import TEXTS, read_search_copy
from backend.store.search_emptied import delete_texts
from backend.store.search_indexes import INDEXES, kind_of_index
from backend.store.tables import LONGEST_SOUGHT, search_copies, search_digests, search_texts
from backend.store.tombstones import read_marks

# A page is one transaction: some hundredths of a second in which an erasure waits.
CUSTOMERS_PER_PAGE = 2_000
DIGESTS = search_digests.c


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


@dataclass(frozen=True, slots=True)
class SoughtBatch:
    """Some of the shop's customers.

    Attributes
    ----------
    customer_ids
        Shape (customers,), int64, or str and None as objects.
    digests
        Shape (customers,): another where what a customer is found by is.
    sought
        Returns what the customer at a place is found by.
    """

    customer_ids: NDArray[Any]
    digests: NDArray[np.int64]
    sought: Callable[[int], SoughtTexts]


Take = Callable[[SoughtBatch], Awaitable[None]]
Read = Callable[[Take], Awaitable[None]]
Grow = Callable[[AsyncConnection, int], Awaitable[None]]
# What customers are found by, and their digest, by their id.
Page = Mapping[str, tuple[SoughtTexts, int]]


async def refresh_search_copy(
    engine: AsyncEngine, read: Read, known: CustomerIds, marker: Marker, *, now: datetime
) -> None:
    """Make the copy hold what the shop has of these customers, and nothing else.

    Parameters
    ----------
    engine
        Where our tables are.
    read
        Hands over what all of the shop's customers are found by, some at a time, in any order.
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
        await _drop_other_kind(connection, known)
    copied = await _copied(engine, known)
    refresh = _Refresh(
        engine, known, marker, copied.digests, INDEXES[kind].add if copy else _let_be
    )
    await read(refresh.take)
    await _drop_gone(engine, copied.gone)
    async with _change(engine) as connection:
        if copy is None:
            await INDEXES[kind].make(connection)
        await connection.execute(delete(search_copies))
        row = {"id": 1, "index_kind": kind, "refreshed_at": now}
        await connection.execute(insert(search_copies).values(row))


async def _let_be(_connection: AsyncConnection, _after: int) -> None:
    """An index that is made at the end need not grow."""


@asynccontextmanager
async def _change(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with transaction(engine) as connection:
        await begin_at_once(connection)
        await runs.hold_publications(connection)
        yield connection


async def _drop_other_kind(connection: AsyncConnection, known: CustomerIds) -> None:
    """Forget ids as they were before the shop's became integers, or text."""
    for table in (search_texts, search_digests):
        other = table.c.customer_number.is_(None) == (known.kind == "integer")
        await connection.execute(delete(table).where(other))


@dataclass(frozen=True, slots=True)
class _Copied:
    """What the copy was made from.

    Attributes
    ----------
    digests
        Shape (customers + 1,), of those that are known; 0 where there is none. The last place is
        that of whom the run does not know.
    gone
        Who is in the copy and not known.
    """

    digests: NDArray[np.int64]
    gone: list[str]


async def _copied(engine: AsyncEngine, known: CustomerIds) -> _Copied:
    found = _Copied(np.zeros(len(known.values) + 1, np.int64), [])
    is_text = known.kind == "text"
    schema = pa.schema({"id": pa.string() if is_text else pa.int64(), "digest": pa.int64()})

    async def take(batch: pa.RecordBatch) -> None:
        ids, digests = to_ids(batch.column("id")), batch.column("digest").to_numpy()
        places = known.places_of(ids)
        there = places != UNKNOWN
        found.digests[places[there]] = digests[there]
        found.gone.extend(as_text(ids[~there]).tolist())

    columns = DIGESTS.customer_id if is_text else DIGESTS.customer_number, DIGESTS.digest
    async with snapshot(engine, OURS) as connection:
        await read_batches(connection, select(*columns), schema, take)
    return found


def _page_of(batch: SoughtBatch, rows: Sequence[int]) -> Page:
    sought = (batch.sought(row) for row in rows)
    digests = batch.digests[list(rows)].tolist()
    return {
        one.customer_id.text: (one, digest) for one, digest in zip(sought, digests, strict=True)
    }


@dataclass(frozen=True, slots=True)
class _Refresh:
    """Writes those of each batch who are not in the copy as they are in the shop."""

    engine: AsyncEngine
    known: CustomerIds
    marker: Marker
    digests: NDArray[np.int64]
    grow: Grow

    async def take(self, batch: SoughtBatch) -> None:
        places = self.known.places_of(batch.customer_ids)
        rows = self._changed(places, batch.digests)
        for start in range(0, len(rows), CUSTOMERS_PER_PAGE):
            page = _page_of(batch, rows[start : start + CUSTOMERS_PER_PAGE])
            async with _change(self.engine) as connection:
                await self._write(connection, await self._welcome(connection, page))
        self.digests[places[rows]] = batch.digests[rows]

    def _changed(self, places: NDArray[np.int64], digests: NDArray[np.int64]) -> list[int]:
        """Return which rows are to be copied; of whom the shop has twice, all: the last stays."""
        changed = (places != UNKNOWN) & (self.digests[places] != digests)
        rows: list[int] = np.flatnonzero(np.isin(places, places[changed])).tolist()
        return rows

    async def _welcome(self, connection: AsyncConnection, page: Page) -> Page:
        """Return whom of a page the copy may know."""
        marks, marker = await read_marks(connection, self.marker), self.marker
        if not marks:
            return page
        return {
            one: what
            for one, what in page.items()
            if marks.isdisjoint(marker.marks(CustomerId(one)))
        }

    async def _write(self, connection: AsyncConnection, page: Page) -> None:
        if page:
            await self._write_texts(connection, page)
            await _delete_of(connection, search_digests, list(page))
            digests = {"digest": TypedCells.of_integers([digest for _, digest in page.values()])}
            columns = self._ids(list(page)) | digests
            await columns_in().write_columns(connection, search_digests, columns)

    async def _write_texts(self, connection: AsyncConnection, page: Page) -> None:
        """Write what the copy has otherwise of some customers."""
        wanted = {(one, *row) for one, (sought, _) in page.items() for row in sought.rows()}
        columns = TEXTS.id, TEXTS.customer_id, TEXTS.folded, TEXTS.is_part
        about = TEXTS.customer_id.in_(list(page))
        rows = (await connection.execute(select(*columns).where(about))).all()
        held = {(row.customer_id, row.folded, row.is_part): row.id for row in rows}
        await delete_texts(connection, [held[one] for one in held.keys() - wanted])
        if new := sorted(wanted - held.keys()):
            last = await connection.scalar(select(func.max(TEXTS.id))) or 0
            ids, folded, is_part = zip(*new, strict=True)
            texts = {"folded": _texts(folded), "is_part": TypedCells.of_integers(is_part)}
            await columns_in().write_columns(connection, search_texts, self._ids(ids) | texts)
            await self.grow(connection, last)

    def _ids(self, ids: Sequence[str]) -> dict[str, TypedCells]:
        numbers = [CustomerId(one).number if self.known.kind == "integer" else None for one in ids]
        return {"customer_id": _texts(ids), "customer_number": TypedCells.of_integers(numbers)}


def _texts(texts: Sequence[str]) -> TypedCells:
    return TypedCells.of_texts(np.array(texts, dtype=object))


async def _drop_gone(engine: AsyncEngine, gone: Sequence[str]) -> None:
    """Take out of the copy who is not known."""
    for start in range(0, len(gone), CUSTOMERS_PER_PAGE):
        some = gone[start : start + CUSTOMERS_PER_PAGE]
        async with _change(engine) as connection:
            for table in (search_texts, search_digests):
                await _delete_of(connection, table, some)


async def _delete_of(connection: AsyncConnection, table: Table, ids: Sequence[str]) -> None:
    await connection.execute(delete(table).where(table.c.customer_id.in_(ids)))
