"""What is read of customers to score them: any of a shop's customers, or all."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.behaviour.baskets import Baskets
from backend.behaviour.history import OrderHistory
from backend.core.arrays import IntArray
from backend.core.typed_cells import instant64
from backend.segments.segment_model import Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Customers with their counted orders.

    Attributes
    ----------
    customer_ids
        Shape (customers,), int64 or str as objects.
    customer_index
        Shape (orders,), place in `customer_ids` of each counted order.
    created_at
        Shape (orders,), datetime64[us], UTC.
    amount_micros
        Shape (orders,), whole millionths of the currency unit, above 0.
    baskets
        Their order lines; None where these are unknown, or have no say.
    was
        Shape (customers,), the segment that each was last told to be in; None for who was in none.
    """

    customer_ids: NDArray[Any]
    customer_index: IntArray
    created_at: NDArray[np.datetime64]
    amount_micros: IntArray
    baskets: Baskets | None
    was: Ids

    def history(self, as_of: datetime) -> OrderHistory:
        """Return the orders before an aware instant, by customer, then by time."""
        return OrderHistory.from_orders(
            self.customer_index,
            self.created_at,
            self.amount_micros / 1e6,
            customer_count=len(self.customer_ids),
            as_of=instant64(as_of),
        )

    def micros_per_customer(self, as_of: datetime) -> IntArray:
        """Return what each has spent before an aware instant: floats would lose cents."""
        known = self.created_at < instant64(as_of)
        sums = np.zeros(len(self.customer_ids), dtype=np.int64)
        np.add.at(sums, self.customer_index[known], self.amount_micros[known])
        return sums
