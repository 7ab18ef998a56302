"""The report's template, filled in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from jinja2 import PackageLoader

from backend.core.glossary import NO_ORDERS, Fate, Target
from backend.report import charts, segment_charts
from backend.report.flow import draw_flow
from backend.report.measures import MetricRow, measured
from backend.report.money_by_segment import money_by_segment
from backend.report.segment_colours import colour_of
from backend.report.templates import templates
from backend.report.told_today import told_today
from backend.results.forecast_report import (
    Backtest,
    ForecastReport,
    Grade,
    GradeMeanings,
)
from backend.results.run_report import RunReport
from backend.results.segment import Segment
from backend.wording import report_sentences as words
from backend.wording.dates import day
from backend.wording.money import UNKNOWN, in_currency
from backend.wording.order_reasons import left_out
from backend.wording.report_sentences import MEDIANS, TITLES
from backend.wording.segment_sentences import (
    carried_in_words,
    event_in_words,
    on_axis,
    refit_in_words,
)

NARROW, WIDE = 335, 940


def _amount(value: float | None, form: str = ",.0f") -> str:
    """Write a number; what is unknown is a dash, what rounds to zero has no sign."""
    if value is None:
        return UNKNOWN
    written = format(value, form)
    return written.lstrip("-") if not any(digit in written for digit in "123456789") else written


def _money(value: float | None, currency: str | None) -> str:
    """Write an amount without decimals, in the shop's currency where it is known."""
    return UNKNOWN if value is None else in_currency(_amount(value), currency)


def _median(value: float | None, axis: str, currency: str | None) -> str:
    return UNKNOWN if value is None else on_axis(axis, value, currency)


def _typeset(text: str | None) -> str:
    """Keep a percent sign with its number."""
    return (text or "").replace(" %", "\N{NO-BREAK SPACE}%")


_environment = templates(PackageLoader("backend", "report"))
_environment.filters["amount"] = _amount
_environment.filters["money"] = _money
_environment.filters["typeset"] = _typeset
_environment.filters["left_out"] = left_out


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


def render_report(report: RunReport, zone: tzinfo = UTC) -> str:
    """Write a run's report as one HTML page.

    Parameters
    ----------
    report
        As it is stored with the run.
    zone
        The shop's time zone, in which days are told.
    """
    names, shown = report.names, [segment.id for segment in report.segments]
    colour = {one: colour_of(one) for one in dict.fromkeys((*shown, *names))}
    segments = [segment for segment in report.segments if segment.id != NO_ORDERS]
    outlook = report.outlook
    return _environment.get_template("page.html").render(
        report=report,
        words=words,
        day=day(report.as_of, zone),
        told=outlook and told_today(report, outlook, report.segments, zone),
        money=outlook and money_by_segment(segments, outlook),
        backtests=_backtests(report.forecast, report.currency),
        segments=segments,
        place={one.id: place for place, one in enumerate(segments, 1)},
        medians=_medians,
        carried=carried_in_words,
        colours=colour,
        map=segment_charts.segment_map(report.picture, colour, names, report.currency),
        map_box=segment_charts,
        narrow=draw_flow(report.moves.flows, colour, names, NARROW),
        wide=draw_flow(report.moves.flows, colour, names, WIDE),
        refit=refit_in_words(report.clustering.refit),
        lineage=_lineage(report),
        confidence=_mean_confidence(report.segments),
        box=charts,
    )


def _medians(segment: Segment) -> list[ShownMedian]:
    here, shop = segment.characteristics.by_axis(), segment.shop.by_axis()
    return [
        ShownMedian(name, *(_median(one[axis], axis, segment.currency) for one in (here, shop)))
        for axis, name in MEDIANS.items()
    ]


def _lineage(report: RunReport) -> list[str]:
    """Say which segments came and went; that all are new in a first run goes without saying."""
    if all(event.event == Fate.BORN and not event.relatives for event in report.lineage):
        return []
    return [event_in_words(event, report.names) for event in report.lineage]


def _mean_confidence(segments: Sequence[Segment]) -> float | None:
    known = [
        (segment.avg_confidence, segment.customer_count)
        for segment in segments
        if segment.avg_confidence is not None
    ]
    total = sum(count for _, count in known)
    return sum(share * count for share, count in known) / total if total else None


def _backtests(forecast: ForecastReport, currency: str | None) -> list[ShownBacktest]:
    """Return what there is to show of value and churn, in this order."""
    value, churn, means = forecast.backtest.value, forecast.backtest.churn, forecast.thresholds
    found = []
    if value is not None:
        plots = [
            charts.lift_chart(value.lift, currency),
            charts.spend_chart(value.cutoffs, currency),
        ]
        found.append(_shown(Target.VALUE, value.grade.value, means.value, value, plots))
    if churn is not None:
        plots = [charts.calibration_chart(churn.calibration), charts.churn_chart(churn.cutoffs)]
        found.append(_shown(Target.CHURN, churn.grade.churn, means.churn, churn, plots))
    return found


def _shown(
    target: Target,
    grade: Grade,
    means: GradeMeanings,
    tried: Backtest,
    plots: Sequence[charts.Chart],
) -> ShownBacktest:
    rows = measured(target, tried.metrics.values())
    return ShownBacktest(TITLES[target], grade, means, tried, plots, rows)
