"""What is in each customer's baskets, summed up over their counted orders."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Baskets:
    """Line items per customer; arrays of shape (customers,), NaN where nothing is known.

    Attributes
    ----------
    lines
        Order lines.
    units
        Pieces bought.
    distinct_products, distinct_vendors
        Different products and vendors bought.
    repeated_products
        Products bought on more than one order.
    """

    lines: NDArray[np.float64]
    units: NDArray[np.float64]
    distinct_products: NDArray[np.float64]
    distinct_vendors: NDArray[np.float64]
    repeated_products: NDArray[np.float64]
