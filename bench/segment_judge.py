"""The judge of a segmentation: by what happens next, by stability, by simplicity, by planted kinds.

Labels may be of any type; arrays have shape (customers,). Written apart from what the project
itself uses, so that neither hides the other's mistake.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score
from sklearn.tree import DecisionTreeClassifier

FloatArray = NDArray[np.float64]
Labels = NDArray[Any]

FOLDS = 5
BINS = 10
# Rows: quintile of recency, the freshest last; columns: mean quintile of frequency and money.
RFM_NAMES = np.array(
    [
        ["dormant", "dormant", "at_risk", "at_risk", "previously_loyal"],
        ["dormant", "dormant", "at_risk", "at_risk", "previously_loyal"],
        ["almost_lost", "almost_lost", "needs_attention", "loyal", "loyal"],
        ["promising", "active", "active", "loyal", "loyal"],
        ["new", "active", "active", "loyal", "champions"],
    ]
)


def eta_squared(labels: Labels, outcome: FloatArray) -> float:
    """Share of the outcome's variance that membership explains, out of fold."""
    fold = np.random.default_rng(0).integers(0, FOLDS, len(outcome))
    code = np.unique(labels, return_inverse=True)[1]
    count = int(code.max()) + 1
    foretold = np.empty(len(outcome))
    for held_out in range(FOLDS):
        train = fold != held_out
        total = np.bincount(code[train], outcome[train], count) + 2 * outcome[train].mean()
        size = np.bincount(code[train], minlength=count) + 2
        foretold[~train] = (total / size)[code[~train]]
    residual = ((outcome - foretold) ** 2).sum()
    return float(1 - residual / ((outcome - outcome.mean()) ** 2).sum())


def agreement(one: Labels, other: Labels) -> float:
    """Adjusted Rand index of two segmentations of the same customers."""
    return float(adjusted_rand_score(one.astype(str), other.astype(str)))


def tree_accuracy(labels: Labels, rfm: FloatArray) -> float:
    """How well a decision tree of depth three describes the segments."""
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    return float(tree.fit(rfm, labels.astype(str)).score(rfm, labels.astype(str)))


def best_f1(labels: Labels, is_kind: NDArray[np.bool_]) -> float:
    """F1 of the one segment that holds a planted kind best."""
    return max(
        float(2 * (is_kind & (labels == s)).sum() / (is_kind.sum() + (labels == s).sum()))
        for s in np.unique(labels.astype(str))
    )


def calibration_error(confidence: FloatArray, kept: FloatArray) -> float:
    """Mean gap of confidence and what was kept, over ten bins of equal count."""
    order = np.argsort(confidence, kind="stable")
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order)) * BINS // len(order)
    gap = np.bincount(place, confidence, BINS) - np.bincount(place, kept, BINS)
    return float(np.abs(gap).sum() / len(order))


def rfm_groups(recency_days: FloatArray, frequency: FloatArray, money: FloatArray) -> Labels:
    """Return the named groups that shops know."""
    fresh = 6 - _quintile(recency_days)
    worth = np.ceil((_quintile(frequency) + _quintile(money)) / 2).astype(int)
    groups: Labels = RFM_NAMES[fresh - 1, worth - 1]
    return groups


def rfm_cells(recency_days: FloatArray, money: FloatArray, count: int) -> Labels:
    """Return about `count` cells of recency and money with equal numbers of customers."""
    rows = max(round(np.sqrt(count)), 1)
    columns = max(round(count / rows), 1)
    cells: Labels = _ranked(recency_days, rows) * columns + _ranked(money, columns)
    return cells


def _ranked(values: FloatArray, parts: int) -> NDArray[np.int64]:
    rank = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return rank * parts // len(values)


def _quintile(values: FloatArray) -> NDArray[np.int64]:
    return _ranked(values, 5) + 1
