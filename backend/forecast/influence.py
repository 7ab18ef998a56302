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

from dataclasses import dataclass
from math import ceil

import numpy as np

from backend.core.arrays import FloatArray

# So that one order more, of any size, moves what is expected of the others by less than 1 %. The
# few who bring most of an honest shop's sales are cut too: never on one side of a comparison alone.
MOST_SHARE = 0.005
# Of few amounts, some are always above the mean: each may count for so many equal shares. With
# more, one order in six hundred moved the others by 2 %.
EQUAL_SHARES = 1.5
# A purchase counts up to so many times what was expected of it. Trials inside invented shops and
# ten years of gifts: from 2 to 10 the totals were as near; at the lowest an order does least.
MOST_TIMES_EXPECTED = 2.0


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


@dataclass(frozen=True, slots=True)
class ComparedTotals:
    """What came of a shop's customers and what was expected of them, sums of money."""

    came: float
    expected: float


def compared_totals(
    came: FloatArray, purchase_days: FloatArray, expected: FloatArray, spend_per_day: FloatArray
) -> ComparedTotals:
    """Add up what came and what was expected so that no customer decides how the two compare.

    What came is more uneven than what was expected: cut at the same share of the sum, it would lose
    more. So both sides weigh a customer by what was known beforehand, which is limited, and what
    came counts as far as so many purchases can be imagined to bring.

    Parameters
    ----------
    came, purchase_days
        Shape (customers,), what each spent, and on how many days.
    expected, spend_per_day
        Same shape, positive: what was expected in all, and of each day with a purchase.
    """
    weight = limited(expected) / expected
    imagined = MOST_TIMES_EXPECTED * spend_per_day * purchase_days
    return ComparedTotals(
        came=float(weight @ np.minimum(came, imagined)), expected=float(weight @ expected)
    )


def matching_factor(wanted: FloatArray, given: FloatArray) -> float:
    """Return by what to multiply the given amounts for their total to be the wanted ones'.

    Parameters
    ----------
    wanted, given
        Shape (customers,), positive; customers weigh by the wanted ones, which are limited.
    """
    weight = limited(wanted) / wanted
    return float((weight @ wanted) / (weight @ given))


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
