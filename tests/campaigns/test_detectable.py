"""What a campaign can show: by the textbook's formulas, and by trying it out."""

from dataclasses import fields, replace
from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.campaigns.arm_sums import WindowOutcomes
from backend.campaigns.detectable import EarlierWindow, below_sense, detectable, look_alikes
from backend.results.campaign import Detectable, Goal, TooSmall

Z = NormalDist().inv_cdf(0.975) + NormalDist().inv_cdf(0.8)


def window(buyers: int, customers: int, *, spend: float = 50.0) -> EarlierWindow:
    """Of one kind of customer, all of whose buyers spend the same."""
    bought = np.arange(customers) < buyers
    return EarlierWindow(
        outcomes=WindowOutcomes(
            bought=bought, spend=np.where(bought, spend, 0.0), forecast=np.zeros(customers)
        ),
        segments=[None] * customers,
        forecast_known=False,
    )


@given(st.integers(1, 999), st.integers(100, 50_000))
def test_the_smallest_effect_on_buyers_is_found_with_its_own_spread(buyers: int, half: int) -> None:
    found = detectable(window(buyers, 1_000), audience=2 * half, share=0.5)
    p, effect = buyers / 1_000, found.smallest_buyers_effect
    if effect is None:
        effect = 1 - p
        assert effect < Z * spread(p, effect, found)
    else:
        assert effect == pytest.approx(Z * spread(p, effect, found))


@pytest.mark.parametrize(("buyers", "share"), [(100, 0.05), (300, 0.1), (700, 0.2)])
def test_a_small_arm_that_is_skewed_needs_more_standard_errors(buyers: int, share: float) -> None:
    found = detectable(window(buyers, 1_000), audience=5_000, share=share)
    p, effect, sizes = buyers / 1_000, found.smallest_buyers_effect, found.audience
    assert effect is not None
    variance = p * (1 - p) * (1 / sizes.treated + 1 / sizes.held_out)
    third = p * (1 - p) * (1 - 2 * p) * (1 / sizes.treated**2 - 1 / sizes.held_out**2)
    s = third / variance**1.5
    # Hall's cubic at the lower end, Cornish and Fisher's quantile of the difference, and a standard
    # error that goes with the difference by half its skewness.
    roots = np.roots([s**2 / 27, s / 3, 1, s / 6 - NormalDist().inv_cdf(0.975)])
    down = next(float(root.real) for root in roots if abs(root.imag) < 1e-9)
    z = NormalDist().inv_cdf(0.2)
    short = z + s * (z**2 - 1) / 6
    errors = down - short * (1 - s * down / 2)
    assert effect == pytest.approx(errors * spread(p, effect, found))
    assert (errors > Z) == (p < 0.5)


def spread(p: float, effect: float, found: Detectable) -> float:
    """Standard error of two unequal shares, the variance of either its own."""
    q = p + effect
    sizes = found.audience
    return sqrt(q * (1 - q) / sizes.treated + p * (1 - p) / sizes.held_out)


def test_arms_are_as_large_as_they_would_be_drawn() -> None:
    sizes = detectable(window(10, 100), audience=1_234, share=0.1).audience
    assert (sizes.treated, sizes.held_out) == (1_111, 123)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_so_many_customers_would_see_five_percent(share: float) -> None:
    earlier = varied(5_000, forecast_known=True)
    found = detectable(earlier, audience=1_000, share=share)
    for wanted, smallest, usual in (
        (found.customers_for_buyers, "smallest_buyers_effect", found.usual_buying_share),
        (found.customers_for_spend, "smallest_spend_effect", found.usual_spend),
        (found.customers_for_adjusted_spend, "smallest_adjusted_spend_effect", found.usual_spend),
    ):
        assert wanted
        enough = detectable(earlier, audience=wanted, share=share)
        assert getattr(enough, smallest) == pytest.approx(0.05 * usual, rel=1e-3)


def test_spend_has_the_spread_of_further_orders() -> None:
    """Everybody is as likely to order once more, and spends 50 then."""
    found = detectable(window(300, 1_000), audience=5_000, share=0.5)
    effect = found.smallest_spend_effect
    assert effect
    chance = effect / 50
    added = 50**2 * chance * (1 - chance)
    variance = 2 * 50**2 * 0.3 * 0.7 + added
    assert effect == pytest.approx(Z * sqrt(variance / 2_500))
    usual = (found.usual_buying_share, found.usual_spend, found.spend_limit)
    assert usual == pytest.approx((0.3, 15, 50))


def test_nothing_is_found_where_nobody_buys() -> None:
    found = detectable(window(0, 100), audience=5_000, share=0.1)
    assert found.smallest_buyers_effect is found.smallest_spend_effect is None
    assert found.customers_for_buyers is found.customers_for_spend is found.spend_limit is None
    assert below_sense(found, Goal.BUYERS) is TooSmall.FEW_BUYERS


def varied(count: int, *, forecast_known: bool) -> EarlierWindow:
    rng = np.random.default_rng(5)
    forecast = rng.lognormal(3, 1, count)
    bought = rng.random(count) < 0.3
    outcomes = WindowOutcomes(
        bought=bought, spend=bought * forecast * rng.lognormal(0, 0.2, count), forecast=forecast
    )
    segments = [f"{one}" for one in rng.integers(0, 3, count)]
    return EarlierWindow(outcomes=outcomes, segments=segments, forecast_known=forecast_known)


def test_the_forecast_makes_smaller_effects_visible() -> None:
    found = detectable(varied(5_000, forecast_known=True), audience=5_000, share=0.1)
    assert 0 < known(found.smallest_adjusted_spend_effect) < known(found.smallest_spend_effect)
    assert 0 < known(found.customers_for_adjusted_spend) < known(found.customers_for_spend)


def known(number: float | None) -> float:
    assert number is not None
    return number


def test_what_a_forecast_is_worth_is_unknown_where_there_was_none() -> None:
    found = detectable(varied(5_000, forecast_known=False), audience=5_000, share=0.1)
    assert found.smallest_spend_effect
    assert found.smallest_adjusted_spend_effect is found.customers_for_adjusted_spend is None


@pytest.mark.parametrize(
    ("audience", "goal", "reason"),
    [
        (650, Goal.BUYERS, TooSmall.FEW_BUYERS),
        (700, Goal.BUYERS, None),
        (700, Goal.SPEND, TooSmall.ONLY_DOUBLING),
        (3_000, Goal.SPEND, None),
    ],
)
def test_a_campaign_below_sense_is_refused_with_its_reason(
    audience: int, goal: Goal, reason: TooSmall | None
) -> None:
    found = detectable(varied(5_000, forecast_known=False), audience=audience, share=0.1)
    assert below_sense(found, goal) is reason


def test_look_alikes_have_the_nearest_forecast_and_take_turns() -> None:
    earlier = np.array([5.0, 1.0, 5.0, 9.0])
    alike = look_alikes(np.array([5.0, 5.0, 5.0, 0.0, 6.0, 20.0]), earlier)
    assert earlier[alike].tolist() == [5, 5, 5, 1, 9, 9]
    assert sorted(alike[:2].tolist()) == [0, 2]


def test_the_order_of_customers_has_no_say() -> None:
    one = varied(500, forecast_known=True)
    other = replace(
        one,
        outcomes=WindowOutcomes(
            **{
                field.name: getattr(one.outcomes, field.name)[::-1]
                for field in fields(WindowOutcomes)
            }
        ),
        segments=list(reversed(one.segments)),
    )
    first, second = (detectable(of, audience=500, share=0.2) for of in (one, other))
    assert first.smallest_adjusted_spend_effect == pytest.approx(
        second.smallest_adjusted_spend_effect
    )
