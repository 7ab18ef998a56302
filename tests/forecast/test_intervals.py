import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from backend.forecast.intervals import COVERAGE, CountSpread, Reach, SpendSpread, limits
from backend.forecast.learn.fit_reach import (
    Outcomes,
    fit_count_spread,
    fit_reach,
    fit_spend_spread,
    ranks,
    spend_middle,
)

chances = st.floats(0.02, 0.97)
means = st.floats(0.05, 30.0)
# Of those who buy, the mean may be a thousand: their 99 % quantile is below.
MOST = 10_000


def one(value: float) -> np.ndarray:
    return np.array([value])


@given(means, chances, st.floats(0.05, 0.99))
def test_counts_end_where_their_chance_is_nearest(mean: float, none: float, share: float) -> None:
    spread = CountSpread(0.8)
    counts = np.arange(0, MOST, dtype=float)
    chance = 2 * np.cumsum(_steps(spread, counts, mean, none))
    found = spread.quantile(one(share), one(mean), one(none))[0]
    nearest = np.abs(chance / 2 - share).min()
    assert abs(chance[int(found)] / 2 - share) == pytest.approx(nearest, abs=1e-6)


@given(means, chances, st.floats(0.02, 0.3))
def test_what_is_cut_off_at_the_bottom_is_nearest_to_its_share(
    mean: float, none: float, share: float
) -> None:
    spread = CountSpread(0.8)
    counts = np.arange(0, MOST, dtype=float)
    below = np.concatenate([[0.0], np.cumsum(_steps(spread, counts, mean, none))])
    first, last = spread.interval(one(share), one(0.99), one(mean), one(none))
    assert abs(below[int(first[0])] - share) == pytest.approx(np.abs(below - share).min(), abs=1e-6)
    assert first <= last


def _steps(spread: CountSpread, counts: np.ndarray, mean: float, none: float) -> np.ndarray:
    """Probability of each count, from the definition."""
    beyond = max(mean / (1 - none) - 1, 1e-6)
    some = nbinom.pmf(counts - 1, spread.shape, spread.shape / (spread.shape + beyond))
    return np.where(counts == 0, none, (1 - none) * some)


@given(means, chances, st.floats(0.05, 0.99))
def test_spend_quantiles_are_those_of_its_distribution(
    mean: float, none: float, share: float
) -> None:
    spread = SpendSpread()
    value = spread.quantile(one(share), one(mean), one(none), one(1.0))
    if share <= none:
        assert value[0] == 0
    else:
        back = spend_middle(spread, value, one(mean), one(none), one(1.0))
        assert back[0] == pytest.approx(share, abs=1e-6)


def test_where_nothing_is_likely_the_interval_starts_at_nothing() -> None:
    low, high = limits(np.array([0.8, 0.8]), np.array([0.3, 0.05]))
    np.testing.assert_allclose(low, [0.0, 0.1])
    np.testing.assert_allclose(high, [0.8, 0.9])


def test_ranks_fill_the_unit_interval() -> None:
    assert ranks(np.array([3.0, 1.0, 2.0])).tolist() == [2 / 3, 0.0, 1 / 3]


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    """Customers of a shop whose counts are far more spread than a Poisson's."""
    rng = np.random.default_rng(0)
    mean = np.exp(rng.normal(0.5, 0.8, 20_000))
    none = 1 / (1 + mean)
    beyond = np.maximum(mean / (1 - none) - 1, 1e-6)
    comes = rng.uniform(size=len(mean)) > none
    actual = np.where(comes, 1 + rng.negative_binomial(2.0, 2 / (2 + beyond)), 0)
    return Outcomes(mean, none, ranks(mean), actual.astype(float))


def test_the_spread_of_counts_is_found_again(outcomes: Outcomes) -> None:
    assert fit_count_spread(outcomes).shape == pytest.approx(2.0, rel=0.1)


def test_the_spread_of_spend_is_found_again(outcomes: Outcomes) -> None:
    rng = np.random.default_rng(1)
    variance = np.log1p(0.5)
    spend = (
        outcomes.mean
        / (1 - outcomes.none)
        * np.exp(rng.normal(-variance / 2, np.sqrt(variance), len(outcomes.mean)))
    )
    actual = np.where(outcomes.actual > 0, spend, 0.0)
    seen = Outcomes(outcomes.mean, outcomes.none, outcomes.rank, actual)
    found = fit_spend_spread(seen, np.ones(len(actual)))
    assert found.between + found.within == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize("wrong_shape", [0.3, 2.0, 50.0])
def test_intervals_cover_eighty_percent_though_the_model_is_wrong(
    outcomes: Outcomes, wrong_shape: float
) -> None:
    spread = CountSpread(wrong_shape)
    shares = fit_reach(spread.middle(outcomes.actual, outcomes.mean, outcomes.none), outcomes)
    reach = Reach.over(shares, outcomes.mean)
    low, high = limits(reach.of(outcomes.mean), outcomes.none)
    lowest, highest = spread.interval(low, high, outcomes.mean, outcomes.none)
    inside = (outcomes.actual >= lowest) & (outcomes.actual <= highest)
    tenth = (outcomes.rank * 10).astype(int)
    covered = np.bincount(tenth, inside) / np.bincount(tenth)
    assert inside.mean() == pytest.approx(COVERAGE, abs=0.03)
    assert np.all(np.abs(covered - COVERAGE) < 0.06)


def test_few_outcomes_make_wide_intervals(outcomes: Outcomes) -> None:
    few = Outcomes(*(getattr(outcomes, f)[:20] for f in ("mean", "none", "rank", "actual")))
    shares = fit_reach(CountSpread().middle(few.actual, few.mean, few.none), few)
    assert shares.tolist() == [0.9]
    assert fit_count_spread(few) == CountSpread()
    assert fit_spend_spread(few, few.mean) == SpendSpread()
