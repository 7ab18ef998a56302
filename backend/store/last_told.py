"""What was published of customers before, beside those of whom something is published now."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from backend.core.customer_id import UNKNOWN, CustomerIds
from backend.database.engine import AsyncConnection
from backend.results.customer_numbers import FOLLOWED
from backend.results.declared import Number, Tolerance
from backend.results.publishing import LastTold
from backend.store.tables import customer_intelligence


async def read_last_told(connection: AsyncConnection, customer_id: NDArray[Any]) -> LastTold:
    """Return what is served of these customers, in their order.

    Parameters
    ----------
    connection
        In a transaction.
    customer_id
        Ascending, of whatever type our table has.
    """
    names = ["customer_id", "changed_at", *(one.compared_with for one in FOLLOWED)]
    statement = select(*(customer_intelligence.c[name] for name in names))
    rows = (await connection.execute(statement)).all()
    columns = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
    return _beside(customer_id, columns)


def _beside(customer_id: NDArray[Any], columns: Mapping[str, Sequence[Any]]) -> LastTold:
    ids = _as_ids(columns.get("customer_id", ()))
    place = CustomerIds(customer_id).places_of(ids)
    stays = place != UNKNOWN
    known = np.zeros(len(customer_id), dtype=bool)
    known[place[stays]] = True

    def beside(name: str, unknown: object, dtype: type) -> NDArray[Any]:
        told: NDArray[Any] = np.full(len(customer_id), unknown, dtype=dtype)
        if name in columns:
            told[place[stays]] = np.array(columns[name], dtype=dtype)[stays]
        return told

    return LastTold(
        known=known,
        changed_at=beside("changed_at", None, object),
        values={one.compared_with: beside(one.compared_with, *_empty(one)) for one in FOLLOWED},
    )


def _as_ids(values: Sequence[Any]) -> NDArray[Any]:
    is_text = bool(values) and isinstance(values[0], str)
    return np.array(values, dtype=object if is_text else np.int64)


def _empty(one: Number) -> tuple[object, type]:
    return (np.nan, float) if isinstance(one.follows, Tolerance) else (None, object)
