"""What is known of the order lines, per customer."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Baskets:
    """Order lines over counted orders; arrays of shape (customers,), NaN where unknown.

    Attributes
    ----------
    orders
        Orders that have lines.
    lines, units
        Order lines, and the sum of their quantities.
    units_squared
        Sum over orders of the squared units of the order.
    distinct_products, distinct_vendors
        How many different ones were bought.
    repeated_products
        How many products were bought on more than one order.
    """

    orders: NDArray[np.float64]
    lines: NDArray[np.float64]
    units: NDArray[np.float64]
    units_squared: NDArray[np.float64]
    distinct_products: NDArray[np.float64]
    distinct_vendors: NDArray[np.float64]
    repeated_products: NDArray[np.float64]

    def of(self, customers: BoolArray) -> "Baskets":
        """Return those of some of the customers."""
        return Baskets(**{one.name: getattr(self, one.name)[customers] for one in fields(self)})
