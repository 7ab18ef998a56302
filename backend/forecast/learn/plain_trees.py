"""What scikit-learn's histogram boosting has learnt, as arrays that need no scikit-learn.

Its nodes are private to it, so a test compares the sums bit by bit with its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backend.core.arrays import IntArray
from backend.forecast.trees import MOST_LEAVES, Trees

MOST_SPLITS = MOST_LEAVES - 1
ALL_LEAVES = (1 << MOST_LEAVES) - 1


def plain_trees(fitted: Any) -> Trees:
    """Return the trees of a fitted histogram boosting.

    Parameters
    ----------
    fitted
        A regressor of scikit-learn, or a classifier of two classes.

    Raises
    ------
    ValueError
        When a tree has more leaves than `MOST_LEAVES`.
    """
    each = [_Tree(one.nodes) for (one,) in fitted._predictors]
    return Trees(
        baseline=float(np.ravel(fitted._baseline_prediction)[0]),
        feature=np.array([tree.padded(tree.nodes["feature_idx"], 0) for tree in each]),
        threshold=np.array([tree.padded(tree.nodes["num_threshold"], np.inf) for tree in each]),
        missing_left=np.array([tree.padded(tree.nodes["missing_go_to_left"], 0) for tree in each]),
        left_leaves=np.array([tree.padded(tree.under("left"), ALL_LEAVES) for tree in each]),
        right_leaves=np.array([tree.padded(tree.under("right"), ALL_LEAVES) for tree in each]),
        leaf=np.array([tree.values for tree in each]),
    )


class _Tree:
    """The nodes of one tree, the root first, children after their parents."""

    def __init__(self, nodes: Any) -> None:
        self.nodes = nodes
        is_leaf = nodes["is_leaf"] == 1
        self._splits, leaves = np.flatnonzero(~is_leaf), np.flatnonzero(is_leaf)
        if len(leaves) > MOST_LEAVES:
            raise ValueError(f"a tree has {len(leaves)} leaves, more than {MOST_LEAVES}")
        self._under = np.zeros(len(nodes), dtype=np.int64)
        self._under[leaves] = 1 << np.arange(len(leaves))
        for split in self._splits[::-1]:
            left, right = nodes["left"][split], nodes["right"][split]
            self._under[split] = self._under[left] | self._under[right]
        self.values = np.zeros(MOST_LEAVES)
        self.values[: len(leaves)] = nodes["value"][leaves]

    def under(self, side: str) -> IntArray:
        """Return the bits of the leaves that are left when a node was passed by a side."""
        other = self._under[self.nodes["right" if side == "left" else "left"]]
        return np.asarray(ALL_LEAVES & ~other)

    def padded(self, values: Any, filling: float) -> Any:
        """Return the values of the splits, filled up to `MOST_SPLITS`."""
        own = values[self._splits]
        more = np.full(MOST_SPLITS - len(own), filling, dtype=own.dtype)
        return np.concatenate([own, more])
