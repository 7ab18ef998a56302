"""What is read of one customer thousands of times a second: whether they are erased, and numbers.

Both are added to a statement that finds the customer in the shop, where both databases are one, or
stand alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    exists,
    literal,
    literal_column,
    select,
    true,
    type_coerce,
)
from sqlalchemy.types import TypeEngine

from backend.core.customer_id import CustomerId, CustomerIdType
from backend.core.secret_keys import Marker
from backend.database.compiled import Row, parameter
from backend.database.compiled_lists import HotLookup
from backend.database.engine import AsyncEngine
from backend.results.customer_numbers import CustomerNumbers, Shown
from backend.store.shown_columns import shown_columns
from backend.store.tables import customer_intelligence, tombstones

STORED_ID, MARK = "stored_id", "mark_{}"
UNSEEN: Row = (None,)


def alone() -> Select[Any]:
    """Select a row of nothing, to which the rest is added; SQLite keeps that word for itself."""
    return select().select_from(select(literal(1).label("no_value")).subquery("no_row"))


def with_erasure(asked: Select[Any], marker: Marker) -> Select[Any]:
    """Add one column: whether the customer is erased."""
    marks = [parameter(MARK.format(place), String()) for place in range(len(marker.keys))]
    return asked.add_columns(exists().where(tombstones.c.mark.in_(marks)))


def with_numbers(asked: Select[Any], kind: CustomerIdType, dialect: str) -> Select[Any]:
    """Add what was published of the customer: their id, NULL where that is nothing, and numbers."""
    joined = asked.outerjoin(customer_intelligence, _is_stored(kind))
    return joined.add_columns(customer_intelligence.c.customer_id, *shown_columns(dialect))


def with_numbers_of(found: Select[Any]) -> Select[Any]:
    """Add to rows with an `id`: whether anybody is erased, and what was published of each.

    Of shops and ids that are both integers, in one database.
    """
    those = found.subquery()
    ours = customer_intelligence.c
    numbers = [ours.customer_id, *shown_columns("postgresql")]
    # By itself, so that a planner that expects many rows asks for each of the few all the same.
    one = select(*numbers).where(ours.customer_id == those.c.id).offset(literal_column("0"))
    beside = one.lateral()
    return select(*those.c, exists().select_from(tombstones), *beside.c).select_from(
        those.outerjoin(beside, true())
    )


def _is_stored(kind: CustomerIdType) -> ColumnElement[bool]:
    column: ColumnElement[Any] = customer_intelligence.c.customer_id
    if kind == "integer":
        return column == parameter(STORED_ID, BigInteger())
    return type_coerce(column, String()) == parameter(STORED_ID, String())


def numbers_of_several(kind: CustomerIdType, dialect: str) -> HotLookup:
    """Return what finds the numbers of those whom `stored_ids` gives."""
    column: ColumnElement[Any] = customer_intelligence.c.customer_id
    type_: TypeEngine[Any] = BigInteger()
    if kind != "integer":
        column, type_ = type_coerce(column, String()), String()
    columns = [column, *shown_columns(dialect)]
    return HotLookup(
        lambda places: select(*columns).where(column.in_(places[STORED_ID])), {STORED_ID: type_}
    )


def stored_ids(customer_ids: Sequence[CustomerId], kind: CustomerIdType) -> list[dict[str, Any]]:
    """Return the parameters of `numbers_of_several`."""
    return [{STORED_ID: one.stored_as(kind)} for one in customer_ids]


MARKS = HotLookup(
    lambda places: select(tombstones.c.mark).where(tombstones.c.mark.in_(places["mark"])),
    {"mark": String()},
)


async def standing_among(
    engine: AsyncEngine, marker: Marker, customer_ids: Sequence[CustomerId]
) -> list[CustomerId]:
    """Return those of these customers who are not erased.

    Raises
    ------
    DatabaseUnavailable, TablesTooOld
        When the database does not tell.
    """
    marks = {one: marker.marks(one) for one in customer_ids}
    asked = [{"mark": mark} for several in marks.values() for mark in several]
    erased = {mark for (mark,) in await MARKS.rows(engine, asked)}
    return [one for one, several in marks.items() if erased.isdisjoint(several)]


def of_customer(customer_id: CustomerId, kind: CustomerIdType, marker: Marker) -> dict[str, Any]:
    """Return the parameters of both."""
    marks = {MARK.format(place): mark for place, mark in enumerate(marker.marks(customer_id))}
    return {STORED_ID: customer_id.stored_as(kind), **marks}


def is_erased(row: Row) -> bool:
    """Read what `with_erasure` added."""
    return bool(row[0])


def shown_in(row: Row, customer_id: CustomerId) -> Shown:
    """Read what both added; nothing is known of whom no run has seen."""
    return shown_of(row[1:], customer_id)


@dataclass(frozen=True, slots=True)
class NumbersBeside:
    """What `with_numbers_of` added to some customers.

    Attributes
    ----------
    is_any_erased
        Whether somebody is, who may be among them.
    numbers
        Of each.
    """

    is_any_erased: bool
    numbers: Mapping[CustomerId, Shown]

    @classmethod
    def of(cls, rows: Mapping[CustomerId, Row]) -> Self | None:
        """Read them; None where nothing was added."""
        if not all(rows.values()):
            return None
        numbers = {one: shown_of(row[1:], one) for one, row in rows.items()}
        return cls(any(row[0] for row in rows.values()), numbers)


def shown_of(row: Row, customer_id: CustomerId) -> Shown:
    """Read the stored id and the numbers."""
    is_seen = row[0] is not None and str(row[0]) == customer_id.text
    return row[1:] if is_seen else CustomerNumbers.unknown(customer_id).shown
