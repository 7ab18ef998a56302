"""What was published of customers before, beside those of whom something is published now."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import BoolArray
from backend.core.customer_id import UNKNOWN, CustomerIds
from backend.database.engine import AsyncConnection
from backend.results.customer_numbers import FOLLOWED
from backend.results.declared import Tolerance
from backend.results.publishing import LastTold
from backend.store.in_columns import ArraysByName, columns_out
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
    names = [
        "customer_id",
        "changed_at",
        "held_out_until",
        *(one.compared_with for one in FOLLOWED),
    ]
    asked = (customer_intelligence.c[name] for name in names)
    return _beside(customer_id, await columns_out().read_columns(connection, *asked))


def _beside(customer_id: NDArray[Any], columns: ArraysByName) -> LastTold:
    place = CustomerIds(customer_id).places_of(columns["customer_id"])
    stays: BoolArray = place != UNKNOWN
    known = np.zeros(len(customer_id), dtype=bool)
    known[place[stays]] = True

    def beside(name: str, unknown: object, dtype: Any) -> NDArray[Any]:
        told: NDArray[Any] = np.full(len(customer_id), unknown, dtype=dtype)
        told[place[stays]] = columns[name][stays]
        return told

    return LastTold(
        known=known,
        changed_at=beside("changed_at", "NaT", "datetime64[us]"),
        held_out_until=beside("held_out_until", "NaT", "datetime64[us]"),
        values={
            one.compared_with: beside(one.compared_with, np.nan, float)
            if isinstance(one.follows, Tolerance)
            else beside(one.compared_with, None, object)
            for one in FOLLOWED
        },
    )
