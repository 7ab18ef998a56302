"""Rows of some customers in `customer_intelligence`: read, put in the place of others, counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    RowMapping,
    String,
    Table,
    column,
    delete,
    insert,
    select,
    table,
    update,
)
from sqlalchemy.sql.expression import TableClause

from backend.core.arrays import BoolArray, FloatArray
from backend.core.customer_id import CustomerId, as_text
from backend.core.glossary import Cause
from backend.core.typed_cells import instant64
from backend.database.engine import AsyncConnection
from backend.results.customer_numbers import FOLLOWED
from backend.results.declared import Tolerance
from backend.results.publishing import LastTold, Publishing
from backend.scoring.rescored import Rescored
from backend.store.customer_columns import customer_columns
from backend.store.id_column import is_one_of
from backend.store.runs import Published
from backend.store.segment_counts import Moved, counted_more
from backend.store.tables import HOLDS_CUSTOMER_ID, customer_intelligence, segment_changes, segments

IDS_PER_STATEMENT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedRows:
    """What is served of some customers; arrays of shape (customers,).

    Attributes
    ----------
    segment_id
        str as objects; None of whom nothing is served.
    as_of
        datetime64[us]; NaT likewise.
    churn_risk
        In [0, 1]; NaN where unknown.
    last
        What the next numbers are compared with.
    """

    segment_id: NDArray[Any]
    as_of: NDArray[np.datetime64]
    churn_risk: FloatArray
    last: LastTold

    def rows(self, chosen: BoolArray) -> "ServedRows":
        """Return some of the customers."""
        return ServedRows(
            segment_id=self.segment_id[chosen],
            as_of=self.as_of[chosen],
            churn_risk=self.churn_risk[chosen],
            last=self.last.rows(chosen),
        )


async def read_served_rows(
    connection: AsyncConnection, published: Published, customer_ids: NDArray[Any]
) -> ServedRows:
    """Return what is served of these customers, in their order.

    Parameters
    ----------
    connection
        In a transaction that keeps others from publishing.
    published
        The run that is served.
    customer_ids
        int64, or str as objects.
    """
    found: dict[str, RowMapping] = {}
    texts = as_text(customer_ids).tolist()
    for some in _cut(texts):
        asked = select(customer_intelligence).where(_about(connection, published, some))
        rows = (await connection.execute(asked)).mappings()
        found |= {str(row["customer_id"]): row for row in rows}
    return _beside([found.get(one) for one in texts])


async def read_segments_served(
    connection: AsyncConnection, published: Published, customer_ids: Sequence[CustomerId]
) -> dict[CustomerId, str | None]:
    """Return the segment that each of these customers is served to be in; None: in none."""
    texts = np.array([one.text for one in customer_ids], dtype=object)
    served = await read_served_rows(connection, published, texts)
    return dict(zip(customer_ids, served.segment_id.tolist(), strict=True))


def moves_between(news: Rescored, before: ServedRows) -> Moved:
    """Return who is in another segment, by id as text: where from and where to."""
    ids = as_text(news.customers.customer_id).tolist()
    each = zip(ids, before.segment_id.tolist(), news.segment_ids.tolist(), strict=True)
    return {one: (was, now) for one, was, now in each if was != now}


def _beside(rows: Sequence[RowMapping | None]) -> ServedRows:
    return ServedRows(
        segment_id=_texts(rows, "archetype_id"),
        as_of=_instants(rows, "as_of"),
        churn_risk=_numbers(rows, "churn_risk"),
        last=LastTold(
            known=np.array([row is not None for row in rows], dtype=bool),
            changed_at=_instants(rows, "changed_at"),
            held_out_until=_instants(rows, "held_out_until"),
            values={
                one.compared_with: (_numbers if isinstance(one.follows, Tolerance) else _texts)(
                    rows, one.compared_with
                )
                for one in FOLLOWED
            },
        ),
    )


def _values(rows: Sequence[RowMapping | None], name: str) -> list[Any]:
    return [None if row is None else row[name] for row in rows]


def _texts(rows: Sequence[RowMapping | None], name: str) -> NDArray[Any]:
    told = np.empty(len(rows), dtype=object)
    told[:] = _values(rows, name)
    return told


def _numbers(rows: Sequence[RowMapping | None], name: str) -> FloatArray:
    values = _values(rows, name)
    return np.array([np.nan if one is None else float(one) for one in values], dtype=float)


def _instants(rows: Sequence[RowMapping | None], name: str) -> NDArray[np.datetime64]:
    values = [
        np.datetime64("NaT", "us") if one is None else instant64(one) for one in _values(rows, name)
    ]
    return np.array(values, dtype="datetime64[us]")


async def replace_rows(
    connection: AsyncConnection, published: Published, publishing: Publishing
) -> None:
    """Put customers' rows in the place of those that are served."""
    cells = {name: one.as_python() for name, one in customer_columns(publishing).items()}
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    for some in _cut(as_text(publishing.customers.customer_id).tolist()):
        about = _about(connection, published, some)
        await connection.execute(delete(customer_intelligence).where(about))
    await connection.execute(insert(_typed(customer_intelligence, published)), rows)


async def append_moves_of_some(
    connection: AsyncConnection,
    published: Published,
    moved: Moved,
    now: datetime,
) -> None:
    """Note who is in another segment since they ordered, by id: where from and where to."""
    of_kind = published.customer_id_type
    rows = [
        {
            "customer_id": CustomerId(text).stored_as(of_kind),
            "from_segment_id": before,
            "to_segment_id": after,
            "changed_at": now,
            "run_id": published.run_id,
            "cause": str(Cause.BEHAVIOUR),
        }
        for text, (before, after) in moved.items()
    ]
    if rows:
        await connection.execute(insert(_typed(segment_changes, published)), rows)


async def count_moved(connection: AsyncConnection, moved: Moved) -> None:
    """Count who moved where they are now, in the groups above these too."""
    parents = dict((await connection.execute(select(segments.c.id, segments.c.parent_id))).all())
    for segment_id, more in sorted(counted_more(moved.values(), parents).items()):
        counted = update(segments).where(segments.c.id == segment_id)
        count = segments.c.customer_count + more
        await connection.execute(counted.values(customer_count=count))


def _about(connection: AsyncConnection, published: Published, texts: Sequence[str]) -> Any:
    column_, dialect = customer_intelligence.c.customer_id, connection.dialect.name
    return is_one_of(column_, dialect, published, [CustomerId(one) for one in texts])


def _typed(ours: Table, published: Published) -> TableClause:
    """Return a table whose ids have the type that they have in the database."""
    return table(ours.name, *(_typed_column(one, published) for one in ours.columns))


def _typed_column(one: Column[Any], published: Published) -> Any:
    is_text = one.info.get(HOLDS_CUSTOMER_ID) and published.customer_id_type == "text"
    return column(one.name, String() if is_text else one.type)


def _cut(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), IDS_PER_STATEMENT):
        yield texts[start : start + IDS_PER_STATEMENT]
