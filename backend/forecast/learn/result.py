"""What a forecast says of every customer, and of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from backend.behaviour.customer_facts import CustomerFacts
from backend.core.arrays import FloatArray
from backend.forecast.explainer import Explainer
from backend.forecast.learn.backtest.grades import FORECAST, THRESHOLDS, BacktestReport

Status = Literal["scored", "insufficient_history", "no_orders"]


@dataclass(frozen=True, slots=True)
class ForecastReport:
    """How the forecast was made, and how good it is on the shop's own past.

    Attributes
    ----------
    status
        "scored"; "insufficient_history" when nobody has bought twice, so that every customer has
        the same base rate; "no_orders" when there is nothing to forecast from.
    model
        What was used, in words.
    value_horizon_days, churn_horizon_days
        Days after `as_of` the forecast is about.
    parameters
        Fitted parameters, by model.
    level
        Log factors applied to all customers alike.
    spend_power
        Power of predicted spend that the trials taught, at an unchanged total.
    value, churn
        Trials at the two horizons; the same one where these are equal, None where none could be
        run.
    coverage
        How the 80 % intervals did on the trials they were calibrated on.
    notes
        Sentences a person should read.
    """

    status: Status
    model: str
    value_horizon_days: int
    churn_horizon_days: int
    parameters: dict[str, dict[str, float]] = field(default_factory=dict)
    level: dict[str, float | bool] = field(default_factory=dict)
    spend_power: float = 1.0
    value: BacktestReport | None = None
    churn: BacktestReport | None = None
    coverage: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def grade(self) -> dict[str, str]:
        """Grade in words of "churn", "value" and "overall"."""
        unknown = "not enough history"
        churn = self.churn.grades["churn"] if self.churn else unknown
        value = self.value.grades["value"] if self.value else unknown
        worst = max(churn, value, key=["good", "fair", "weak", unknown].index)
        return {"churn": churn, "value": value, "overall": worst}

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {
            "status": self.status,
            "model": self.model,
            "value_horizon_days": self.value_horizon_days,
            "churn_horizon_days": self.churn_horizon_days,
            "grade": self.grade,
            "thresholds": THRESHOLDS,
            "spend_power": self.spend_power,
            "level": self.level,
            "parameters": self.parameters,
            "backtest": {
                "value": self.value.as_dict() if self.value else None,
                "churn": self.churn.as_dict() if self.churn else None,
            },
            "interval_coverage": self.coverage,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Forecast:
    """Arrays of shape (customers,); NaN where a customer has no counted order.

    Attributes
    ----------
    predicted_orders
        Expected counted orders within the value horizon after `as_of`, at least 0.
    predicted_value
        Expected sum of those orders, currency units, at least 0.
    churn_risk
        Probability in [0, 1] of no counted order within the churn horizon after `as_of`.
    predicted_orders_low, predicted_orders_high, predicted_value_low, predicted_value_high
        80 % interval of what will come. The expectation may lie above it: most customers order
        nothing, a few much.
    next_order_days
        Shape (customers, 3), days from `as_of` to the next order: 10, 50 and 90 % quantiles; NaN
        where the chance of no order within the value horizon is too high for the quantile.
    facts
        What explanations are told in.
    explainer
        The distilled forecast; None where nobody has ordered.
    report
        How the forecast was made, and how good it is.
    """

    predicted_orders: FloatArray
    predicted_value: FloatArray
    churn_risk: FloatArray
    predicted_orders_low: FloatArray
    predicted_orders_high: FloatArray
    predicted_value_low: FloatArray
    predicted_value_high: FloatArray
    next_order_days: FloatArray
    facts: CustomerFacts
    explainer: Explainer | None
    report: ForecastReport


def make_notes(
    value: BacktestReport | None,
    churn: BacktestReport | None,
    *,
    season_known: bool,
) -> tuple[str, ...]:
    """Say what a person should know before they rely on the numbers."""
    notes = []
    if value is None or churn is None:
        notes.append("The history is too short to try the forecast on the shop's own past.")
    if not season_known:
        notes.append(
            "The shop has no record of this season a year ago: how much it will sell in all is "
            "uncertain; who buys more than whom is not affected."
        )
    notes += [_beaten(churn, "churn", "churn_log_loss"), _beaten(value, "value", "spend_gini")]
    return tuple(note for note in notes if note)


def _beaten(report: BacktestReport | None, target: str, metric: str) -> str:
    """Admit it where a simple rule still does better."""
    if report is None:
        return ""
    own = report.scores[FORECAST][metric]
    better = [
        name
        for name, scores in report.scores.items()
        if name != FORECAST
        and own is not None
        and (theirs := scores[metric]) is not None
        and (theirs > own if metric.endswith("gini") else theirs < own)
    ]
    return f'For {target}, the simple rule "{better[0]}" does better on the past.' if better else ""
