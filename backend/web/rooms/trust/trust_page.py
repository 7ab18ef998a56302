"""How wrong the numbers were on this shop's own past, as a value. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import partial

from backend.core.glossary import FORECAST, Target
from backend.forecast.summed_up import leavers_found
from backend.report.measures import MetricRow, measured
from backend.results.due_forecasts import DueForecast, DueForecasts
from backend.results.forecast_report import (
    Backtest,
    CutoffTrial,
    ForecastReport,
    GradeMeanings,
    LeanedRule,
)
from backend.results.run_report import RunReport
from backend.web.figures import Figure, FigureCell, FigureSeries, Unit
from backend.web.tile import Tile
from backend.wording import trust_room_sentences as words
from backend.wording.dates import short_date, short_day
from backend.wording.money import UNKNOWN, money_or_dash
from backend.wording.report_sentences import TITLES
from backend.wording.shares import in_a_hundred, percent, said_and_left
from backend.wording.today_sentences import GRADES


@dataclass(frozen=True, slots=True)
class MeasureLine:
    """A measure; a score is whether it is the best, and written."""

    name: str
    meaning: str
    better: str
    scores: Sequence[tuple[bool, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredTarget:
    """What a statistician wants to know of one target."""

    title: str
    grade: str
    tried: Sequence[str]
    lines: Sequence[MeasureLine]
    means: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustPage:
    """All that the page says.

    Attributes
    ----------
    headline
        The one sentence to read.
    about
        How the numbers were tried, and as of when; a sentence each.
    due, made_then
        What earlier runs said and what came, in sentences and drawn; empty in older reports.
    spend, left
        What was expected beside what came; None where it was not tried.
    notes
        What to know before relying on the numbers.
    measured, leans_on
        Below the fold.
    """

    headline: str
    about: Sequence[str]
    tiles: Sequence[Tile]
    due: Sequence[str]
    made_then: Sequence[Figure]
    spend: Figure | None
    left: Figure | None
    notes: Sequence[str]
    measured: Sequence[MeasuredTarget]
    leans_on: Sequence[str]


def trust_page(report: RunReport, zone: tzinfo) -> TrustPage:
    """Say how wrong the numbers were.

    Parameters
    ----------
    report
        Of the published run.
    zone
        The shop's time zone, in which days are told.
    """
    forecast = report.forecast
    value, churn = forecast.backtest.value, forecast.backtest.churn
    return TrustPage(
        headline=_headline(churn, value),
        about=[*_how_tried(churn or value), words.learnt_from(report.as_of, zone)],
        tiles=_tiles(forecast, report.currency),
        due=[] if report.due is None else _due(report.due, report, zone),
        made_then=[] if report.due is None else _made_then(report.due, report.currency, zone),
        spend=None if value is None else _spend(value, report.currency),
        left=None if churn is None else _left(churn),
        notes=forecast.notes,
        measured=_measured(forecast),
        leans_on=_leans_on(forecast),
    )


def _headline(churn: Backtest | None, value: Backtest | None) -> str:
    if churn is None:
        return words.TOO_SHORT if value is None else _off_last(value.cutoffs)
    found = leavers_found(churn.calibration)
    return words.NOTHING_SAID if found is None else said_and_left(found.share_left)


def _off_last(cutoffs: Sequence[CutoffTrial]) -> str:
    return f"{words.SPENDERS}: {words.off_by(cutoffs[0].level_error)}"


def _how_tried(tried: Backtest | None) -> list[str]:
    return [] if tried is None else [words.how_tried(len(tried.cutoffs), tried.horizon_days)]


def _tiles(forecast: ForecastReport, currency: str | None) -> list[Tile]:
    value, churn = forecast.backtest.value, forecast.backtest.churn
    tiles = [] if churn is None else [_leavers(churn)]
    if value is not None:
        tiles += [_spenders(value.cutoffs[0], currency), _best_tenth(value)]
    return [*tiles, *_ranges(forecast)]


def _leavers(churn: Backtest) -> Tile:
    found, grade = leavers_found(churn.calibration), GRADES[churn.grade.churn]
    if found is None:
        return Tile(name=words.LEAVERS, figure=UNKNOWN, beside=words.NOTHING_SAID)
    beside = words.said_of(found.said, churn.horizon_days, grade)
    return Tile(name=words.LEAVERS, figure=in_a_hundred(found.share_left), beside=beside)


def _spenders(latest: CutoffTrial, currency: str | None) -> Tile:
    beside = words.expected_and_came(latest.predicted_spend, latest.actual_spend, currency)
    return Tile(name=words.SPENDERS, figure=words.off_by(latest.level_error), beside=beside)


def _best_tenth(value: Backtest) -> Tile:
    best = value.lift[0].share_of_spend
    return Tile(name=words.BEST_TENTH, figure=percent(best), beside=words.OF_ALL_SPEND)


def _ranges(forecast: ForecastReport) -> list[Tile]:
    coverage = forecast.interval_coverage
    if coverage.value is None or coverage.wanted is None:
        return []
    figure, beside = in_a_hundred(coverage.value.overall), words.inside_beside(coverage.wanted)
    return [Tile(name=words.RANGES, figure=figure, beside=beside)]


def _due(due: DueForecasts, report: RunReport, zone: tzinfo) -> list[str]:
    """Say what the latest forecast whose time is over came to; else when one can be told."""
    horizons, currency = report.horizons, report.currency
    told = [words.revenue_came(one, currency, zone) for one in due.revenue[:1]]
    told += [words.leavers_came(one, zone) for one in due.leaving[:1]]
    if not due.revenue:
        told.append(words.revenue_to_come(horizons.prediction_days, due.revenue_due, zone))
    if not due.leaving:
        told.append(words.leavers_to_come(horizons.churn_days, due.leaving_due, zone))
    return told


def _made_then(due: DueForecasts, currency: str | None, zone: tzinfo) -> list[Figure]:
    found = []
    if due.revenue:
        found.append(
            _beside(
                words.REVENUE_THEN,
                due.revenue,
                partial(money_or_dash, currency=currency),
                "money",
                zone,
            )
        )
    if due.leaving:
        found.append(_beside(words.LEAVING_THEN, due.leaving, words.customers_of, "count", zone))
    return found


def _beside(
    title: str,
    forecasts: Sequence[DueForecast],
    write: Callable[[float], str],
    unit: Unit,
    zone: tzinfo,
) -> Figure:
    """Draw what was expected beside what came, the earliest first."""
    shown = forecasts[::-1]
    sums = {
        words.EXPECTED: [one.expected for one in shown],
        words.CAME: [one.came for one in shown],
    }
    return Figure(
        kind="bar",
        title=title,
        described=words.OF_EACH_MONTH,
        across=words.MADE_ON,
        places=[short_day(one.as_of, zone) for one in shown],
        series=[
            FigureSeries(name=name, cells=[FigureCell(one, write(one)) for one in told])
            for name, told in sums.items()
        ],
        unit=unit,
    )


def _spend(value: Backtest, currency: str | None) -> Figure:
    trials = value.cutoffs[::-1]
    sums = {
        words.EXPECTED: [one.predicted_spend for one in trials],
        words.CAME: [one.actual_spend for one in trials],
    }
    return Figure(
        kind="bar" if len(trials) == 1 else "line",
        title=words.SPEND_TITLE,
        described=words.spend_described(value.horizon_days, len(trials)),
        across=words.MADE_ON,
        places=[short_date(date.fromisoformat(one.date)) for one in trials],
        series=[
            FigureSeries(
                name=name, cells=[FigureCell(one, money_or_dash(one, currency)) for one in amounts]
            )
            for name, amounts in sums.items()
        ],
        unit="money",
    )


def _left(churn: Backtest) -> Figure:
    tenths = churn.calibration
    shares = {
        words.SAID: [one.predicted for one in tenths],
        words.LEFT: [one.actual for one in tenths],
    }
    return Figure(
        kind="line",
        title=words.LEFT_TITLE,
        described=words.left_described(churn.horizon_days),
        across=words.TENTH,
        places=[words.tenth(at, one.customers) for at, one in enumerate(tenths, 1)],
        series=[
            FigureSeries(name=name, cells=[FigureCell(one, in_a_hundred(one)) for one in told])
            for name, told in shares.items()
        ],
        unit="share",
    )


def _measured(forecast: ForecastReport) -> list[MeasuredTarget]:
    value, churn, means = forecast.backtest.value, forecast.backtest.churn, forecast.thresholds
    found = []
    if churn is not None:
        found.append(_target(Target.CHURN, churn.grade.churn, means.churn, churn))
    if value is not None:
        found.append(_target(Target.VALUE, value.grade.value, means.value, value))
    return found


def _target(target: Target, grade: str, means: GradeMeanings, tried: Backtest) -> MeasuredTarget:
    meanings: Mapping[str, str] = {"good": means.good, "fair": means.fair, "weak": means.weak}
    return MeasuredTarget(
        title=TITLES[target],
        grade=grade,
        tried=[words.FORECAST if one == FORECAST else one for one in tried.metrics],
        lines=[_line(one) for one in measured(target, tried.metrics.values())],
        means=[words.grade_means(name, meaning) for name, meaning in meanings.items()],
    )


def _line(row: MetricRow) -> MeasureLine:
    scores = [
        (is_best, UNKNOWN if score is None else words.figure_of(score))
        for score, is_best in row.scores
    ]
    return MeasureLine(row.name, row.meaning, row.better, scores)


def _leans_on(forecast: ForecastReport) -> list[str]:
    targets = {Target.CHURN: forecast.leans_on.churn, Target.VALUE: forecast.leans_on.value}
    return [_leaning(target, one) for target, one in targets.items() if one is not None]


def _leaning(target: Target, one: LeanedRule) -> str:
    return words.leaning(one.rule, one.weight, TITLES[target])
