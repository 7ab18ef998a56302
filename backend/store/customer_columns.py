"""Declared numbers of a customer become columns of `customer_intelligence`, and their values."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import Boolean, Column, Double, Float, Integer, Numeric, String, func
from sqlalchemy.types import TypeEngine

from backend.core.typed_cells import TypedCells
from backend.database.column_types import UtcDateTime, UtcTimestamp
from backend.results.customer_numbers import NUMBERS
from backend.results.declared import Count, Flag, Instant, Kind, Label, Number, Quantity, Real
from backend.results.publishing import Publishing


def column_of(number: Number) -> Column[Any]:
    """Return the column that holds a declared number."""
    return Column(
        number.name,
        column_type(number.kind),
        nullable=not number.filled,
        server_default=func.now() if number.kind == Instant(printed=True) else None,
        comment=number.meaning,
    )


def column_type(kind: Kind) -> TypeEngine[Any]:
    """Return the type that a kind of number has in the database."""
    match kind:
        case Quantity(digits, places):
            return Numeric(digits, places)
        case Count():
            return Integer()
        case Real(places):
            return Double() if places is None else Float()
        case Label(length):
            return String(length)
        case Instant(printed):
            return UtcTimestamp() if printed else UtcDateTime()
        case Flag():
            return Boolean()


def customer_columns(publishing: Publishing) -> Mapping[str, TypedCells]:
    """Return what is published of customers, by column."""
    ids = publishing.customers.customer_id
    made = {one.name: one.kind.cells(one.of(publishing)) for one in NUMBERS}
    return {"customer_id": TypedCells(ids, np.ones(len(ids), dtype=bool)), **made}
