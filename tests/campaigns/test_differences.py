"""Differences between arms: against tea-tasting, published tables, and formulas written anew."""

from dataclasses import fields
from math import sqrt
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
import tea_tasting as tt
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, t
from tea_tasting.experiment import ExperimentResult

from backend.campaigns.arm_sums import ArmSums, WindowOutcomes
from backend.campaigns.differences import (
    Difference,
    adjusted_difference,
    buyers_difference,
    spend_difference,
)
from backend.core.arrays import BoolArray, FloatArray, IntArray

SEEDS = st.integers(0, 2**32 - 1)


class Arms(NamedTuple):
    treated: ArmSums
    held_out: ArmSums


def arms_of(outcomes: WindowOutcomes, strata: IntArray, held_out: BoolArray) -> Arms:
    kinds = int(strata.max()) + 1
    return Arms(
        *(ArmSums.of(outcomes.only(arm), strata[arm], kinds=kinds) for arm in (~held_out, held_out))
    )


def some_outcomes(rng: np.random.Generator, count: int) -> WindowOutcomes:
    forecast = rng.lognormal(2, 1, count)
    bought = rng.random(count) < 0.4
    spend = bought * np.sqrt(forecast) * rng.lognormal(2, 1, count)
    return WindowOutcomes(bought=bought, spend=spend, forecast=forecast)


def mirrored(outcomes: WindowOutcomes) -> WindowOutcomes:
    """Each customer once more on the other side of a point: nothing is skewed any more."""
    both = {
        name: np.concatenate([values, 50 - values])
        for name, values in (("spend", outcomes.spend), ("forecast", outcomes.forecast))
    }
    return WindowOutcomes(bought=np.tile(outcomes.bought, 2), **both)


def joined(one: WindowOutcomes, other: WindowOutcomes) -> WindowOutcomes:
    return WindowOutcomes(
        **{
            field.name: np.concatenate([getattr(one, field.name), getattr(other, field.name)])
            for field in fields(WindowOutcomes)
        }
    )


def told_by_tea_tasting(outcomes: WindowOutcomes, held_out: BoolArray) -> ExperimentResult:
    table = pa.table(
        {
            "variant": pa.array((~held_out).astype(int)),
            "spend": pa.array(outcomes.spend),
            "forecast": pa.array(outcomes.forecast),
        }
    )
    experiment = tt.Experiment(spend=tt.Mean("spend"), adjusted=tt.Mean("spend", "forecast"))
    return experiment.analyze(table)


def agrees(ours: Difference, theirs: object) -> bool:
    mine = (float(ours.value), float(ours.low), float(ours.high))
    names = ("effect_size", "effect_size_ci_lower", "effect_size_ci_upper")
    return mine == pytest.approx(tuple(getattr(theirs, name) for name in names), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_arms_of_one_size_are_told_as_tea_tasting_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    outcomes, held_out = some_outcomes(rng, 600), rng.permutation(600) < 300
    arms = arms_of(outcomes, np.zeros(600, dtype=np.int64), held_out)
    theirs = told_by_tea_tasting(outcomes, held_out)
    assert agrees(spend_difference(*arms), theirs["spend"])
    assert agrees(adjusted_difference(*arms), theirs["adjusted"])


@pytest.mark.parametrize("seed", range(5))
def test_arms_without_skewness_are_told_as_tea_tasting_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    small, large = (mirrored(some_outcomes(rng, count)) for count in (40, 400))
    outcomes = joined(small, large)
    held_out = np.arange(len(outcomes.spend)) < len(small.spend)
    arms = arms_of(outcomes, np.zeros(len(held_out), dtype=np.int64), held_out)
    theirs = told_by_tea_tasting(outcomes, held_out)
    assert agrees(spend_difference(*arms), theirs["spend"])


@pytest.mark.parametrize("seed", range(5))
def test_any_arms_differ_by_what_tea_tasting_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    outcomes, held_out = some_outcomes(rng, 500), rng.random(500) < 0.1
    arms = arms_of(outcomes, np.zeros(500, dtype=np.int64), held_out)
    theirs = told_by_tea_tasting(outcomes, held_out)
    for ours, name in ((spend_difference, "spend"), (adjusted_difference, "adjusted")):
        assert float(ours(*arms).value) == pytest.approx(
            theirs[name].effect_size, rel=1e-9, abs=1e-9
        )


# Newcombe (1998), table II, method 10: buyers and customers of both arms, and the interval.
PUBLISHED = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0)),
    ((10, 10, 0, 10), (0.6075, 1.0)),
]


def buying(buyers: int, customers: int) -> ArmSums:
    bought = np.arange(customers) < buyers
    amounts = np.zeros(customers)
    outcomes = WindowOutcomes(bought=bought, spend=amounts, forecast=amounts)
    return ArmSums.of(outcomes, np.zeros(customers, dtype=np.int64), kinds=1)


@pytest.mark.parametrize(("counts", "interval"), PUBLISHED)
def test_buyers_have_newcombes_published_intervals(
    counts: tuple[int, int, int, int], interval: tuple[float, float]
) -> None:
    told = buyers_difference(buying(*counts[:2]), buying(*counts[2:]))
    assert (float(told.low), float(told.high)) == pytest.approx(interval, abs=5e-5)


@given(st.integers(0, 40), st.integers(0, 300), st.floats(0.5, 0.999))
def test_buyers_are_told_by_two_of_scipys_wilson_intervals(
    held_out: int, treated: int, coverage: float
) -> None:
    told = buyers_difference(buying(treated, 300), buying(held_out, 40), coverage)
    p, q = treated / 300, held_out / 40
    ours = binomtest(treated, 300).proportion_ci(coverage, method="wilson")
    theirs = binomtest(held_out, 40).proportion_ci(coverage, method="wilson")
    assert float(told.low) == pytest.approx(
        p - q - sqrt((p - ours.low) ** 2 + (theirs.high - q) ** 2), rel=1e-9, abs=1e-9
    )
    assert float(told.high) == pytest.approx(
        p - q + sqrt((ours.high - p) ** 2 + (q - theirs.low) ** 2), rel=1e-9, abs=1e-9
    )


@given(SEEDS, st.integers(1, 4), st.sampled_from([0.0, 0.7]))
@settings(max_examples=40)
def test_spend_is_told_as_its_formulas_say(seed: int, kinds: int, slope: float) -> None:
    rng = np.random.default_rng(seed)
    outcomes, held_out = some_outcomes(rng, 60 * kinds), np.arange(60 * kinds) % 5 == 0
    strata = rng.permutation(np.repeat(np.arange(kinds), 60))
    left = outcomes.spend - slope * outcomes.forecast
    flat = np.zeros(len(left))
    told = spend_difference(
        *arms_of(
            WindowOutcomes(bought=outcomes.bought, spend=left, forecast=flat), strata, held_out
        )
    )
    assert tuple(map(float, (told.value, told.low, told.high))) == pytest.approx(
        by_hand(left, strata, held_out), rel=1e-8, abs=1e-9
    )


def by_hand(left: FloatArray, strata: IntArray, held_out: BoolArray) -> tuple[float, float, float]:
    """Value and ends, where those are where Hall's cubic of the studentised value is Student's."""
    value = variance = apart = second = third = 0.0
    for one in set(strata.tolist()):
        ours, theirs = left[(strata == one) & ~held_out], left[(strata == one) & held_out]
        n, m = len(ours), len(theirs)
        weight = (n + m) / len(left)
        value += weight * (ours.mean() - theirs.mean())
        for arm in (ours, theirs):
            part = weight**2 * arm.var(ddof=1) / len(arm)
            variance, apart = variance + part, apart + part**2 / (len(arm) - 1)
        around = np.concatenate([ours - ours.mean(), theirs - theirs.mean()])
        second += weight**2 * np.sum(around**2) / (n + m - 2) * (1 / n + 1 / m)
        third += weight**3 * np.sum(around**3) / (n + m - 2) * (1 / n**2 - 1 / m**2)
    skewness, end = third / second**1.5, t.ppf(0.975, variance**2 / apart)
    # g(T) = T + s T²/3 + s² T³/27 + s/6
    cubic = [skewness**2 / 27, skewness / 3, 1.0]
    reached = [
        next(float(root.real) for root in np.roots([*cubic, skewness / 6 - q]) if is_real(root))
        for q in (end, -end)
    ]
    return value, value - sqrt(variance) * reached[0], value - sqrt(variance) * reached[1]


def is_real(root: complex) -> bool:
    return abs(root.imag) < 1e-9


@given(SEEDS, st.integers(1, 4), st.integers(1, 5))
@settings(max_examples=40)
def test_sums_of_parts_are_the_sums_of_the_whole(seed: int, kinds: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    outcomes, strata = some_outcomes(rng, 200), rng.integers(0, kinds, 200)
    part = rng.integers(0, parts, 200)
    whole = ArmSums.of(outcomes, strata, kinds=kinds)
    added = ArmSums.of(outcomes.only(part < 0), strata[part < 0], kinds=kinds)
    for one in range(parts):
        added = added + ArmSums.of(outcomes.only(part == one), strata[part == one], kinds=kinds)
    for field in fields(ArmSums):
        np.testing.assert_allclose(
            getattr(added, field.name), getattr(whole, field.name), rtol=1e-9, atol=1e-6
        )


def test_sums_keep_their_digits_where_amounts_are_large_beside_their_spread() -> None:
    spend = 1e9 + np.array([0.0, 1.0, 2.0, 4.0])
    outcomes = WindowOutcomes(bought=np.ones(4, dtype=bool), spend=spend, forecast=np.zeros(4))
    zero = np.zeros(2, dtype=np.int64)
    halves = [
        ArmSums.of(outcomes.only(half), zero, kinds=1)
        for half in (np.arange(4) < 2, np.arange(4) >= 2)
    ]
    # Around 1.75: 3.0625 + .5625 + .0625 + 5.0625, and -5.359375 - .421875 + .015625 + 11.390625.
    both = halves[0] + halves[1]
    assert both.squares[0, 0, 0] == pytest.approx(8.75, rel=1e-6)
    assert both.cubes[0, 0, 0, 0] == pytest.approx(5.625, rel=1e-6)


@given(SEEDS, st.floats(0.01, 1000))
@settings(max_examples=30)
def test_another_currency_changes_the_unit_alone(seed: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    outcomes, held_out = some_outcomes(rng, 200), np.arange(200) % 4 == 0
    other = WindowOutcomes(
        bought=outcomes.bought, spend=rate * outcomes.spend, forecast=rate * outcomes.forecast
    )
    strata = np.arange(200) // 100
    ours, theirs = (
        adjusted_difference(*arms_of(one, strata, held_out)) for one in (outcomes, other)
    )
    for name in ("value", "low", "high"):
        assert float(getattr(theirs, name)) == pytest.approx(rate * float(getattr(ours, name)))


@given(SEEDS)
@settings(max_examples=30)
def test_arms_in_each_others_place_turn_every_sign(seed: int) -> None:
    rng = np.random.default_rng(seed)
    arms = arms_of(some_outcomes(rng, 200), np.arange(200) // 100, np.arange(200) % 4 == 0)
    for told in (buyers_difference, spend_difference, adjusted_difference):
        one, other = told(*arms), told(arms.held_out, arms.treated)
        assert float(one.value) == pytest.approx(-float(other.value))
        assert float(one.low) == pytest.approx(-float(other.high))


def test_what_strata_differ_by_is_in_no_interval() -> None:
    rng = np.random.default_rng(3)
    outcomes, held_out = some_outcomes(rng, 400), np.arange(400) % 2 == 0
    strata = np.arange(400) // 200
    apart = WindowOutcomes(
        bought=outcomes.bought, spend=outcomes.spend + 1000 * strata, forecast=outcomes.forecast
    )
    one, other = (spend_difference(*arms_of(of, strata, held_out)) for of in (outcomes, apart))
    assert (float(one.low), float(one.high)) == pytest.approx((float(other.low), float(other.high)))


def test_customers_who_all_do_the_same_do_not_differ() -> None:
    same = WindowOutcomes(
        bought=np.ones(40, dtype=bool), spend=np.full(40, 7.0), forecast=np.full(40, 5.0)
    )
    arms = arms_of(same, np.zeros(40, dtype=np.int64), np.arange(40) % 4 == 0)
    for told in (spend_difference(*arms), adjusted_difference(*arms)):
        assert (float(told.value), float(told.low), float(told.high)) == (0, 0, 0)
