"""What the report calls its measures, medians and plots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from backend.core.glossary import Metric, Target

PREDICTED, ACTUAL = "predicted", "actual"
TITLES: Mapping[Target, str] = {Target.VALUE: "Value", Target.CHURN: "Churn"}


@dataclass(frozen=True, slots=True)
class MetricWords:
    """What a metric is called, and what it measures."""

    name: str
    meaning: str


METRICS: Mapping[Metric, MetricWords] = {
    Metric.ORDERS_RMSE: MetricWords("Error in orders", "root mean square per customer"),
    Metric.ORDERS_GINI: MetricWords("Gini of orders", "ranks customers by how often they buy"),
    Metric.SPEND_RMSE: MetricWords("Error in spend", "root mean square per customer"),
    Metric.SPEND_GINI: MetricWords("Gini of spend", "ranks customers by what they spend"),
    Metric.SPEND_DECILE_ERROR: MetricWords("Decile error", "predicted against actual by tenths"),
    Metric.CHURN_AUC: MetricWords("AUC", "ranks the lost above the kept"),
    Metric.CHURN_LOG_LOSS: MetricWords("Log loss", "how much the outcomes surprise"),
    Metric.CHURN_CALIBRATION_ERROR: MetricWords("Calibration error", "predicted against actual"),
}
# The medians that a segment is shown with, and what they are called there.
MEDIANS: Mapping[str, str] = {
    "recency_days": "Days since last order",
    "frequency": "Orders",
    "monetary_avg": "Order value",
    "usual_gap_days": "Days between orders",
}


def which_is_better(metric: Metric) -> str:
    """Say in which direction a metric is better."""
    return "higher" if metric.higher_is_better else "lower"


@dataclass(frozen=True, slots=True)
class ChartWords:
    """What stands above a plot, what describes it, and what stands below its axis."""

    title: str
    described: str
    across: str

    def adding(self, sentence: str) -> Self:
        """Describe it in one more sentence."""
        return replace(self, described=f"{self.described} {sentence}")

    def with_amounts_in(self, currency: str | None) -> Self:
        """Name the currency, where it is known."""
        return self if currency is None else self.adding(f"Amounts are in {currency}.")


CALIBRATION = ChartWords(
    "Calibration of churn risk",
    "Ten groups of customers by predicted risk: what was predicted (across) and what "
    "came true (up). On the dashed line both agree.",
    PREDICTED,
)
LIFT = ChartWords(
    "Lift",
    "Mean spend per customer, predicted and actual, in ten groups of equal size: those with "
    "the highest predicted value first.",
    "tenth of customers, best first",
)
_BY_CUTOFF = "The forecast as it would have been made on these days, and what then came."
SPEND = ChartWords("Spend by cut-off", _BY_CUTOFF, "forecast made on")
CHURN = ChartWords("Customers lost by cut-off", _BY_CUTOFF, "forecast made on")


def calibration_point(predicted: float, actual: float, customers: int) -> str:
    """Say what a point of the calibration stands for."""
    return f"predicted {predicted:.0%}, came true {actual:.0%}, {customers:,} customers"


def level_errors(errors: Sequence[float | None]) -> str:
    """Say by how much predictions missed, one per cut-off; None where nothing came."""
    told = ("nothing came" if error is None else f"{error:+.0%}" for error in errors)
    return f"Predicted against actual: {', '.join(told)}."


def bar_label(place: str, kind: str, written: str) -> str:
    """Say what a bar stands for."""
    return f"{place}: {kind} {written}"


def flow_label(customers: int, origin: str, target: str) -> str:
    """Say who moved from one segment to another."""
    return f"{customers:,} from {origin} to {target}"


def short(value: float) -> str:
    """Write a number so that it fits beside an axis."""
    for limit, unit in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"
