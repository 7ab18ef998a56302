"""From a shop's history to orders, spend and churn of each of its customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backend.modelling.forecast.base import fit_base
from backend.modelling.forecast.result import FloatArray, Forecast, ForecastReport
from backend.modelling.history import OrderHistory, PurchaseDays
from backend.modelling.lifetime import PurchaseSummary, summarise

# What a shop without any repeat purchase is assumed to have seen besides: half a repeat purchase
# in one customer-year (the half is Jeffreys' prior for a Poisson rate).
ASSUMED_REPEATS = 0.5
ASSUMED_EXPOSURE_DAYS = 365.0


def _ignore(_: float) -> None:
    """Report progress to nobody."""


def forecast(
    history: OrderHistory,
    *,
    value_horizon_days: int = 365,
    churn_horizon_days: int = 180,
    seed: int = 0,
    progress: Callable[[float], None] = _ignore,
) -> Forecast:
    """Forecast orders, spend and churn of every customer.

    Parameters
    ----------
    history
        Counted orders before `as_of`; nothing else is looked at.
    value_horizon_days
        Days after `as_of` that predicted orders and value are about, at least 1.
    churn_horizon_days
        Days after `as_of` without an order that count as churn, at least 1.
    seed
        Decides which customers are sampled where there are too many to fit.
    progress
        Called with the share done, in (0, 1].

    Raises
    ------
    ValueError
        When a horizon is below one day.
    """
    if min(value_horizon_days, churn_horizon_days) < 1:
        raise ValueError("a horizon is at least one day")
    days = history.purchase_days()
    summary = summarise(days)
    if not len(summary):
        scores = _Scores(*(np.zeros(0),) * 3, ForecastReport("no_orders", "none", {}))
    elif not summary.x.any():
        scores = _base_rates(summary, value_horizon_days, churn_horizon_days)
    else:
        scores = _lifetime(summary, value_horizon_days, churn_horizon_days, seed)
    progress(1.0)
    return _spread(history, days, summary, scores)


@dataclass(frozen=True, slots=True)
class _Scores:
    """Purchase days and spend in the value horizon and P(no purchase), of buyers only."""

    purchase_days: FloatArray
    spend: FloatArray
    churn: FloatArray
    report: ForecastReport


def _lifetime(
    summary: PurchaseSummary, value_horizon_days: int, churn_horizon_days: int, seed: int
) -> _Scores:
    base = fit_base(summary, seed=seed)
    expected, _ = base.expect(summary, value_horizon_days)
    _, none = base.expect(summary, churn_horizon_days)
    report = ForecastReport("scored", "lifetime models", base.parameters())
    return _Scores(expected, expected * base.spend_per_day(summary), none, report)


def _base_rates(
    summary: PurchaseSummary, value_horizon_days: int, churn_horizon_days: int
) -> _Scores:
    """Give everyone the same rate: nobody has come back, so nothing tells customers apart."""
    exposure = summary.T.sum() + ASSUMED_EXPOSURE_DAYS
    rate_per_day = float(ASSUMED_REPEATS / exposure)
    everyone = np.ones(len(summary))
    expected = everyone * rate_per_day * value_horizon_days
    churn = everyone * np.exp(-rate_per_day * churn_horizon_days)
    parameters = {"poisson": {"rate_per_day": rate_per_day}}
    report = ForecastReport("insufficient_history", "base rate", parameters)
    return _Scores(expected, expected * summary.spend.mean(), churn, report)


def _spread(
    history: OrderHistory, days: PurchaseDays, summary: PurchaseSummary, scores: _Scores
) -> Forecast:
    """Put the buyers' scores in the rows of all customers, and count orders instead of days."""

    def to_all(values: FloatArray) -> FloatArray:
        every = np.full(history.customer_count, np.nan)
        every[summary.customer] = values
        return every

    orders_per_day = days.orders.sum() / max(len(days.orders), 1)
    unknown = np.full(history.customer_count, np.nan)
    return Forecast(
        predicted_orders=to_all(scores.purchase_days * orders_per_day),
        predicted_value=to_all(scores.spend),
        churn_risk=to_all(scores.churn),
        predicted_orders_low=unknown,
        predicted_orders_high=unknown,
        predicted_value_low=unknown,
        predicted_value_high=unknown,
        next_order_days=np.full((history.customer_count, 3), np.nan),
        report=scores.report,
    )
