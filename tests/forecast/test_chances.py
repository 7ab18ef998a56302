"""What is reckoned without scipy is what scipy says."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special
from scipy.stats import nbinom

from backend.forecast.chances import expit, logit
from backend.forecast.intervals import normal_quantile
from backend.forecast.negative_binomial import cumulative, quantile

inside = st.floats(1e-9, 1 - 1e-9)


def one(value: float) -> np.ndarray:
    return np.array([value])


def assert_same(found: np.ndarray, wanted: float) -> None:
    """See that two numbers have at most three others between them."""
    np.testing.assert_array_max_ulp(found, one(wanted), maxulp=4)


@given(st.floats(-800, 800))
def test_chances_are_scipys_but_for_the_last_bits(log_odds: float) -> None:
    assert_same(expit(one(log_odds)), special.expit(log_odds))


@given(inside)
@example(0.3252987432006319)  # another number where numpy uses AVX-512
def test_log_odds_are_scipys_but_for_the_last_bits(chance: float) -> None:
    assert_same(logit(one(chance)), special.logit(chance))


def test_the_ends_of_chances_are_infinite() -> None:
    assert logit(np.array([0.0, 1.0])).tolist() == [-np.inf, np.inf]
    assert expit(np.array([-np.inf, np.inf])).tolist() == [0.0, 1.0]


@given(inside)
def test_normal_quantiles_are_scipys(share: float) -> None:
    assert normal_quantile(one(share))[0] == pytest.approx(special.ndtri(share), rel=1e-12)


@given(st.integers(-1, 2000), st.floats(0.02, 100), st.floats(0.005, 1))
def test_negative_binomial_sums_are_scipys(count: int, shape: float, chance: float) -> None:
    wanted = nbinom.cdf(count, shape, chance)
    assert cumulative(one(count), shape, one(chance))[0] == pytest.approx(wanted, abs=1e-10)


@given(inside, st.floats(0.1, 100), st.floats(0.02, 1))
def test_a_quantile_is_the_first_count_that_reaches_it(
    share: float, shape: float, chance: float
) -> None:
    found = quantile(one(share), shape, one(chance))[0]
    assert cumulative(one(found), shape, one(chance))[0] >= share
    assert found == 0 or cumulative(one(found - 1), shape, one(chance))[0] < share
