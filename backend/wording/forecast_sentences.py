"""What a person should know before they rely on a forecast, and what its grades mean."""

from dataclasses import replace

from backend.core.glossary import DECISIVE, FORECAST, Status, Target
from backend.results.forecast_report import (
    Backtest,
    ForecastReport,
    GradeMeanings,
    IntervalCoverage,
    Thresholds,
)

THRESHOLDS = Thresholds(
    churn=GradeMeanings(
        good="log loss at least 5 % below the best simple rule's, and predicted and actual "
        "shares at most 5 points apart on average",
        fair="log loss no worse than the best simple rule's, and at most 10 points apart",
        weak="anything less",
    ),
    value=GradeMeanings(
        good="spend Gini at least .02 above the best simple rule's, and predicted spend within "
        "15 % of what came, over all cut-offs",
        fair="spend Gini no more than .005 below the best simple rule's, and within 40 %",
        weak="anything less",
    ),
    not_enough_history="fewer than 50 buyers, or fewer than 20 of them who came back (for churn "
    "also: who did not), in the cut-offs that could be tried",
)
COUNTED = (
    "share of outcomes inside or on the limits; where more than 80 % of customers "
    "order nothing, [0, 0] is the interval and covers more"
)


def forecast_in_words(report: ForecastReport) -> ForecastReport:
    """Say of a forecast what its grades mean, what counts as covered, and what to know of it."""
    return replace(
        report,
        thresholds=THRESHOLDS,
        interval_coverage=_coverage_in_words(report.interval_coverage),
        notes=forecast_notes(report),
    )


def _coverage_in_words(coverage: IntervalCoverage) -> IntervalCoverage:
    return coverage if coverage.wanted is None else replace(coverage, counted=COUNTED)


def forecast_notes(report: ForecastReport) -> tuple[str, ...]:
    """Say what a person should know before they rely on the numbers."""
    if report.status == Status.NO_ORDERS:
        return ()
    if report.status == Status.INSUFFICIENT_HISTORY:
        return ("Nobody has ordered on two days yet: all customers have the same base rate.",)
    value, churn = report.backtest.value, report.backtest.churn
    notes = []
    if value is None or churn is None:
        notes.append("The history is too short to try the forecast on the shop's own past.")
    if not report.level.year_ago:
        notes.append(
            "The shop has no record of this season a year ago: how much it will sell in all is "
            "uncertain; who buys more than whom is not affected."
        )
    notes += [_beaten(churn, Target.CHURN), _beaten(value, Target.VALUE)]
    return tuple(note for note in notes if note)


def _beaten(backtest: Backtest | None, target: Target) -> str:
    """Admit it where a simple rule does better by the decisive metric."""
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
