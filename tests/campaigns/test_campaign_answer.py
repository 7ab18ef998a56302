"""Answers: every number where it belongs, and nothing told that is not known."""

from dataclasses import replace
from datetime import UTC, datetime
from math import comb, sqrt

import numpy as np
import pytest

from backend.campaigns.arm_sums import WindowOutcomes
from backend.campaigns.campaign_answer import (
    LEAST_IN_SEGMENT,
    CountedCustomers,
    FixedAtStart,
    answer,
)
from backend.campaigns.limited_spend import limited, spend_limit
from backend.core.arrays import BoolArray
from backend.results.campaign import (
    ArmMeans,
    ArmSizes,
    ArmTold,
    CampaignAnswer,
    CampaignEffects,
    Goal,
    Verdict,
)

COUNTED_AT = datetime(2026, 3, 1, tzinfo=UTC)


def some_customers(
    count: int = 1_000, *, share: float = 0.2, more: float = 0.0
) -> CountedCustomers:
    """Of two segments and two strata, of whom `more` of the treated buy than of the others."""
    rng = np.random.default_rng(0)
    held_out = rng.permutation(count) < share * count
    forecast = rng.lognormal(3, 0.5, count)
    bought = rng.random(count) < 0.3 + more * ~held_out
    return CountedCustomers(
        held_out=held_out,
        strata=np.arange(count) % 2,
        segments=np.array(["new", "loyal"], dtype=object)[np.arange(count) % 2],
        outcomes=WindowOutcomes(
            bought=bought, spend=bought * forecast * rng.lognormal(0, 0.3, count), forecast=forecast
        ),
        known_before={},
    )


def told(
    counted: CountedCustomers,
    *,
    goal: Goal = Goal.SPEND,
    drawn: ArmSizes | None = None,
    limit: float | None = None,
    cost: float | None = None,
) -> CampaignAnswer:
    fixed = FixedAtStart(goal=goal, drawn=drawn or counted.sizes, spend_limit=limit)
    return answer(counted, fixed, cost=cost, counted_at=COUNTED_AT, final=True)


def effects_of(found: CampaignAnswer) -> CampaignEffects:
    assert found.effects is not None
    return found.effects


def means_of(arm: ArmTold) -> ArmMeans:
    assert arm.means is not None
    return arm.means


def who_did(counted: CountedCustomers, bought: BoolArray) -> CountedCustomers:
    outcomes = replace(counted.outcomes, bought=bought, spend=counted.outcomes.forecast * bought)
    return replace(counted, outcomes=outcomes)


@pytest.mark.parametrize("goal", Goal)
@pytest.mark.parametrize(("more", "verdict"), [(0.4, Verdict.MORE), (-0.25, Verdict.LESS)])
def test_a_verdict_is_of_the_goal(goal: Goal, more: float, verdict: Verdict) -> None:
    assert told(some_customers(more=more), goal=goal).verdict is verdict


@pytest.mark.parametrize("goal", Goal)
def test_arms_that_do_the_same_cannot_be_told_apart(goal: Goal) -> None:
    """Of every five customers who do the same, one is held out."""
    counted = replace(some_customers(), held_out=np.arange(1_000) % 5 == 0)
    five = np.arange(1_000) // 5
    same = WindowOutcomes(
        bought=five % 3 == 0, spend=(five % 3).astype(float), forecast=(five % 7).astype(float)
    )
    found = told(replace(counted, strata=five % 2, outcomes=same), goal=goal)
    assert found.verdict is Verdict.CANNOT_TELL
    assert effects_of(found).of(goal).difference == pytest.approx(0, abs=1e-12)


def test_buyers_may_be_more_where_spend_cannot_be_told() -> None:
    counted = some_customers(more=0.2)
    spend, held_out = counted.outcomes.spend, counted.held_out
    cheaper = np.mean(spend[held_out]) / np.mean(spend[~held_out])
    outcomes = replace(counted.outcomes, spend=np.where(held_out, 1.0, cheaper) * spend)
    both = [told(replace(counted, outcomes=outcomes), goal=goal).verdict for goal in Goal]
    assert both == [Verdict.MORE, Verdict.CANNOT_TELL]


def test_means_differ_by_the_effect() -> None:
    found = told(some_customers(more=0.1), limit=30.0)
    ours, theirs = means_of(found.treated), means_of(found.held_out)
    effects = effects_of(found)
    assert ours.buying_share - theirs.buying_share == pytest.approx(effects.buyers.difference)
    assert ours.spend - theirs.spend == pytest.approx(effects.spend.difference)
    plain = effects.limited_spend.difference
    assert ours.limited_spend - theirs.limited_spend == pytest.approx(plain)


def test_arms_are_compared_stratum_by_stratum() -> None:
    """All of one stratum buy and none of the other, and the arms have different shares of each."""
    counted = some_customers(100, share=0.5)
    strata, held_out = (
        np.arange(100) // 50,
        np.arange(100) % 50 < np.where(np.arange(100) < 50, 10, 40),
    )
    apart = replace(counted, strata=strata, held_out=held_out)
    found = told(who_did(apart, strata == 1), goal=Goal.BUYERS)
    assert effects_of(found).buyers.difference == 0
    assert means_of(found.treated).buying_share == means_of(found.held_out).buying_share == 0.5
    assert (found.treated.buyers, found.held_out.buyers) == (10, 40)


def test_money_is_the_effect_times_the_treated() -> None:
    found = effects_of(told(some_customers(more=0.2), limit=30.0, cost=500.0))
    money, effect = found.brought_in, found.limited_adjusted_spend
    for of, per_customer in (
        (money.value, effect.difference),
        (money.low, effect.low),
        (money.high, effect.high),
    ):
        assert of == pytest.approx(800 * per_customer)
    assert money.per_cost == pytest.approx(800 * effect.difference / 500)


@pytest.mark.parametrize("cost", [None, 0.0])
def test_what_cost_nothing_has_no_return(cost: float | None) -> None:
    found = effects_of(told(some_customers(), cost=cost))
    assert found.brought_in.per_cost is None
    assert found.brought_in.cost == cost


def test_one_huge_order_is_in_one_figure_and_limited_in_the_other() -> None:
    counted = some_customers()
    spend = counted.outcomes.spend.copy()
    spend[np.flatnonzero(~counted.held_out)[0]] = 1e6
    found = told(replace(counted, outcomes=replace(counted.outcomes, spend=spend)), limit=100.0)
    effects, means = effects_of(found), means_of(found.treated)
    assert effects.spend.difference > 1_000
    assert abs(effects.limited_spend.difference) < 10
    assert means.spend > 1_000 > means.limited_spend
    assert effects.spend_limit == 100.0
    assert found.verdict is Verdict.CANNOT_TELL


def test_a_limit_is_what_three_in_a_hundred_buyers_spent_more_than() -> None:
    spend = np.concatenate([np.zeros(500), np.arange(1.0, 102.0)])
    assert spend_limit(spend) == 98.0
    assert limited(spend, 98.0).max() == 98.0
    assert spend_limit(np.zeros(5)) is None
    assert limited(spend, None) is spend


def test_a_forecast_that_knows_all_makes_intervals_narrow() -> None:
    counted = some_customers()
    knowing = replace(counted.outcomes, forecast=counted.outcomes.spend)
    perfect = effects_of(told(replace(counted, outcomes=knowing))).precision_gain
    own = effects_of(told(counted)).precision_gain
    assert perfect == pytest.approx(1, abs=1e-6)
    assert own is not None
    assert 0 < own < 0.5


def test_without_a_forecast_spend_is_not_adjusted() -> None:
    counted = some_customers()
    unknown = replace(counted.outcomes, forecast=np.zeros(1_000))
    found = effects_of(told(replace(counted, outcomes=unknown)))
    assert found.adjusted_spend == found.spend
    assert found.precision_gain == 0


def test_where_nobody_bought_nothing_can_be_told() -> None:
    counted = some_customers()
    found = told(who_did(counted, np.zeros(1_000, dtype=bool)), goal=Goal.BUYERS)
    effects = effects_of(found)
    assert found.verdict is Verdict.CANNOT_TELL
    assert effects.buyers.difference == 0
    assert effects.buyers.low < 0 < effects.buyers.high
    assert (effects.spend.low, effects.spend.high) == (0, 0)
    assert effects.precision_gain is None
    assert effects.brought_in.value == 0


@pytest.mark.parametrize("left", [0, 1])
def test_of_an_arm_without_customers_nothing_is_told(left: int) -> None:
    counted = some_customers(100)
    kept = ~counted.held_out | (np.cumsum(counted.held_out) <= left)
    found = told(counted.only(kept), drawn=ArmSizes(treated=80, held_out=20 if left else 0))
    assert found.effects is None
    assert found.treated.means is found.held_out.means is None
    assert found.treated.buyers == int(np.sum(counted.outcomes.bought & ~counted.held_out))
    assert found.segments == ()


def test_of_nobody_nothing_is_told() -> None:
    found = told(some_customers(100).only(np.zeros(100, dtype=bool)))
    assert (found.verdict, found.effects, found.ratio_p_value) == (Verdict.CANNOT_TELL, None, None)


def test_who_was_erased_is_missing_and_not_counted() -> None:
    counted = some_customers()
    kept = np.arange(1_000) % 10 != 0
    found, left = told(counted.only(kept), drawn=counted.sizes), counted.only(kept)
    assert found.treated.drawn == 800
    assert found.treated.missing + found.held_out.missing == 100
    assert found.treated.buyers == int(np.sum(left.outcomes.bought & ~left.held_out))
    assert found.ratio_p_value is not None
    assert found.ratio_p_value > 0.0005


def test_a_loss_is_as_likely_as_fisher_says() -> None:
    """Of 20 customers, 5 of them held out, 4 are missing: 3 of those held out and one other."""
    counted = some_customers(20, share=0.25)
    gone = (np.cumsum(counted.held_out) <= 3) & counted.held_out
    gone[np.flatnonzero(~counted.held_out)[0]] = True
    found = told(counted.only(~gone), drawn=counted.sizes)
    as_held = [comb(5, k) * comb(15, 4 - k) / comb(20, 4) for k in range(5)]
    assert found.ratio_p_value == pytest.approx(as_held[3] + as_held[4])


def test_nothing_is_concluded_where_one_arm_lost_its_customers() -> None:
    counted = some_customers(more=0.4)
    gone = counted.held_out & (np.arange(1_000) % 3 == 0)
    found = told(counted.only(~gone), drawn=counted.sizes)
    assert found.verdict is Verdict.UNEVEN_LOSS
    assert effects_of(found).limited_adjusted_spend.low > 0


def test_segments_are_told_apart_with_wider_intervals() -> None:
    counted = some_customers(2_000, more=0.2)
    found = told(counted)
    assert [one.segment_id for one in found.segments] == ["loyal", "new"]
    assert [one.buyers.coverage for one in found.segments] == pytest.approx([0.975, 0.975])
    alone = told(counted.only(counted.segments == "new"))
    new, itself = found.segments[1].spend, effects_of(alone).limited_adjusted_spend
    assert new.difference == pytest.approx(itself.difference)
    assert new.width > itself.width
    assert alone.segments[0].spend == itself


def test_small_segments_and_customers_without_one_are_not_told_apart() -> None:
    counted = some_customers()
    segments = counted.segments.copy()
    held_out = np.flatnonzero(counted.held_out)
    segments[:] = None
    segments[
        np.concatenate([held_out[: LEAST_IN_SEGMENT - 1], np.flatnonzero(~counted.held_out)])
    ] = "a"
    assert told(replace(counted, segments=segments)).segments == ()
    segments[held_out[LEAST_IN_SEGMENT]] = "a"
    assert [one.segment_id for one in told(replace(counted, segments=segments)).segments] == ["a"]


def test_balance_is_in_standard_deviations_of_what_is_known() -> None:
    counted = some_customers(8, share=0.5)
    age = np.where(counted.held_out, np.nan, 0.0)
    age[np.flatnonzero(~counted.held_out)[:3]] = [1.0, 2.0, 3.0]
    age[np.flatnonzero(~counted.held_out)[3:]] = np.nan
    age[np.flatnonzero(counted.held_out)[:2]] = [4.0, 8.0]
    known = {"age_days": age, "same": np.ones(8), "unknown": np.full(8, np.nan)}
    balance = told(replace(counted, known_before=known)).balance
    # Means 2 and 6; variances 1 and 8.
    assert balance["age_days"] == pytest.approx(-4 / sqrt(4.5))
    assert sorted(balance) == ["age_days", "forecast"]
