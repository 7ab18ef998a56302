"""Customers who are alike at the start, so that both arms have their share of every kind.

References
----------
.. [1] Cochran (1977), Sampling Techniques, 3rd edition, chapter 5: stratified random sampling;
   section 5A.12: collapsed strata.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backend.core.arrays import BoolArray, FloatArray, IntArray

# Expected of either arm in each stratum: with two or three, its variance is hardly known.
LEAST_DRAWN = 4
# Counted of either arm: a variance needs two.
LEAST_COUNTED = 2


def strata_of(segments: Sequence[str | None], values: FloatArray, share: float) -> IntArray:
    """Return each customer's stratum: the segment, and its lower or upper half by value [1]_.

    Parameters
    ----------
    segments
        Each customer's segment by id; None of who is in none.
    values
        Shape (customers,): what each is expected to spend, currency units; NaN counts as 0.
    share
        Of customers that are held out, in (0, 1).

    Returns
    -------
    IntArray
        Shape (customers,), numbered from 0; neighbours are taken together where one is too small.
    """
    # By numbers: an array of a million names takes hundreds of megabytes.
    names = sorted({one or "" for one in segments})
    place = {name: number for number, name in enumerate(names)}
    segment = np.fromiter((place[one or ""] for one in segments), np.int64, len(segments))
    amounts = np.nan_to_num(np.asarray(values, dtype=np.float64))
    strata = 2 * segment
    for number in range(len(names)):
        inside = np.flatnonzero(segment == number)
        strata[inside] += amounts[inside] > np.median(amounts[inside])
    sizes = np.bincount(strata).astype(np.float64)
    return _joined(sizes * (1 - share), sizes * share, LEAST_DRAWN)[strata]


def counted_strata(strata: IntArray, held_out: BoolArray) -> IntArray:
    """Return strata in which enough of both arms are left to know a variance of each [1]_.

    Parameters
    ----------
    strata, held_out
        Shape (customers,): of those who are counted, as drawn.
    """
    _, numbered = np.unique(strata, return_inverse=True)
    kinds = int(numbered.max(initial=-1)) + 1
    treated, others = (
        np.bincount(numbered[arm], minlength=kinds).astype(np.float64)
        for arm in (~held_out, held_out)
    )
    return _joined(treated, others, LEAST_COUNTED)[numbered]


def _joined(treated: FloatArray, held_out: FloatArray, least: float) -> IntArray:
    """Return for each stratum the one that it becomes, so that all have `least` of either arm.

    Neighbours, which are alike, are taken together until there are enough; what is left over at
    the end joins the last one.
    """
    becomes = np.zeros(len(treated), dtype=np.int64)
    whole, ours, theirs = 0, 0.0, 0.0
    for stratum, (more_treated, more_held_out) in enumerate(zip(treated, held_out, strict=True)):
        becomes[stratum] = whole
        ours, theirs = ours + more_treated, theirs + more_held_out
        if min(ours, theirs) >= least:
            whole, ours, theirs = whole + 1, 0.0, 0.0
    return np.minimum(becomes, max(whole - 1, 0))
