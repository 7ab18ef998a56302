"""From a shop's history to orders, spend and churn of each of its customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import logit

from backend.behaviour.customer_facts import CustomerFacts
from backend.behaviour.history import OrderHistory, PurchaseDays
from backend.core.arrays import FloatArray
from backend.core.glossary import Status
from backend.core.threads import one_thread
from backend.forecast.learn.backtest.grades import make_report
from backend.forecast.learn.backtest.spend_power import best_spend_power
from backend.forecast.learn.backtest.trials import Trial, run_trials
from backend.forecast.learn.blend import HorizonModel, Prediction, fit_horizon
from backend.forecast.learn.distil import fit_explainer
from backend.forecast.learn.forecast_columns import Forecast
from backend.forecast.learn.forecast_tuning import TUNED, ForecastTuning
from backend.forecast.learn.influence import limited_mean
from backend.forecast.learn.lifetime import summarise
from backend.forecast.learn.next_order import QUANTILES, next_purchase_days
from backend.forecast.learn.self_report import self_report
from backend.forecast.learn.spread import Intervals, Spread, fit_spread
from backend.results.forecast_report import Backtest, Backtests, ForecastReport, LevelCorrections

# What a shop without any repeat purchase is assumed to have seen besides: half a repeat purchase
# in one customer-year (the half is Jeffreys' prior for a Poisson rate).
ASSUMED_REPEATS = 0.5
ASSUMED_EXPOSURE_DAYS = 365.0

Progress = Callable[[float], None]


def _ignore(_: float) -> None:
    """Report progress to nobody."""


def forecast(
    history: OrderHistory,
    *,
    value_horizon_days: int = 365,
    churn_horizon_days: int = 180,
    seed: int = 0,
    tuning: ForecastTuning = TUNED,
    progress: Progress = _ignore,
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
        Decides which customers are sampled where there are many, and boosting's features.
    tuning
        What may be tried otherwise.
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
    horizons = _Horizons(value_horizon_days, churn_horizon_days)
    if not len(days.day):
        scores = _nothing(horizons)
    elif days.counts.max() == 1:
        scores = _base_rates(days, horizons)
    else:
        with one_thread():
            scores = _recipe(days, horizons, _Fitting(seed, tuning), progress)
    result = _spread_over_customers(history, days, scores)
    progress(1.0)
    return result


@dataclass(frozen=True, slots=True)
class _Horizons:
    value_days: int
    churn_days: int

    @property
    def equal(self) -> bool:
        return self.value_days == self.churn_days

    def in_order(self, none: FloatArray, churn: FloatArray) -> FloatArray:
        """Return the chance of no order in the value horizon, bounded by that in the churn horizon.

        The two are learnt apart; nobody who orders within the shorter does not within the longer.
        """
        longer = self.value_days >= self.churn_days
        return np.minimum(none, churn) if longer else np.maximum(none, churn)


@dataclass(frozen=True, slots=True)
class _Fitting:
    """What of a fit is neither data nor horizon."""

    seed: int
    tuning: ForecastTuning


@dataclass(frozen=True, slots=True)
class _Scores:
    """Of buyers only, in purchase days within the value horizon; churn is none in its own."""

    prediction: Prediction
    churn: FloatArray
    none: FloatArray
    intervals: Intervals
    next_purchase_days: FloatArray
    report: ForecastReport


@dataclass(frozen=True, slots=True)
class _Fitted:
    """The recipe fitted for one horizon, with its trials and the power of spend they taught."""

    model: HorizonModel
    trials: list[Trial]
    spend_power: float
    report: Backtest | None

    def predict(self, days: PurchaseDays) -> Prediction:
        """Predict for all buyers, spend spread as the trials taught."""
        return self.model.predict(days).with_spend_power(self.spend_power)

    def tried(self) -> list[Prediction]:
        """Return the trials' predictions, spread likewise."""
        return _spread(self.trials, self.spend_power)


def _recipe(
    days: PurchaseDays, horizons: _Horizons, fitting: _Fitting, progress: Progress
) -> _Scores:
    sample = _sample(days, fitting.tuning.most_customers, fitting.seed)
    share = 0.85 if horizons.equal else 0.55
    value = _fit(sample, horizons.value_days, fitting, True, lambda done: progress(share * done))
    churn = value
    if not horizons.equal:
        churn = _fit(
            sample, horizons.churn_days, fitting, False, lambda done: progress(0.55 + 0.3 * done)
        )
    prediction = value.predict(days)
    left = prediction if horizons.equal else churn.predict(days)
    progress(0.95)
    spread = fit_spread(value.trials, value.tried(), fitting.tuning)
    return _Scores(
        prediction=prediction,
        churn=left.none,
        none=horizons.in_order(prediction.none, left.none),
        intervals=spread.intervals(prediction),
        next_purchase_days=_next_purchases(value.model, days, prediction, left, horizons),
        report=_report(value, churn, spread, horizons),
    )


def _fit(
    days: PurchaseDays, horizon_days: int, fitting: _Fitting, purchases: bool, progress: Progress
) -> _Fitted:
    seed, tuning = fitting.seed, fitting.tuning
    model = fit_horizon(days, horizon_days, seed=seed, purchases=purchases, tuning=tuning)
    progress(0.4)
    trials = run_trials(
        _sample(days, tuning.trials.most_customers, seed),
        horizon_days,
        seed=seed,
        purchases=purchases,
        tuning=tuning,
        progress=lambda done: progress(0.4 + 0.6 * done),
    )
    power = best_spend_power(trials, tuning.power)
    return _Fitted(model, trials, power, make_report(trials, _spread(trials, power)))


def _spread(trials: list[Trial], spend_power: float) -> list[Prediction]:
    return [t.prediction.with_spend_power(spend_power) for t in trials]


def _sample(days: PurchaseDays, most: int, seed: int) -> PurchaseDays:
    """Keep the purchase days of at most so many buyers, chosen by seed."""
    buyers = days.buyers
    if len(buyers) <= most:
        return days
    return days.of(np.random.default_rng(seed).choice(buyers, most, replace=False))


def _next_purchases(
    model: HorizonModel,
    days: PurchaseDays,
    prediction: Prediction,
    left: Prediction,
    horizons: _Horizons,
) -> FloatArray:
    """Quantiles of the wait, anchored at the longer horizon's chance of a purchase."""
    longest = prediction if horizons.value_days >= horizons.churn_days else left
    horizon = max(horizons.value_days, horizons.churn_days)
    return next_purchase_days(model.base.mbg_nbd, summarise(days), longest.buy_logit, horizon)


def _report(value: _Fitted, churn: _Fitted, spread: Spread, horizons: _Horizons) -> ForecastReport:
    boosted = value.model.buy is not None
    return self_report(
        Status.SCORED,
        "lifetime models and gradient boosting" if boosted else "lifetime models",
        value_horizon_days=horizons.value_days,
        churn_horizon_days=horizons.churn_days,
        parameters=value.model.base.parameters(),
        level=LevelCorrections(**asdict(value.model.level)),
        spend_power=value.spend_power,
        backtest=Backtests(value=value.report, churn=churn.report),
        coverage=spread.coverage,
    )


def _base_rates(days: PurchaseDays, horizons: _Horizons) -> _Scores:
    """Give everyone the same rate: nobody has come back, so nothing tells customers apart."""
    summary = summarise(days)
    exposure = summary.T.sum() + ASSUMED_EXPOSURE_DAYS
    rate_per_day = float(ASSUMED_REPEATS / exposure)
    everyone = np.ones(len(summary))
    expected = rate_per_day * horizons.value_days
    prediction = Prediction(
        summary.customer,
        everyone * expected,
        everyone * expected * limited_mean(summary.spend),
        everyone * float(logit(-np.expm1(-expected))),
    )
    report = self_report(
        Status.INSUFFICIENT_HISTORY,
        "base rate",
        value_horizon_days=horizons.value_days,
        churn_horizon_days=horizons.churn_days,
        parameters={"poisson": {"rate_per_day": rate_per_day}},
    )
    return _Scores(
        prediction,
        everyone * np.exp(-rate_per_day * horizons.churn_days),
        everyone * np.exp(-expected),
        fit_spread([], []).intervals(prediction),
        np.tile(_exponential_waits(rate_per_day, horizons), (len(summary), 1)),
        report,
    )


def _nothing(horizons: _Horizons) -> _Scores:
    report = self_report(
        Status.NO_ORDERS,
        "none",
        value_horizon_days=horizons.value_days,
        churn_horizon_days=horizons.churn_days,
        parameters={},
    )
    none = np.zeros(0)
    prediction = Prediction(np.zeros(0, dtype=np.int64), none, none, none)
    return _Scores(prediction, none, none, Intervals(*(none,) * 4), np.zeros((0, 3)), report)


def _exponential_waits(rate_per_day: float, horizons: _Horizons) -> FloatArray:
    waits = -np.log1p(-np.array(QUANTILES)) / rate_per_day
    return np.where(waits <= max(horizons.value_days, horizons.churn_days), waits, np.nan)


def _spread_over_customers(history: OrderHistory, days: PurchaseDays, scores: _Scores) -> Forecast:
    """Put the buyers' scores in the rows of all customers, and count orders instead of days."""
    buyers = scores.prediction.customer
    orders_per_day = float(days.orders.sum() / max(len(days.orders), 1))

    def to_all(values: FloatArray) -> FloatArray:
        every = np.full((history.customer_count, *values.shape[1:]), np.nan)
        every[buyers] = values
        return every

    facts = CustomerFacts.of(history)
    churn, value = to_all(scores.churn), to_all(scores.prediction.spend)
    intervals = scores.intervals
    return Forecast(
        predicted_orders=to_all(scores.prediction.purchase_days * orders_per_day),
        predicted_value=value,
        churn_risk=churn,
        no_order_chance=to_all(scores.none),
        predicted_orders_low=to_all(np.round(intervals.purchase_days_low * orders_per_day)),
        predicted_orders_high=to_all(np.round(intervals.purchase_days_high * orders_per_day)),
        predicted_value_low=to_all(intervals.spend_low),
        predicted_value_high=to_all(intervals.spend_high),
        next_order_days=to_all(scores.next_purchase_days),
        facts=facts,
        explainer=fit_explainer(facts, churn, value),
        report=scores.report,
    )
