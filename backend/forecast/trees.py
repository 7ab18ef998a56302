"""Boosted trees as plain arrays: the sums that scikit-learn's predictors give, to the last bit.

A tree's splits are all asked at once. Each rules out the leaves on its other side, and what is left
of them is where a customer ends: no walking from node to node, so that a whole shop takes as long
as in C, and one customer a few hundred microseconds [1]_.

References
----------
.. [1] Lucchese, Nardini, Orlando, Perego, Tonellotto, Venturini (2015), QuickScorer: A fast
   algorithm to rank documents with additive ensembles of regression trees, SIGIR.
   https://doi.org/10.1145/2766462.2767733
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import FloatArray, JsonNumbers, StoredFloats, StoredInts

MOST_LEAVES = 8  # one bit each
ROWS_AT_ONCE = 512  # a batch stays in the processor's cache
_LOWEST_BIT = np.array([(mask & -mask).bit_length() - 1 for mask in range(1 << MOST_LEAVES)])


@dataclass(frozen=True, eq=False, slots=True)
class Trees:
    """The trees of one regression, each padded to as many splits as the largest has.

    Attributes
    ----------
    baseline
        What all sums begin with.
    feature
        Shape (trees, splits), the column that a split looks at.
    threshold
        Shape (trees, splits): not above it is left; infinite where only missing values are right.
    missing_left
        Shape (trees, splits), 1 where a missing value goes left.
    left_leaves, right_leaves
        Shape (trees, splits), bits of the leaves that a customer may still end in who goes left,
        or right; all of them where a split is none.
    leaf
        Shape (trees, leaves), what is added, in order of the bits.
    """

    baseline: float
    feature: StoredInts
    threshold: Annotated[FloatArray, JsonNumbers(null=np.inf)]
    missing_left: StoredInts
    left_leaves: StoredInts
    right_leaves: StoredInts
    leaf: StoredFloats

    def sums(self, features: NDArray[np.float32]) -> FloatArray:
        """Return the baseline and all trees' leaves added up, in this order.

        Parameters
        ----------
        features
            Shape (rows, features), NaN where missing.

        Returns
        -------
        Shape (rows,).
        """
        rows = range(0, len(features), ROWS_AT_ONCE)
        parts = [self._sums(features[start : start + ROWS_AT_ONCE]) for start in rows]
        return np.concatenate([np.zeros(0), *parts])

    def _sums(self, features: NDArray[np.float32]) -> FloatArray:
        trees, ends = np.arange(len(self.leaf))[:, None], self._ends(features)
        baseline = np.full((1, len(features)), self.baseline)
        # One after the other, as scikit-learn adds them: a sum in pairs has other last digits.
        running = np.add.accumulate(np.vstack([baseline, self.leaf[trees, ends]]), axis=0)
        return np.asarray(running[-1])

    def _ends(self, features: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the leaf that each row ends in, shape (trees, rows)."""
        columns = np.ascontiguousarray(features.T, dtype=np.float64)
        seen = columns[self.feature.ravel()]
        left = seen <= self.threshold.reshape(-1, 1)
        left |= np.isnan(seen) & (self.missing_left.reshape(-1, 1) == 1)
        masks = (
            bits.astype(np.uint8).reshape(-1, 1) for bits in (self.left_leaves, self.right_leaves)
        )
        still = np.where(left, *masks).reshape(*self.feature.shape, -1)
        return np.asarray(_LOWEST_BIT[np.bitwise_and.reduce(still, axis=1)])
