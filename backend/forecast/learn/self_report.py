"""What a forecast says of itself: how it was made and how good it is; `wording` adds sentences."""

from collections.abc import Mapping

from backend.core.glossary import Status
from backend.forecast.learn.backtest.grades import UNKNOWN, both
from backend.results.forecast_report import (
    Backtests,
    ForecastReport,
    GradeMeanings,
    Grades,
    IntervalCoverage,
    LeansOn,
    LevelCorrections,
    Thresholds,
)
from backend.results.shop_course import ShopCourse, ShopTotal

# What `wording` fills in.
UNSAID = Thresholds(
    churn=GradeMeanings(good="", fair="", weak=""),
    value=GradeMeanings(good="", fair="", weak=""),
    not_enough_history="",
)
NO_CORRECTIONS, NEVER_TRIED, UNKNOWN_COVERAGE = LevelCorrections(), Backtests(), IntervalCoverage()


def self_report(
    status: Status,
    model: str,
    *,
    value_horizon_days: int,
    churn_horizon_days: int,
    parameters: Mapping[str, Mapping[str, float]],
    level: LevelCorrections = NO_CORRECTIONS,
    spend_power: float = 1.0,
    backtest: Backtests = NEVER_TRIED,
    coverage: IntervalCoverage = UNKNOWN_COVERAGE,
    total: ShopTotal | None = None,
    course: ShopCourse | None = None,
) -> ForecastReport:
    """Put together how a forecast was made and how good it is; what is left out did not happen."""
    return ForecastReport(
        status=status,
        model=model,
        value_horizon_days=value_horizon_days,
        churn_horizon_days=churn_horizon_days,
        grade=_grade(backtest),
        thresholds=UNSAID,
        leans_on=LeansOn(),
        spend_power=spend_power,
        level=level,
        parameters=parameters,
        backtest=backtest,
        interval_coverage=coverage,
        notes=(),
        total=total,
        course=course,
    )


def _grade(tried: Backtests) -> Grades:
    return both(
        churn=UNKNOWN if tried.churn is None else tried.churn.grade.churn,
        value=UNKNOWN if tried.value is None else tried.value.grade.value,
    )
