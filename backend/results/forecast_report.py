"""How a forecast was made, and how good it is on the shop's own past."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from backend.core.glossary import Metric, Status
from backend.results.root import Result, Share
from backend.results.shop_course import ShopCourse, ShopTotal

Grade = Literal["good", "fair", "weak", "not enough history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades(Result):
    """How good the forecast is on the shop's own past."""

    churn: Grade
    """Of churn risk."""
    value: Grade
    """Of predicted value."""
    overall: Grade
    """The worse of the two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeMeanings(Result):
    """What the grades of one target mean, in words."""

    good: str
    """What is good."""
    fair: str
    """What is fair."""
    weak: str
    """What is weak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds(Result):
    """What the grades mean."""

    churn: GradeMeanings
    """Of churn risk."""
    value: GradeMeanings
    """Of predicted value."""
    not_enough_history: str
    """When nothing can be graded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeanedRule(Result):
    """A simple rule that the forecast leans on."""

    rule: str
    """Its name."""
    weight: float
    """Its share in the forecast, in (0, 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeansOn(Result):
    """Simple rules that do better than the forecast on the shop's past; null where none does."""

    value: LeanedRule | None = None
    """For purchases and spend."""
    churn: LeanedRule | None = None
    """For the chance of buying."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics(Result):
    """How good predictions were, means over the cut-offs; null where outcomes tell nothing."""

    orders_rmse: float | None
    """Root mean square error per customer, purchase days; lower is better."""
    orders_gini: float | None
    """Normalised Gini of purchase days, at most 1; higher is better."""
    spend_rmse: float | None
    """Root mean square error per customer, currency units; lower is better."""
    spend_gini: float | None
    """Normalised Gini of spend, at most 1; higher is better."""
    spend_decile_error: float | None
    """Gap between predicted and actual sums over tenths, per actual total; lower is better."""
    churn_auc: float | None
    """Chance that a lost customer is scored above a kept one, in [0, 1]; higher is better."""
    churn_log_loss: float | None
    """Mean of minus the log of the probability given to what happened; lower is better."""
    churn_calibration_error: float | None
    """Mean gap between predicted and actual share over tenths, in [0, 1]; lower is better."""

    def of(self, metric: Metric) -> float | None:
        """Return one of them."""
        value: float | None = getattr(self, metric)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoffTrial(Result):
    """The forecast as it would have been made on an earlier day, and what then came."""

    date: str
    """The day, ISO 8601."""
    customers: int
    """Customers with an order before it."""
    predicted_purchase_days: float
    """Sum over the customers, days with orders."""
    actual_purchase_days: float
    """What came."""
    predicted_spend: float
    """Sum over the customers, currency units."""
    actual_spend: float
    """What came."""
    level_error: float | None
    """Predicted over actual spend, less 1; null where nothing came."""
    predicted_churn: Share
    """Mean churn risk."""
    actual_churn: Share
    """Share of customers who did not order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBin(Result):
    """A tenth of the customers by churn risk."""

    customers: int
    """How many, over all cut-offs."""
    from_: Share
    """Lowest churn risk."""
    to: Share
    """Highest churn risk."""
    predicted: Share
    """Mean churn risk."""
    actual: Share
    """Share of them who did not order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftBin(Result):
    """A tenth of the customers by predicted spend."""

    customers: int
    """How many, over all cut-offs."""
    predicted: float
    """Mean predicted spend, currency units."""
    actual: float
    """Mean actual spend, currency units."""
    share_of_spend: Share
    """Their part of all actual spend; 0 where nothing came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrongestRules(Result):
    """The simple rules that do best on the shop's past; null where there is none."""

    churn: str | None
    """By log loss."""
    value: str | None
    """By Gini of spend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest(Result):
    """The forecast tried on the shop's own past, at one horizon."""

    horizon_days: int
    """Length of the trials' horizon; half the history where that is shorter than the
    forecast's."""
    cutoffs: tuple[CutoffTrial, ...]
    """What was predicted and what came, the latest first."""
    metrics: Mapping[str, Metrics]
    """Of the forecast, under "forecast", and of each simple rule, under its name."""
    strongest_rule: StrongestRules
    """What the forecast has to beat."""
    calibration: tuple[CalibrationBin, ...]
    """Ten equally large groups of customers by churn risk, the lowest first."""
    lift: tuple[LiftBin, ...]
    """Ten equally large groups by predicted spend, the highest first."""
    grade: Grades
    """In words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtests(Result):
    """Trials at the two horizons, the same one where these are equal; null where none was run."""

    value: Backtest | None = None
    """At the value horizon."""
    churn: Backtest | None = None
    """At the churn horizon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelCorrections(Result):
    """Corrections that are the same for all customers; null where none were learnt."""

    orders: float | None = None
    """Added to the log of expected purchase days."""
    spend: float | None = None
    """Added to the log of expected spend, besides `orders`."""
    buy: float | None = None
    """Added to the log odds of buying at all, besides `orders`."""
    year_ago: bool | None = None
    """Whether `orders` comes from the same season a year ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareInside(Result):
    """How many outcomes lay where they should."""

    overall: Share
    """Of all customers of all trials."""
    by_tenth_of_prediction: tuple[Share, ...]
    """Of each tenth by prediction, the lowest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalLevelErrors(Result):
    """How far the level of all predictions was off, typically, as a log factor; at least 0."""

    orders: float
    """Of purchase days."""
    value: float
    """Of spend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalCoverage(Result):
    """How the 80 % intervals did on the trials they were calibrated on; null without trials."""

    wanted: Share | None = None
    """Share of outcomes that should lie in their interval."""
    counted: str | None = None
    """What counts as inside, in words."""
    orders: ShareInside | None = None
    """Purchase days inside their interval."""
    value: ShareInside | None = None
    """Spend inside its interval."""
    nothing: ShareInside | None = None
    """Customers who ordered nothing."""
    typical_level_error: TypicalLevelErrors | None = None
    """What the intervals have to allow for besides customers' own chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastReport(Result):
    """How the forecast was made, and how good it is on the shop's own past."""

    status: Status
    """scored; insufficient_history when nobody has bought twice, so that every customer has the
    same base rate; no_orders when there is nothing to forecast from."""
    model: str
    """What was used, in words."""
    value_horizon_days: int
    """Days after `as_of` that predicted orders and value are about, at least 1."""
    churn_horizon_days: int
    """Days after `as_of` without an order that count as churn, at least 1."""
    grade: Grades
    """In words."""
    thresholds: Thresholds
    """What the grades mean."""
    leans_on: LeansOn
    """Simple rules that are mixed in."""
    spend_power: float
    """Power applied to predicted spend at an unchanged total; 1 changes nothing."""
    level: LevelCorrections
    """Corrections that are the same for all customers."""
    parameters: Mapping[str, Mapping[str, float]]
    """Fitted parameters by model, times in days; empty where nothing was fitted."""
    backtest: Backtests
    """Trials at the two horizons."""
    interval_coverage: IntervalCoverage
    """How the intervals did."""
    notes: tuple[str, ...]
    """Sentences a person should read."""
    total: ShopTotal | None = None
    """What all customers known by now are to spend together; null where nobody has ordered, and in
    reports of versions that kept none."""
    course: ShopCourse | None = None
    """The last year beside the one before; null where the history has no two years, and
    likewise."""
