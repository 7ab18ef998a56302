"""The report's words: every metric and every decision has its own."""

from backend.core.glossary import DECISIVE, Decision, Metric, Target
from backend.segments.axes import AXES
from backend.segments.vocabulary import TRAITS
from backend.wording.report_sentences import MEDIANS, METRICS, TITLES, which_is_better
from backend.wording.segment_sentences import HABITS, ON_AXIS, REFITS

HIGHER = {Metric.ORDERS_GINI, Metric.SPEND_GINI, Metric.CHURN_AUC}


def test_every_metric_has_a_name_a_meaning_and_a_direction() -> None:
    assert set(METRICS) == set(Metric)
    assert {metric for metric in Metric if which_is_better(metric) == "higher"} == HIGHER


def test_the_best_of_scores_follows_the_direction_and_skips_the_unknown() -> None:
    assert Metric.SPEND_GINI.best([0.2, None, 0.5]) == 0.5
    assert Metric.CHURN_LOG_LOSS.best([0.2, None, 0.5]) == 0.2
    assert Metric.CHURN_LOG_LOSS.best([None]) is None
    assert not Metric.SPEND_GINI.is_better(0.5, 0.5)


def test_each_target_is_decided_by_a_metric_of_its_own() -> None:
    assert set(DECISIVE) == set(Target) == set(TITLES)
    assert len(set(DECISIVE.values())) == len(Target)


def test_every_decision_axis_and_habit_has_words() -> None:
    assert set(REFITS) == set(Decision)
    assert set(ON_AXIS) == set(AXES)
    assert set(MEDIANS) <= set(AXES)
    assert set(HABITS) == set(TRAITS)
