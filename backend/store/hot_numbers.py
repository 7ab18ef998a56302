"""What is read of one customer thousands of times a second: whether they are erased, and numbers.

Both are added to a statement that finds the customer in the shop, where both databases are one, or
stand alone.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    exists,
    literal,
    select,
    type_coerce,
)

from backend.core.customer_id import CustomerId, CustomerIdType
from backend.core.secret_keys import Marker
from backend.database.compiled import Row, parameter
from backend.results.customer_numbers import NUMBERS, CustomerNumbers
from backend.store.tables import customer_intelligence, tombstones

STORED_ID, MARK = "stored_id", "mark_{}"
NAMES = tuple(one.name for one in NUMBERS)


def alone() -> Select[Any]:
    """Select a row of nothing, to which the rest is added."""
    return select().select_from(select(literal(1).label("nothing")).subquery("nothing"))


def with_erasure(asked: Select[Any], marker: Marker) -> Select[Any]:
    """Add one column: whether the customer is erased."""
    marks = [parameter(MARK.format(place), String()) for place in range(len(marker.keys))]
    return asked.add_columns(exists().where(tombstones.c.mark.in_(marks)))


def with_numbers(asked: Select[Any], kind: CustomerIdType) -> Select[Any]:
    """Add what was published of the customer: their id, NULL where that is nothing, and numbers."""
    table = customer_intelligence
    columns = [table.c.customer_id, *(table.c[name] for name in NAMES)]
    return asked.outerjoin(table, _is_stored(kind)).add_columns(*columns)


def _is_stored(kind: CustomerIdType) -> ColumnElement[bool]:
    column: ColumnElement[Any] = customer_intelligence.c.customer_id
    if kind == "integer":
        return column == parameter(STORED_ID, BigInteger())
    return type_coerce(column, String()) == parameter(STORED_ID, String())


def of_customer(customer_id: CustomerId, kind: CustomerIdType, marker: Marker) -> dict[str, Any]:
    """Return the parameters of both."""
    marks = {MARK.format(place): mark for place, mark in enumerate(marker.marks(customer_id))}
    return {STORED_ID: customer_id.stored_as(kind), **marks}


def is_erased(row: Row) -> bool:
    """Read what `with_erasure` added."""
    return bool(row[0])


def numbers_in(row: Row, customer_id: CustomerId) -> CustomerNumbers:
    """Read what both added; nothing is known of whom no run has seen."""
    _, stored, *values = row
    if stored is None or str(stored) != customer_id.text:
        return CustomerNumbers.unknown(customer_id)
    return CustomerNumbers(customer_id=customer_id, **dict(zip(NAMES, values, strict=True)))
