import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from backend.forecast.learn.backtest import metrics

ACTUAL = np.array([0.0, 0.0, 1.0, 0.0, 3.0, 0.0, 8.0, 0.0, 0.0, 2.0])
scores = st.lists(st.floats(0, 1), min_size=10, max_size=10).map(np.array)


def test_the_perfect_ranking_has_gini_one_and_the_reverse_minus_one() -> None:
    assert metrics.normalised_gini(ACTUAL, ACTUAL) == pytest.approx(1)
    assert metrics.normalised_gini(-ACTUAL, ACTUAL) == pytest.approx(-1)


def test_a_prediction_without_differences_has_gini_zero() -> None:
    assert metrics.normalised_gini(np.ones(10), ACTUAL) == pytest.approx(0)


def test_gini_is_unknown_where_all_outcomes_are_equal() -> None:
    assert np.isnan(metrics.normalised_gini(ACTUAL, np.ones(10)))
    assert np.isnan(metrics.normalised_gini(ACTUAL, np.zeros(10)))


@given(scores, st.permutations(range(10)))
def test_the_sequence_of_customers_does_not_matter(
    score: NDArray[np.float64], order: list[int]
) -> None:
    ours = metrics.normalised_gini(score, ACTUAL)
    assert metrics.normalised_gini(score[order], ACTUAL[order]) == pytest.approx(ours)


@given(scores)
def test_the_area_under_the_curve_counts_pairs(score: NDArray[np.float64]) -> None:
    happened = ACTUAL > 0
    wins = score[happened][:, None] - score[~happened]
    expected = np.mean(np.where(wins == 0, 0.5, wins > 0))
    assert metrics.area_under_curve(score, happened) == pytest.approx(expected)


def test_the_area_is_unknown_where_nothing_happened() -> None:
    assert np.isnan(metrics.area_under_curve(ACTUAL, np.zeros(10)))


def test_log_loss_is_that_of_the_coin() -> None:
    assert metrics.log_loss(np.full(10, 0.5), ACTUAL > 0) == pytest.approx(np.log(2))


def test_certain_errors_cost_much_but_not_everything() -> None:
    assert 13 < metrics.log_loss(np.array([0.0]), np.array([1.0])) < 14


def test_calibration_error_is_the_gap_of_shares() -> None:
    happened = np.arange(1000) % 2 == 1
    assert metrics.calibration_error(np.full(1000, 0.7), happened) == pytest.approx(0.2)


def test_decile_error_is_zero_for_the_truth_and_relative_to_the_total() -> None:
    assert metrics.decile_error(ACTUAL, ACTUAL) == 0
    assert metrics.decile_error(2 * ACTUAL, ACTUAL) == pytest.approx(1)
    assert np.isnan(metrics.decile_error(ACTUAL, np.zeros(10)))


def test_bins_hold_equally_many_customers() -> None:
    bins = metrics.equal_bins(np.random.default_rng(0).normal(size=105))
    assert set(np.bincount(bins).tolist()) <= {10, 11}


def test_root_mean_squared_error_is_in_the_unit_of_the_data() -> None:
    assert metrics.root_mean_squared_error(ACTUAL + 3, ACTUAL) == pytest.approx(3)
