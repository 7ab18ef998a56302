"""The judge: metrics of predictions per customer against what happened in the horizon.

A purchase day is a customer's calendar day with at least one order that is no refund; spend is the
sum of the day's orders. Judged are all customers who ordered before the cut-off. Ties count as
their mean, so that no metric hangs on the sequence of rows. Written apart from what the project
itself uses to grade its forecasts, so that neither hides the other's mistake.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

FloatArray = NDArray[np.float64]

# What counts towards the means: lower is better, and compared as a log ratio where `True`.
LOWER_IS_BETTER = {
    "orders_rmse": True,
    "spend_rmse": True,
    "spend_decile_err": False,
    "churn_logloss": True,
    "churn_ece": False,
}
HIGHER_IS_BETTER = ("orders_gini", "spend_gini", "churn_auc")
METRICS = (*LOWER_IS_BETTER, *HIGHER_IS_BETTER)


@dataclass(frozen=True, slots=True)
class Truth:
    """What came in the horizon, arrays of shape (customers,)."""

    customer_id: NDArray[np.int64]
    orders: FloatArray
    spend: FloatArray


def happened(
    customer_id: NDArray[np.int64],
    day: NDArray[np.int64],
    amount: FloatArray,
    cutoff_day: int,
    horizon_days: int,
) -> Truth:
    """Count purchase days and spend in [cutoff, cutoff + horizon), of customers known before."""
    kept = amount >= 0
    customer_id, day, amount = customer_id[kept], day[kept], amount[kept]
    known = np.unique(customer_id[day < cutoff_day])
    inside = (day >= cutoff_day) & (day < cutoff_day + horizon_days)
    inside &= np.isin(customer_id, known)
    row = np.searchsorted(known, customer_id[inside])
    days = np.unique(np.stack([row, day[inside]], axis=1), axis=0)[:, 0]
    return Truth(
        known,
        np.bincount(days, minlength=len(known)).astype(float),
        np.bincount(row, amount[inside], minlength=len(known)).astype(float),
    )


def judge(
    truth: Truth, orders: FloatArray, spend: FloatArray, churn_risk: FloatArray
) -> dict[str, float]:
    """Score predictions in the order of the truth's customers; a missing one is an error."""
    if not np.all(np.isfinite(np.stack([orders, spend, churn_risk]))):
        raise ValueError("a customer has no prediction")
    left = (truth.orders == 0).astype(float)
    return {
        "n": float(len(left)),
        "churn_rate": float(left.mean()),
        "orders_rmse": rmse(orders, truth.orders),
        "orders_bias": float(orders.sum() / truth.orders.sum()),
        "orders_gini": normalised_gini(orders, truth.orders),
        "spend_rmse": rmse(spend, truth.spend),
        "spend_gini": normalised_gini(spend, truth.spend),
        "spend_bias": float(spend.sum() / truth.spend.sum()),
        "spend_decile_err": binned_gap(spend, truth.spend) / float(truth.spend.sum()),
        "churn_auc": auc(churn_risk, left),
        "churn_logloss": logloss(churn_risk, left),
        "churn_ece": binned_gap(churn_risk, left) / len(left),
    }


def rmse(predicted: FloatArray, actual: FloatArray) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(np.mean((predicted - actual) ** 2)))


def normalised_gini(predicted: FloatArray, actual: FloatArray) -> float:
    """Gini of the ranking by the prediction, as a share of the best possible."""
    return gini(predicted, actual) / gini(actual, actual)


def gini(score: FloatArray, actual: FloatArray) -> float:
    """Area between the Lorenz curve of the ranking and the diagonal."""
    _, group, size = np.unique(score, return_inverse=True, return_counts=True)
    even = (np.bincount(group, actual) / size)[group][np.argsort(-score, kind="stable")]
    count = len(actual)
    return float((np.cumsum(even).sum() / actual.sum() - (count + 1) / 2) / count)


def auc(score: FloatArray, label: FloatArray) -> float:
    """Chance that a positive is scored above a negative; half for ties."""
    positive = label.sum()
    ranks = rankdata(score)[label == 1].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * (len(label) - positive)))


def logloss(probability: FloatArray, label: FloatArray) -> float:
    """Mean negative log likelihood, probabilities kept a millionth away from 0 and 1."""
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    return float(-np.mean(label * np.log(p) + (1 - label) * np.log(1 - p)))


def binned_gap(predicted: FloatArray, actual: FloatArray) -> float:
    """Sum over ten equally large bins of the gap between predicted and actual sums."""
    rank = np.empty(len(predicted), dtype=np.int64)
    rank[np.argsort(predicted, kind="stable")] = np.arange(len(predicted))
    tenth = rank * 10 // len(predicted)
    return float(np.abs(np.bincount(tenth, predicted) - np.bincount(tenth, actual)).sum())


def ahead(ours: dict[str, float], theirs: dict[str, float]) -> dict[str, float]:
    """How far ours is ahead on each metric, times 100: log ratio for errors, else difference."""
    gaps = {m: ours[m] - theirs[m] for m in HIGHER_IS_BETTER}
    for metric, relative in LOWER_IS_BETTER.items():
        mine, other = ours[metric], theirs[metric]
        gaps[metric] = float(np.log(other / mine)) if relative else other - mine
    return {metric: 100 * gap for metric, gap in gaps.items()}
