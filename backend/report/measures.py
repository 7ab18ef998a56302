"""The measures of a forecast and of the simple rules beside each other, as reports show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from backend.core.glossary import Metric, Target
from backend.results.forecast_report import Metrics
from backend.wording.report_sentences import METRICS as METRIC_WORDS
from backend.wording.report_sentences import which_is_better

METRICS: Mapping[Target, Sequence[Metric]] = {
    Target.VALUE: (Metric.SPEND_GINI, Metric.SPEND_DECILE_ERROR, Metric.ORDERS_RMSE),
    Target.CHURN: (Metric.CHURN_LOG_LOSS, Metric.CHURN_AUC, Metric.CHURN_CALIBRATION_ERROR),
}


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One measure of the forecast and of the simple rules; each value with whether it is best."""

    name: str
    meaning: str
    better: str
    scores: Sequence[tuple[float | None, bool]]


def measured(target: Target, scores: Iterable[Metrics]) -> list[MetricRow]:
    """Return the rows of a target's measures.

    Parameters
    ----------
    target
        Which measures.
    scores
        Of the forecast, and of each simple rule: a column each.
    """
    columns = list(scores)
    return [_metric(metric, columns) for metric in METRICS[target]]


def _metric(metric: Metric, scores: Iterable[Metrics]) -> MetricRow:
    """Return a row of a measure, the best of its values marked."""
    values, said = [score.of(metric) for score in scores], METRIC_WORDS[metric]
    best = metric.best(values)
    return MetricRow(
        said.name,
        said.meaning,
        which_is_better(metric),
        [(value, value == best) for value in values],
    )
