"""What the report calls its measures, medians and plots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from backend.core.glossary import Metric, Target
from backend.results.run_report import RunReport
from backend.wording.dates import counted, horizon

PREDICTED, ACTUAL = "predicted", "actual"
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
TITLES: Mapping[Target, str] = {Target.VALUE: "Value", Target.CHURN: "Churn"}


WORTH_DOING = "Worth doing"
NO_SUMS = "This run was made by a version that kept no sums: its money cannot be told any more."
SEGMENT, CUSTOMERS, ORDERS = "Segment", "Customers", "Orders"
BROUGHT, EXPECTED, AT_RISK = "So far", "Expected", "At risk"
ALL = "All"
READ = "What was read and left out"
LEFT_OUT = "Orders left out"
ALL_COUNTED = "Every order counted."


def about_day(day: str) -> str:
    """Name a report."""
    return f"Customer intelligence as of {day}"


def was_read(report: RunReport) -> str:
    """Say what a run read."""
    people, with_orders = report.customers.total, report.customers.with_orders
    return (
        f"{counted(people, 'customer')}, {with_orders:,} of them with orders; "
        f"{counted(report.orders.counted, 'order')} counted."
    )


def about_run(report: RunReport) -> str:
    """Say which run a report is of."""
    return f"Run {report.run_id}, as of {report.as_of.isoformat()}."


def amounts_in(currency: str | None, days: int) -> str:
    """Say what the amounts of segments are."""
    told = f"Expected and at risk: in the next {horizon(days)}."
    return told if currency is None else f"Amounts in {currency}. {told}"


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


@dataclass(frozen=True, slots=True)
class MapWords:
    """What stands at the axes of the segments' map, and what describes it."""

    title: str
    described: str
    across: str
    up: str

    def with_currency(self, currency: str | None) -> str:
        """Say what goes up, with the currency where it is known."""
        return self.up if currency is None else f"{self.up}, {currency}"


MAP = MapWords(
    "Where the segments live",
    "A sample of customers, each beside their place by a hair, so that those who are alike can be "
    "told apart. Both axes grow by multiples.",
    "time since the last order",
    "spent so far",
)
SPANS = ((365, "y"), (30, "mo"), (7, "w"))


def since_last_order(days: int) -> str:
    """Write a round number of days for an axis, such as "now", "1 w", "3 mo" or "1 y"."""
    if not days:
        return "now"
    size, unit = next(((size, unit) for size, unit in SPANS if days >= size), (1, "d"))
    return f"{days // size}{NARROW_SPACE}{unit}"


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
