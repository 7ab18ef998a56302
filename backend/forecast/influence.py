"""No customer decides what is said of the others: sums over a shop count each one only so far.

An order of ninety-nine million, mistyped or real, says nothing of what anybody else will spend. A
customer's own history keeps every cent; where amounts of all customers are added up to tell what
the shop sells, each counts for a small share of the sum at most. The limit is a share of the
*limited* sum (amounts are winsorised), so that it holds however large an amount is.

References
----------
.. [1] Huber, Ronchetti (2009), Robust Statistics, chapter 1: bounded influence.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from backend.core.arrays import FloatArray

# So that one order more, of any size, moves what is expected of the others by less than 1 %. At
# .3 % the few who bring most of an honest shop's sales are cut too: totals fell by up to a quarter.
MOST_SHARE = 0.01
# Of few amounts, some are always above the mean: each may count for so many equal shares. With
# more, one order in six hundred moved the others by 2 %.
EQUAL_SHARES = 1.5


def limited(amounts: FloatArray) -> FloatArray:
    """Return amounts none of which is more than a small share of their sum.

    Parameters
    ----------
    amounts
        Shape (n,), at least 0.

    Returns
    -------
    FloatArray
        Same shape. What is above the limit is at it, all else as it was: nothing, where amounts
        are alike or at most two are positive.
    """
    positive = int(np.count_nonzero(amounts))
    share = max(MOST_SHARE, EQUAL_SHARES / max(positive, 1))
    return np.minimum(amounts, _limit(amounts, share)) if share < 1 else amounts


def limited_total(amounts: FloatArray) -> float:
    """Return the sum of the limited amounts."""
    return float(limited(amounts).sum())


def limited_mean(amounts: FloatArray) -> float:
    """Return the mean of the limited amounts, of which there is at least one."""
    return float(limited(amounts).mean())


def _limit(amounts: FloatArray, share: float) -> float:
    """Return the limit L of which all limited amounts together are 1/share times.

    With the k largest at the limit and the others summing up to R, L = share * (k L + R); k is the
    fewest with which nobody else is above.
    """
    ascending = np.sort(amounts)
    # Summed from the smallest, so that a huge amount takes no digits from the others.
    others = np.cumsum(ascending)[::-1][: ceil(1 / share)]
    left_out = np.arange(len(others))
    limits = share * others / np.maximum(1 - share * left_out, 1e-12)
    # A hair of tolerance: where equal amounts are just at the limit, rounding must not miss it.
    fits = ascending[::-1][: len(others)] <= limits * (1 + 1e-9)
    return float(limits[np.argmax(fits)])
