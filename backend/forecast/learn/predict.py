"""From a shop's history to orders, spend and churn of each of its customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from functools import partial
from itertools import islice
from threading import Lock
from typing import Any, TypeVar

import numpy as np

from backend.behaviour.customer_facts import CustomerFacts
from backend.behaviour.history import OrderHistory, PurchaseDays
from backend.core.glossary import Status
from backend.core.threads import one_thread, side_by_side
from backend.forecast.forecast_columns import ForecastColumns
from backend.forecast.forecast_model import (
    BaseRate,
    ForecastHorizons,
    ForecastModel,
    Predicted,
    Recipe,
)
from backend.forecast.horizon_model import HorizonModel
from backend.forecast.influence import limited_mean
from backend.forecast.intervals import IntervalModel
from backend.forecast.learn.backtest.grades import make_report
from backend.forecast.learn.backtest.spend_power import best_spend_power
from backend.forecast.learn.backtest.trials import Trial, trials_to_run
from backend.forecast.learn.blend import Foresee, fit_horizon, foresee_at_once, settle
from backend.forecast.learn.distil import fit_explainer
from backend.forecast.learn.fit_sample import rows_to_settle_by
from backend.forecast.learn.forecast_tuning import TUNED, ForecastTuning
from backend.forecast.learn.learnt_forecast import Forecast
from backend.forecast.learn.lifetime_base import FittedBases
from backend.forecast.learn.self_report import self_report
from backend.forecast.learn.spread import Spread, fit_spread
from backend.forecast.learn.whole_shop import total_of_shop
from backend.forecast.learn.year_over_year import course_of
from backend.forecast.lifetime import summarise
from backend.forecast.prediction import Prediction, SpendPower
from backend.results.forecast_report import Backtest, Backtests, ForecastReport, LevelCorrections
from backend.results.shop_course import ShopCourse, ShopTotal

# What a shop without any repeat purchase is assumed to have seen besides: half a repeat purchase
# in one customer-year (the half is Jeffreys' prior for a Poisson rate).
ASSUMED_REPEATS = 0.5
ASSUMED_EXPOSURE_DAYS = 365.0
# Below it, everything that the whole shop alone can tell is learnt from the whole shop.
FIT_CUSTOMERS = 1_000_000

Progress = Callable[[float], None]
Answer = TypeVar("Answer")


def _ignore(_: float) -> None:
    """Report progress to nobody."""


def forecast(
    history: OrderHistory,
    *,
    value_horizon_days: int = 365,
    churn_horizon_days: int = 180,
    seed: int = 0,
    tuning: ForecastTuning = TUNED,
    fit_customers: int = FIT_CUSTOMERS,
    foresee: Foresee = foresee_at_once,
    threads: int = 1,
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
    fit_customers
        With more buyers, totals of the shop are learnt from a sample of so many.
    foresee
        What predicts for all buyers.
    threads
        How many fits are made at once, at least 1.
    progress
        Called with the share done, in (0, 1].

    Raises
    ------
    ValueError
        When a horizon is below one day.
    """
    if min(value_horizon_days, churn_horizon_days) < 1:
        raise ValueError("a horizon is at least one day")
    horizons = ForecastHorizons(value_horizon_days, churn_horizon_days)
    if not len(history.amount):
        return _nothing(history, horizons)
    fitting = _Fitting(seed, tuning, fit_customers, foresee, threads)
    result = _with_facts(history, *_told(history, horizons, fitting, progress))
    progress(1.0)
    return result


def _told(
    history: OrderHistory, horizons: ForecastHorizons, fitting: _Fitting, progress: Progress
) -> tuple[ForecastColumns, ForecastModel, ForecastReport]:
    """Learn from all purchase days, which are let go of then: those of a million take 160 MB."""
    learnt = _learnt(history.purchase_days(), horizons, fitting, progress)
    columns = learnt.model.told(learnt.predicted, history.customer_count)
    return columns, learnt.model, learnt.report


def _learnt(
    days: PurchaseDays, horizons: ForecastHorizons, fitting: _Fitting, progress: Progress
) -> _Learnt:
    if days.counts.max() == 1:
        return _base_rates(days, horizons)
    with one_thread():
        return _recipe(days, horizons, fitting, progress)


@dataclass(frozen=True, slots=True)
class _Fitting:
    """What of a fit is neither data nor horizon."""

    seed: int
    tuning: ForecastTuning
    fit_customers: int
    foresee: Foresee
    threads: int


@dataclass(frozen=True, slots=True)
class _Learnt:
    """The model of a whole shop, what it predicts of its buyers, and what it says of itself."""

    model: ForecastModel
    predicted: Predicted
    report: ForecastReport


@dataclass(frozen=True, slots=True)
class _Fitted:
    """The recipe fitted for one horizon, with its trials and the power of spend they taught."""

    model: HorizonModel
    trials: list[Trial]
    spend_power: float
    report: Backtest | None

    def tried(self) -> list[Prediction]:
        """Return the trials' predictions, spread as they taught."""
        return _spread(self.trials, self.spend_power)


def _recipe(
    days: PurchaseDays, horizons: ForecastHorizons, fitting: _Fitting, progress: Progress
) -> _Learnt:
    sample = _sample(days, fitting.tuning.most_customers, fitting.seed)
    value, churn = _both(sample, horizons, fitting, lambda done: progress(0.85 * done))
    spreading = partial(fit_spread, value.trials, value.tried(), fitting.tuning)
    settling = partial(_settled, value, churn, days, horizons, fitting)
    work: list[Callable[[], Any]] = [settling, spreading]
    (recipe, predicted), spread = side_by_side(work, fitting.threads)
    progress(0.95)
    expected = float(predicted.value.spend.sum())
    total = total_of_shop(expected, value.trials, value.tried(), fitting.tuning.total)
    return _Learnt(
        _model(Status.SCORED, days, recipe, spread.over(predicted.value)),
        predicted,
        _report(value, churn, spread, horizons, total, course_of(days)),
    )


def _settled(
    value: _Fitted,
    churn: _Fitted,
    days: PurchaseDays,
    horizons: ForecastHorizons,
    fitting: _Fitting,
) -> tuple[Recipe, Predicted]:
    """Settle what the whole shop alone can tell, and predict for all of it on the way."""
    over = rows_to_settle_by(days, fitting.fit_customers, fitting.seed)
    settling = partial(settle, tuning=fitting.tuning.blend, over=over)
    value_model, before_power = settling(value.model, fitting.foresee(value.model, days))
    power = SpendPower.over(before_power, value.spend_power)
    prediction = power.applied(before_power)
    if horizons.equal:
        recipe = Recipe(value_model, None, power, horizons)
        return recipe, recipe.told(days, prediction, None)
    churn_model, left = settling(churn.model, fitting.foresee(churn.model, days))
    recipe = Recipe(value_model, churn_model, power, horizons)
    return recipe, recipe.told(days, prediction, left)


def _both(
    days: PurchaseDays, horizons: ForecastHorizons, fitting: _Fitting, progress: Progress
) -> tuple[_Fitted, _Fitted]:
    """Fit the recipe for both horizons, and try it on the past: nothing of it waits for another."""
    known = _Known(days, FittedBases(fitting.tuning.lifetime))
    tried = known.sample(fitting)
    asked = [(horizons.value_days, True), (horizons.churn_days, False)]
    wanted = asked[:1] if horizons.equal else asked
    each = [_to_fit(known, tried, *one, fitting) for one in wanted]
    done = _Done(sum(map(len, each)), progress)
    work = [partial(done.after, one) for parts in each for one in parts]
    found = iter(side_by_side(work, fitting.threads))
    apart = [[*islice(found, len(parts))] for parts in each]
    judging = [partial(_with_trials, one, fitting.tuning) for one in apart]
    fits = side_by_side(judging, fitting.threads)
    return fits[0], fits[-1]


@dataclass(frozen=True, slots=True)
class _Known:
    """Purchase days to learn from, and what is fitted to them or to those before a day."""

    days: PurchaseDays
    bases: FittedBases

    def sample(self, fitting: _Fitting) -> _Known:
        """Return those that the recipe is tried on."""
        days = _sample(self.days, fitting.tuning.trials.most_customers, fitting.seed)
        return self if days is self.days else _Known(days, FittedBases(fitting.tuning.lifetime))


def _to_fit(
    known: _Known, tried: _Known, horizon_days: int, purchases: bool, fitting: _Fitting
) -> list[Callable[[], Any]]:
    """Return what fits to all that is known, and what fits and predicts at earlier cut-offs."""
    how: dict[str, Any] = {"seed": fitting.seed, "purchases": purchases, "tuning": fitting.tuning}
    trials = trials_to_run(tried.days, horizon_days, bases=tried.bases, **how)
    return [partial(fit_horizon, known.days, horizon_days, bases=known.bases, **how), *trials]


def _with_trials(found: list[Any], tuning: ForecastTuning) -> _Fitted:
    model, *tried = found
    trials = [one for one in tried if one is not None]
    power = best_spend_power(trials, tuning.power)
    return _Fitted(model, trials, power, make_report(trials, _spread(trials, power)))


class _Done:
    """Tells what share of some work is done."""

    def __init__(self, parts: int, progress: Progress) -> None:
        self._ended = (part / parts for part in range(1, parts + 1))
        self._progress = progress
        self._lock = Lock()

    def after(self, work: Callable[[], Answer]) -> Answer:
        """Do a part of it, and tell."""
        answer = work()
        with self._lock:
            self._progress(next(self._ended))
        return answer


def _spread(trials: list[Trial], spend_power: float) -> list[Prediction]:
    return [t.prediction.with_spend_power(spend_power) for t in trials]


def _sample(days: PurchaseDays, most: int, seed: int) -> PurchaseDays:
    """Keep the purchase days of at most so many buyers, chosen by seed."""
    buyers = days.buyers
    if len(buyers) <= most:
        return days
    return days.of(np.random.default_rng(seed).choice(buyers, most, replace=False))


def _report(
    value: _Fitted,
    churn: _Fitted,
    spread: Spread,
    horizons: ForecastHorizons,
    total: ShopTotal,
    course: ShopCourse | None,
) -> ForecastReport:
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
        total=total,
        course=course,
    )


def _model(
    status: Status, days: PurchaseDays, how: Recipe | BaseRate, intervals: IntervalModel
) -> ForecastModel:
    orders_per_day = float(days.orders.sum() / len(days.orders))
    return ForecastModel(status=status, how=how, intervals=intervals, orders_per_day=orders_per_day)


def _base_rates(days: PurchaseDays, horizons: ForecastHorizons) -> _Learnt:
    """Give everyone the same rate: nobody has come back, so nothing tells customers apart."""
    summary = summarise(days)
    exposure = summary.T.sum() + ASSUMED_EXPOSURE_DAYS
    per_day = float(ASSUMED_REPEATS / exposure)
    rate = BaseRate(per_day, limited_mean(summary.spend), horizons)
    predicted = rate.predict(days)
    return _Learnt(
        _model(Status.INSUFFICIENT_HISTORY, days, rate, fit_spread([], []).over(predicted.value)),
        predicted,
        self_report(
            Status.INSUFFICIENT_HISTORY,
            "base rate",
            value_horizon_days=horizons.value_days,
            churn_horizon_days=horizons.churn_days,
            parameters={"poisson": {"rate_per_day": per_day}},
            total=total_of_shop(float(predicted.value.spend.sum()), [], []),
            course=course_of(days),
        ),
    )


def _nothing(history: OrderHistory, horizons: ForecastHorizons) -> Forecast:
    report = self_report(
        Status.NO_ORDERS,
        "none",
        value_horizon_days=horizons.value_days,
        churn_horizon_days=horizons.churn_days,
        parameters={},
    )
    columns = ForecastColumns.unknown(history.customer_count)
    return _with_facts(history, columns, None, report)


def _with_facts(
    history: OrderHistory,
    columns: ForecastColumns,
    model: ForecastModel | None,
    report: ForecastReport,
) -> Forecast:
    facts = CustomerFacts.of(history)
    return Forecast(
        **{one.name: getattr(columns, one.name) for one in fields(columns)},
        model=model,
        facts=facts,
        explainer=fit_explainer(facts, columns.churn_risk, columns.predicted_value),
        report=report,
    )
