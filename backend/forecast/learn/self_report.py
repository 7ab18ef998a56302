"""What a forecast says of itself: how it was made, how good it is, and what to know of it."""

from collections.abc import Mapping

from backend.core.glossary import DECISIVE, Target
from backend.forecast.learn.backtest.grades import FORECAST, THRESHOLDS, UNKNOWN, both
from backend.results.forecast_report import (
    Backtest,
    Backtests,
    ForecastReport,
    ForecastStatus,
    Grades,
    IntervalCoverage,
    LeansOn,
    LevelCorrections,
)

NO_CORRECTIONS, NEVER_TRIED, UNKNOWN_COVERAGE = LevelCorrections(), Backtests(), IntervalCoverage()


def self_report(
    status: ForecastStatus,
    model: str,
    *,
    value_horizon_days: int,
    churn_horizon_days: int,
    parameters: Mapping[str, Mapping[str, float]],
    level: LevelCorrections = NO_CORRECTIONS,
    spend_power: float = 1.0,
    backtest: Backtests = NEVER_TRIED,
    coverage: IntervalCoverage = UNKNOWN_COVERAGE,
    notes: tuple[str, ...] = (),
) -> ForecastReport:
    """Put together how a forecast was made and how good it is; what is left out did not happen."""
    return ForecastReport(
        status=status,
        model=model,
        value_horizon_days=value_horizon_days,
        churn_horizon_days=churn_horizon_days,
        grade=_grade(backtest),
        thresholds=THRESHOLDS,
        leans_on=LeansOn(),
        spend_power=spend_power,
        level=level,
        parameters=parameters,
        backtest=backtest,
        interval_coverage=coverage,
        notes=notes,
    )


def _grade(tried: Backtests) -> Grades:
    return both(
        churn=UNKNOWN if tried.churn is None else tried.churn.grade.churn,
        value=UNKNOWN if tried.value is None else tried.value.grade.value,
    )


def make_notes(
    value: Backtest | None, churn: Backtest | None, *, season_known: bool
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
    notes += [_beaten(churn, Target.CHURN), _beaten(value, Target.VALUE)]
    return tuple(note for note in notes if note)


def _beaten(backtest: Backtest | None, target: Target) -> str:
    """Admit it where a simple rule still does better."""
    if backtest is None:
        return ""
    metric = DECISIVE[target]
    own = backtest.metrics[FORECAST].of(metric)
    better = [
        name
        for name, scores in backtest.metrics.items()
        if name != FORECAST
        and own is not None
        and (theirs := scores.of(metric)) is not None
        and metric.is_better(theirs, own)
    ]
    return f'For {target}, the simple rule "{better[0]}" does better on the past.' if better else ""
