"""The columns of a profile's numbers, which the database gives as JSON has them.

A decimal of the driver's becomes a float in Python, an instant is told its zone: of a profile that
takes as long as asking for it does. The database casts for a hundredth of that, and rounds alike.
"""

from typing import Any

from sqlalchemy import ColumnElement, Double, cast

from backend.database.expressions import told_in_utc
from backend.results.customer_numbers import SHOWN
from backend.results.declared import Instant, Kind, Quantity
from backend.store.tables import customer_intelligence

Column = ColumnElement[Any]


def shown_columns(dialect: str) -> list[Column]:
    """Return the columns of `Shown`, by a dialect's name."""
    columns = customer_intelligence.c
    return [_in_json(dialect, columns[one.name], one.kind).label(one.name) for one in SHOWN]


def _in_json(dialect: str, column: Column, kind: Kind) -> Column:
    match kind:
        case Quantity():
            return cast(column, Double())
        case Instant():
            return told_in_utc(dialect, column)
    return column
