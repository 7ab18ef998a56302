"""80 % intervals for every buyer, as far as the trials on the shop's past say they must reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backend.modelling.arrays import FloatArray
from backend.modelling.backtest.metrics import equal_bins
from backend.modelling.backtest.trials import Trial
from backend.modelling.intervals import (
    COVERAGE,
    CountSpread,
    Outcomes,
    Reach,
    SpendSpread,
    fit_count_spread,
    fit_reach,
    fit_spend_spread,
    limits,
    ranks,
)
from backend.modelling.recipe import Prediction


@dataclass(frozen=True, slots=True)
class Intervals:
    """80 % intervals of purchase days and spend, arrays of shape (buyers,)."""

    purchase_days_low: FloatArray
    purchase_days_high: FloatArray
    spend_low: FloatArray
    spend_high: FloatArray


@dataclass(frozen=True, slots=True)
class Spread:
    """How far outcomes lie from predictions.

    Attributes
    ----------
    counts, spend
        Distributions around the forecast's means.
    count_reach, spend_reach
        How much of them an interval holds.
    coverage
        How such intervals did on the trials; empty without trials.
    """

    counts: CountSpread
    spend: SpendSpread
    count_reach: Reach
    spend_reach: Reach
    coverage: dict[str, Any]

    def intervals(self, prediction: Prediction) -> Intervals:
        """Return the interval of every buyer."""
        mean, money, none = prediction.purchase_days, prediction.spend, prediction.none
        low, high = limits(self.count_reach.of(ranks(mean)), none)
        poor, rich = limits(self.spend_reach.of(ranks(money)), none)
        return Intervals(
            purchase_days_low=self.counts.quantile(low, mean, none),
            purchase_days_high=self.counts.quantile(high, mean, none),
            spend_low=self.spend.quantile(poor, money, none, mean),
            spend_high=self.spend.quantile(rich, money, none, mean),
        )


def fit_spread(trials: list[Trial], predictions: list[Prediction]) -> Spread:
    """Fit to trials and the forecast's predictions for them; both may be empty."""
    counts_seen, spend_seen = _outcomes(trials, predictions)
    counts = fit_count_spread(counts_seen)
    spend = fit_spend_spread(spend_seen, counts_seen.mean)
    count_middle = counts.middle(counts_seen.actual, counts_seen.mean, counts_seen.none)
    spend_middle = spend.middle(
        spend_seen.actual, spend_seen.mean, spend_seen.none, counts_seen.mean
    )
    spread = Spread(
        counts,
        spend,
        fit_reach(count_middle, counts_seen),
        fit_reach(spend_middle, spend_seen),
        coverage={},
    )
    if not trials:
        return spread
    coverage = _coverage(spread, trials, predictions)
    return Spread(counts, spend, spread.count_reach, spread.spend_reach, coverage)


def _outcomes(trials: list[Trial], predictions: list[Prediction]) -> tuple[Outcomes, Outcomes]:
    def joined(parts: list[FloatArray]) -> FloatArray:
        return np.concatenate([np.zeros(0), *parts])

    none = joined([p.none for p in predictions])
    return (
        Outcomes(
            joined([p.purchase_days for p in predictions]),
            none,
            joined([ranks(p.purchase_days) for p in predictions]),
            joined([t.purchase_days for t in trials]),
        ),
        Outcomes(
            joined([p.spend for p in predictions]),
            none,
            joined([ranks(p.spend) for p in predictions]),
            joined([t.spend for t in trials]),
        ),
    )


def _coverage(spread: Spread, trials: list[Trial], predictions: list[Prediction]) -> dict[str, Any]:
    """Share of outcomes inside, overall and by tenth of the prediction."""
    orders, spend, tenths, money_tenths, none = [], [], [], [], []
    for trial, prediction in zip(trials, predictions, strict=True):
        inside = spread.intervals(prediction)
        orders.append(
            (inside.purchase_days_low <= trial.purchase_days)
            & (trial.purchase_days <= inside.purchase_days_high)
        )
        spend.append((inside.spend_low <= trial.spend) & (trial.spend <= inside.spend_high))
        tenths.append(equal_bins(prediction.purchase_days))
        money_tenths.append(equal_bins(prediction.spend))
        none.append(trial.spend == 0)
    return {
        "wanted": COVERAGE,
        "counted": "share of outcomes inside or on the limits; where more than 80 % of customers "
        "order nothing, [0, 0] is the interval and covers more",
        "orders": _by_tenth(np.concatenate(orders), np.concatenate(tenths)),
        "value": _by_tenth(np.concatenate(spend), np.concatenate(money_tenths)),
        "nothing": _by_tenth(np.concatenate(none), np.concatenate(money_tenths)),
    }


def _by_tenth(inside: FloatArray, tenth: FloatArray) -> dict[str, Any]:
    counts = np.bincount(tenth)
    shares = np.bincount(tenth, inside) / np.maximum(counts, 1)
    return {
        "overall": float(inside.mean()),
        "by_tenth_of_prediction": [float(s) for s in shares[counts > 0]],
    }
