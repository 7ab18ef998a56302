"""Customers cut into parts of about the same size, by ranges of their ids."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.core.customer_id import CustomerIds
from backend.shop.id_ranges import Bound, IdRange


@dataclass(frozen=True, slots=True)
class Partition:
    """One part of a shop.

    Attributes
    ----------
    number
        From 0, in the order of the ids.
    ids
        Whose.
    """

    number: int
    ids: IdRange


def partitions_of(ids: NDArray[Any], count: int) -> list[Partition]:
    """Cut a shop; all parts together hold every id that there is, of whomever.

    Parameters
    ----------
    ids
        Shape (customers,), ascending.
    count
        How many parts there are at most; no more than there are customers.
    """
    count = max(1, min(count, len(ids)))
    kind = CustomerIds(ids).kind
    last = (np.arange(1, count) * len(ids)) // count - 1
    cuts: list[Bound] = [None, *ids[last].tolist(), None]
    return [
        Partition(number, IdRange(kind=kind, after=cuts[number], up_to=cuts[number + 1]))
        for number in range(count)
    ]
