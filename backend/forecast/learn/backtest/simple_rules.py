"""The simple rules that a forecast has to beat, each as strong as the shop's past makes it.

All rates come from the period before the cut-off: who was known before it, and what they did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from backend.behaviour.history import PurchaseDays
from backend.core.arrays import FloatArray, IntArray
from backend.forecast.learn.backtest.metrics import log_loss
from backend.forecast.learn.past_cutoffs import outcomes
from backend.forecast.lifetime import PurchaseSummary, summarise
from backend.forecast.prediction import Prediction

RECENCY_SHARES = np.linspace(0.1, 0.9, 17)


def simple_rules(days: PurchaseDays, horizon_days: int) -> dict[str, Prediction]:
    """Predict by rules of thumb, from the purchase days known.

    Returns
    -------
    dict
        "base rate": everyone like the average customer of the last period. "recency rule":
        customers split where it tells most by days since the last purchase. "repeat of the last
        period": everyone does again what they did. Empty where there is no last period.
    """
    period = _last_period(days, horizon_days)
    if period is None:
        return {}
    summary = summarise(days)
    return {
        "base rate": _by_group(period, np.zeros(len(period.bought), int), _zeros(summary), summary),
        "recency rule": _recency_rule(period, summary),
        "repeat of the last period": _repeat(period, days, summary),
    }


@dataclass(frozen=True, slots=True)
class _Period:
    """The last period as seen from its start: who was known then, and what they did in it."""

    length_days: int
    stretch: float
    recency_days: FloatArray
    active_before: FloatArray
    bought: FloatArray
    spend: FloatArray


def _last_period(days: PurchaseDays, horizon_days: int) -> _Period | None:
    length = min(horizon_days, (days.as_of_day - int(days.day.min())) // 2)
    if length < 1:
        return None
    start = days.as_of_day - length
    before = days.before(start)
    known = summarise(before)
    bought, spend = outcomes(days, known.customer, start, length)
    active, _ = outcomes(days, known.customer, start - length, length)
    return _Period(length, horizon_days / length, known.T - known.t_x, active, bought, spend)


def _by_group(
    period: _Period, past_group: IntArray, group: IntArray, summary: PurchaseSummary
) -> Prediction:
    """Give every customer the rates their group had in the last period."""
    size = max(int(past_group.max()), int(group.max())) + 1
    members = np.bincount(past_group, minlength=size)
    buyers = np.bincount(past_group, period.bought > 0, size)
    share = (buyers + 1) / (members + 2)
    share = 1 - (1 - share) ** period.stretch
    per_member = period.stretch / np.maximum(members, 1)
    return Prediction(
        summary.customer,
        (np.bincount(past_group, period.bought, size) * per_member)[group],
        (np.bincount(past_group, period.spend, size) * per_member)[group],
        logit(np.clip(share, 1e-6, 1 - 1e-6))[group],
    )


def _recency_rule(period: _Period, summary: PurchaseSummary) -> Prediction:
    """Split at the recency that would have told most about the last period."""
    recency = summary.T - summary.t_x
    limits = np.unique(np.quantile(period.recency_days, RECENCY_SHARES))

    def loss(limit: float) -> float:
        late = (period.recency_days > limit).astype(int)
        share = np.bincount(late, period.bought > 0, 2) / np.maximum(
            np.bincount(late, minlength=2), 1
        )
        return log_loss(share[late], period.bought > 0)

    best = min(limits, key=loss)
    return _by_group(
        period, (period.recency_days > best).astype(int), (recency > best).astype(int), summary
    )


def _repeat(period: _Period, days: PurchaseDays, summary: PurchaseSummary) -> Prediction:
    """Everyone does again what they did; the chance of buying is that of the (in)active."""
    start = days.as_of_day - period.length_days
    bought, spend = outcomes(days, summary.customer, start, period.length_days)
    shares = _by_group(
        period, (period.active_before > 0).astype(int), (bought > 0).astype(int), summary
    )
    return Prediction(
        summary.customer, bought * period.stretch, spend * period.stretch, shares.buy_logit
    )


def _zeros(summary: PurchaseSummary) -> IntArray:
    return np.zeros(len(summary), dtype=np.int64)
