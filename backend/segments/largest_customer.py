"""Whether one customer carries what is said of a segment on average."""

import numpy as np

from backend.core.arrays import FloatArray

# A mean that is lower by more than this without one customer is about that customer.
MOST_OF_A_MEAN = 0.1
# The median of two is their mean, and says nothing else.
FEWEST = 3


def largest_share(amounts: FloatArray) -> float:
    """Return which part of a sum the largest amount is.

    Parameters
    ----------
    amounts
        Shape (customers,), at least one of them, none below 0.

    Returns
    -------
    float
        In [0, 1]; 0 where all amounts are.
    """
    return float(np.max(amounts) / max(float(np.sum(amounts)), np.finfo(float).tiny))


def carried_by_one(amounts: FloatArray) -> bool:
    """Return whether the mean would be more than a tenth lower without the largest amount.

    Parameters
    ----------
    amounts
        As for `largest_share`.
    """
    count = len(amounts)
    if count < FEWEST:
        return False
    # (sum - largest) / (count - 1) over sum / count.
    left = (1 - largest_share(amounts)) * count / (count - 1)
    return left < 1 - MOST_OF_A_MEAN
