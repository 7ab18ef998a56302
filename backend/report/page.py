"""The report's template, filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from backend.core.glossary import NO_ORDERS, Metric, Target, left_out
from backend.report import charts, page_words, segment_charts
from backend.report.flow import draw_flow
from backend.results.forecast_report import (
    Backtest,
    ForecastReport,
    Grade,
    GradeMeanings,
    Metrics,
)
from backend.results.run_report import RunReport
from backend.results.segment import Segment
from backend.segments.axes import AXES

METRICS: Mapping[Target, Mapping[Metric, tuple[str, str]]] = {
    Target.VALUE: {
        Metric.SPEND_GINI: ("Gini of spend", "ranks customers by what they spend"),
        Metric.SPEND_DECILE_ERROR: ("Decile error", "predicted against actual by tenths"),
        Metric.ORDERS_RMSE: ("Error in orders", "root mean square per customer"),
    },
    Target.CHURN: {
        Metric.CHURN_LOG_LOSS: ("Log loss", "how much the outcomes surprise"),
        Metric.CHURN_AUC: ("AUC", "ranks the lost above the kept"),
        Metric.CHURN_CALIBRATION_ERROR: ("Calibration error", "predicted against actual"),
    },
}
# The medians that a segment is shown with, and what they are called there.
SHOWN_AXES = {
    "recency_days": "Days since last order",
    "frequency": "Orders",
    "monetary_avg": "Order value",
    "usual_gap_days": "Days between orders",
}
NARROW, WIDE = 335, 940
UNKNOWN = "\N{EN DASH}"


def _amount(value: float | None, form: str = ",.0f") -> str:
    """Write a number; what is unknown is a dash, what rounds to zero has no sign."""
    if value is None:
        return UNKNOWN
    written = format(value, form)
    return written.lstrip("-") if not any(digit in written for digit in "123456789") else written


def _median(value: float | None, axis: str) -> str:
    return UNKNOWN if value is None else AXES[axis].said(value)


def _typeset(text: str | None) -> str:
    """Keep a percent sign with its number."""
    return (text or "").replace(" %", "\N{NO-BREAK SPACE}%")


_environment = Environment(
    loader=PackageLoader("backend", "report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["amount"] = _amount
_environment.filters["typeset"] = _typeset
_environment.filters["left_out"] = left_out


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One measure of the forecast and of the simple rules; each value with whether it is best."""

    name: str
    meaning: str
    better: str
    scores: Sequence[tuple[float | None, bool]]


@dataclass(frozen=True, slots=True)
class ShownBacktest:
    """What the page shows of the trials of one target."""

    title: str
    grade: Grade
    means: GradeMeanings
    tried: Backtest
    charts: Sequence[charts.Chart]
    metrics: Sequence[MetricRow]


@dataclass(frozen=True, slots=True)
class ShownMedian:
    """One median of a segment beside the shop's, as people read it."""

    name: str
    here: str
    shop: str


def render_report(report: RunReport) -> str:
    """Write a run's report as one HTML page.

    Parameters
    ----------
    report
        As it is stored with the run.
    """
    names, shown = report.names, [segment.id for segment in report.segments]
    colour = segment_charts.colours([*shown, *(one for one in names if one not in shown)])
    return _environment.get_template("page.html").render(
        report=report,
        backtests=_backtests(report.forecast),
        segments=[segment for segment in report.segments if segment.id != NO_ORDERS],
        medians=_medians,
        colours=colour,
        dots=segment_charts.space_dots(report.picture, colour, names),
        space=(segment_charts.SPACE_WIDTH, segment_charts.SPACE_HEIGHT),
        narrow=draw_flow(report.moves.flows, colour, names, NARROW),
        wide=draw_flow(report.moves.flows, colour, names, WIDE),
        refit=page_words.refit_in_words(report.clustering),
        lineage=_lineage(report),
        confidence=_mean_confidence(report.segments),
        box=charts,
    )


def _medians(segment: Segment) -> list[ShownMedian]:
    here, shop = segment.characteristics.by_axis(), segment.shop.by_axis()
    return [
        ShownMedian(name, _median(here[axis], axis), _median(shop[axis], axis))
        for axis, name in SHOWN_AXES.items()
    ]


def _lineage(report: RunReport) -> list[str]:
    """Say which segments came and went; that all are new in a first run goes without saying."""
    if all(event.event == "born" and not event.relatives for event in report.lineage):
        return []
    return [page_words.event_in_words(event, report.names) for event in report.lineage]


def _mean_confidence(segments: Sequence[Segment]) -> float | None:
    known = [
        (segment.avg_confidence, segment.customer_count)
        for segment in segments
        if segment.avg_confidence is not None
    ]
    total = sum(count for _, count in known)
    return sum(share * count for share, count in known) / total if total else None


def _backtests(forecast: ForecastReport) -> list[ShownBacktest]:
    """Return what there is to show of value and churn, in this order."""
    value, churn, means = forecast.backtest.value, forecast.backtest.churn, forecast.thresholds
    found = []
    if value is not None:
        plots = [charts.lift_chart(value.lift), charts.spend_chart(value.cutoffs)]
        rows = _metrics(METRICS[Target.VALUE], value.metrics)
        found.append(ShownBacktest("Value", value.grade.value, means.value, value, plots, rows))
    if churn is not None:
        plots = [charts.calibration_chart(churn.calibration), charts.churn_chart(churn.cutoffs)]
        rows = _metrics(METRICS[Target.CHURN], churn.metrics)
        found.append(ShownBacktest("Churn", churn.grade.churn, means.churn, churn, plots, rows))
    return found


def _metrics(
    words: Mapping[Metric, tuple[str, str]], scores: Mapping[str, Metrics]
) -> list[MetricRow]:
    """Return a row per measure, the best of its values marked."""
    rows = []
    for metric, (name, meaning) in words.items():
        values = [score.of(metric) for score in scores.values()]
        best, better = metric.best(values), "higher" if metric.higher_is_better else "lower"
        rows.append(MetricRow(name, meaning, better, [(value, value == best) for value in values]))
    return rows
