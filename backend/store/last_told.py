"""What was published of customers before, beside those of whom something is published now."""

from collections.abc import Mapping
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

INSTANT = ("NaT", "datetime64[us]")
NUMBER: tuple[object, Any] = (np.nan, float)
TEXT: tuple[object, Any] = (None, object)
# What is read, beside whom, with what it is of who was unknown, and its type.
BESIDE: Mapping[str, tuple[object, Any]] = {
    "changed_at": INSTANT,
    "held_out_until": INSTANT,
    **{
        one.compared_with: NUMBER if isinstance(one.follows, Tolerance) else TEXT
        for one in FOLLOWED
    },
}


async def read_last_told(connection: AsyncConnection, customer_id: NDArray[Any]) -> LastTold:
    """Return what is served of these customers, in their order.

    Parameters
    ----------
    connection
        In a transaction.
    customer_id
        Ascending, of whatever type our table has.
    """
    asked = [customer_intelligence.c[name] for name in ("customer_id", *BESIDE)]
    beside = _Beside(CustomerIds(customer_id))
    await columns_out().read_column_batches(connection, asked, beside.take)
    return beside.told()


class _Beside:
    """Puts what is told of customers beside those who are there now, as it comes."""

    def __init__(self, ids: CustomerIds) -> None:
        self._ids = ids
        self._known = np.zeros(len(ids.values), dtype=bool)
        self._columns = {name: np.full(len(ids.values), *BESIDE[name]) for name in BESIDE}

    async def take(self, batch: ArraysByName) -> None:
        place = self._ids.places_of(batch["customer_id"])
        stays: BoolArray = place != UNKNOWN
        self._known[place[stays]] = True
        for name, column in self._columns.items():
            column[place[stays]] = batch[name][stays]

    def told(self) -> LastTold:
        return LastTold(
            known=self._known,
            changed_at=self._columns["changed_at"],
            held_out_until=self._columns["held_out_until"],
            values={one.compared_with: self._columns[one.compared_with] for one in FOLLOWED},
        )
