"""How good predictions were, given what happened. All arrays have shape (customers,)."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from backend.core.arrays import BoolArray, FloatArray, IntArray

BINS = 10


def root_mean_squared_error(predicted: FloatArray, actual: FloatArray) -> float:
    """In the unit of the data; at least 0, lower is better."""
    return float(np.sqrt(np.mean((predicted - actual) ** 2)))


def normalised_gini(predicted: FloatArray, actual: FloatArray) -> float:
    """How much of the best possible ranking by value is reached.

    1 for the ranking by the outcome itself, 0 for a random one; ties count as their mean. NaN
    where all outcomes are equal.
    """
    best = _gini(actual, actual)
    return _gini(predicted, actual) / best if best > 1e-12 else float("nan")


def area_under_curve(score: FloatArray, happened: FloatArray | BoolArray) -> float:
    """Chance that one for whom it happened is scored above one for whom it did not."""
    positives = float(happened.sum())
    negatives = len(happened) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(score)[happened > 0].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * negatives))


def log_loss(probability: FloatArray, happened: FloatArray | BoolArray) -> float:
    """Mean of minus the log of the probability given to what happened; lower is better."""
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    return float(-np.mean(np.where(happened > 0, np.log(p), np.log1p(-p))))


def calibration_error(probability: FloatArray, happened: FloatArray | BoolArray) -> float:
    """Mean gap between predicted and actual share over ten equally large bins."""
    bins = equal_bins(probability)
    gaps = np.bincount(bins, probability) - np.bincount(bins, happened)
    return float(np.abs(gaps).sum() / len(bins))


def decile_error(predicted: FloatArray, actual: FloatArray) -> float:
    """Gap between predicted and actual sums over ten equally large bins, per actual total."""
    total = float(actual.sum())
    if not total:
        return float("nan")
    bins = equal_bins(predicted)
    return float(np.abs(np.bincount(bins, predicted) - np.bincount(bins, actual)).sum() / total)


def equal_bins(score: FloatArray, count: int = BINS) -> IntArray:
    """Number the customers' bins from the lowest score, each bin of equally many customers."""
    bins = np.empty(len(score), dtype=np.int64)
    bins[np.argsort(score, kind="stable")] = np.arange(len(score)) * count // len(score)
    return bins


def _gini(score: FloatArray, actual: FloatArray) -> float:
    total = float(actual.sum())
    if not total:
        return 0.0
    ranked = _tie_means(score, actual)[np.argsort(-score, kind="stable")]
    count = len(actual)
    return float((np.cumsum(ranked).sum() / total - (count + 1) / 2) / count)


def _tie_means(score: FloatArray, actual: FloatArray) -> FloatArray:
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    return np.asarray((np.bincount(inverse, actual) / counts)[inverse])
