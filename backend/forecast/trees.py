"""Boosted trees as plain arrays: the sums that scikit-learn's predictors give, to the last bit.

A tree's splits are all asked at once. Each rules out the leaves on its other side, and what is left
of them is where a customer ends: no walking from node to node, so that one customer takes a few
hundred microseconds [1]_. For a whole shop the splits on a feature are put in order first: between
two of them all customers are left the same leaves, which are looked up.

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

from backend.core.arrays import FloatArray, JsonNumbers, StoredFloats, StoredInts, distinct

MOST_LEAVES = 8  # one bit each
ROWS_AT_ONCE = 512  # a batch stays in the processor's cache
ROWS_LOOKED_UP_AT_ONCE = 4_096
MANY_ROWS = 2_000  # from which on it pays to put splits in order first
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
        sums, size = self._sums, ROWS_AT_ONCE
        if len(features) >= MANY_ROWS:
            sums, size = _LookedUp.of(self).sums, ROWS_LOOKED_UP_AT_ONCE
        rows = range(0, len(features), size)
        parts = [sums(features[start : start + size]) for start in rows]
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


@dataclass(frozen=True, eq=False, slots=True)
class _LookedUp:
    """The same trees for many customers.

    Attributes
    ----------
    baseline
        What all sums begin with.
    splits
        Of each feature that is looked at: its column, its thresholds in order, and by the gap
        between two of them the leaves that are left, shape (gaps, trees); missing values last.
    added
        Shape (trees, 256), what is added by the leaves that are left.
    """

    baseline: float
    splits: list[tuple[int, FloatArray, NDArray[np.uint8]]]
    added: FloatArray

    @classmethod
    def of(cls, trees: Trees) -> _LookedUp:
        columns = distinct(trees.feature.ravel()).tolist()
        ends = np.minimum(_LOWEST_BIT, trees.leaf.shape[1] - 1)
        splits = [(column, *_left_by_gap(trees, column)) for column in columns]
        return cls(trees.baseline, splits, trees.leaf[:, ends])

    def sums(self, features: NDArray[np.float32]) -> FloatArray:
        total = np.full(len(features), self.baseline)
        for added, left in zip(self.added, self._left(features), strict=True):
            total += added[left]
        return total

    def _left(self, features: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the leaves that are left of each row, shape (trees, rows)."""
        left = np.full((len(features), len(self.added)), np.iinfo(np.uint8).max, dtype=np.uint8)
        for column, thresholds, left_by_gap in self.splits:
            values = features[:, column].astype(np.float64)
            left &= left_by_gap[np.searchsorted(thresholds, values) + np.isnan(values)]
        return np.ascontiguousarray(left.T)


def _left_by_gap(trees: Trees, column: int) -> tuple[FloatArray, NDArray[np.uint8]]:
    """Put the splits on one feature in order; a value's gap is how many thresholds it is above."""
    tree, split = np.nonzero(trees.feature == column)
    threshold = trees.threshold[tree, split]
    ordered = distinct(threshold[np.isfinite(threshold)])
    gaps = np.arange(len(ordered) + 1)[:, None]
    is_left = np.vstack(
        [gaps <= np.searchsorted(ordered, threshold), trees.missing_left[tree, split] == 1]
    )
    sides = (bits[tree, split].astype(np.uint8) for bits in (trees.left_leaves, trees.right_leaves))
    left = np.full((len(is_left), len(trees.leaf)), np.iinfo(np.uint8).max, dtype=np.uint8)
    np.bitwise_and.at(left.T, tree, np.where(is_left, *sides).T)
    return ordered, left
