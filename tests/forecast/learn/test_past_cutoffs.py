from dataclasses import replace

import numpy as np
import pytest

from backend.behaviour.history import OrderHistory, PurchaseDays
from backend.forecast.learn.forecast_tuning import TUNED
from backend.forecast.learn.past_cutoffs import build_block, build_blocks, outcomes, plan_cutoffs

AS_OF = 20_000


def purchases(first_day: int) -> PurchaseDays:
    day = np.array([first_day, AS_OF - 1])
    return PurchaseDays(AS_OF, np.array([0, 0]), day, np.ones(2), np.ones(2, int))


def test_windows_are_as_long_as_the_horizon_where_there_is_history() -> None:
    plan = plan_cutoffs(purchases(AS_OF - 1000), 180)
    assert plan.window_days == 180
    assert plan.cutoffs[:2] == (AS_OF - 180, AS_OF - 225)


def test_windows_are_half_the_history_where_that_is_short() -> None:
    plan = plan_cutoffs(purchases(AS_OF - 200), 365)
    assert plan.window_days == 100
    assert plan.year_ago is None


def test_the_same_season_a_year_ago_is_looked_at() -> None:
    plan = plan_cutoffs(purchases(AS_OF - 1000), 90)
    assert plan.year_ago == AS_OF - 364
    assert plan.year_ago in plan.cutoffs


def test_no_cutoff_is_so_early_that_nothing_was_known() -> None:
    plan = plan_cutoffs(purchases(AS_OF - 400), 180)
    assert min(plan.cutoffs) >= AS_OF - 400 + 90


@pytest.mark.parametrize("length", [1, 2, 5, 20, 60])
def test_the_shortest_histories_have_a_plan(length: int) -> None:
    plan = plan_cutoffs(purchases(AS_OF - length), 365)
    assert plan.window_days >= 1
    assert all(cutoff + plan.window_days <= AS_OF for cutoff in plan.cutoffs)


def test_labels_never_reach_past_the_present(small_shop: OrderHistory) -> None:
    days = small_shop.purchase_days()
    plan = plan_cutoffs(days, 180)
    assert all(c + plan.window_days <= days.as_of_day for c in plan.cutoffs)


def test_what_is_known_at_a_cutoff_does_not_depend_on_what_follows(
    small_shop: OrderHistory,
) -> None:
    days = small_shop.purchase_days()
    cutoff = days.as_of_day - 180
    full, past = (
        build_block(known, cutoff, 180, 10_000, np.random.default_rng(0))
        for known in (days, days.before(cutoff))
    )
    assert full.purchase_days.sum() > 0
    assert past.purchase_days.sum() == 0
    np.testing.assert_array_equal(full.features.values, past.features.values)


def test_outcomes_are_those_of_the_window() -> None:
    days = PurchaseDays(
        100, np.array([0, 0, 1, 1]), np.array([10, 60, 50, 70]), np.arange(4.0), np.ones(4, int)
    )
    bought, spend = outcomes(days, np.array([0, 1]), 50, 20)
    assert bought.tolist() == [1.0, 1.0]
    assert spend.tolist() == [1.0, 2.0]


def test_many_customers_are_learnt_from_by_some(small_shop: OrderHistory) -> None:
    days = small_shop.purchase_days()
    cutoff = days.as_of_day - 180
    some = build_block(days, cutoff, 180, 50, np.random.default_rng(0))
    all_of_them = build_block(days, cutoff, 180, 10_000, np.random.default_rng(0))
    assert len(some.features.values) == len(some.purchase_days) == 50
    assert some.level == all_of_them.level


def test_the_same_seed_learns_from_the_same_customers(small_shop: OrderHistory) -> None:
    few = replace(TUNED, cutoffs=replace(TUNED.cutoffs, most_rows=40, fewest_rows_each=40))
    days = small_shop.purchase_days()
    plan = plan_cutoffs(days, 180)

    def sampled(seed: int) -> bytes:
        blocks = build_blocks(days, plan, seed=seed, tuning=few)
        assert {len(block.purchase_days) for block in blocks} == {40}
        return b"".join(block.features.values.tobytes() for block in blocks)

    assert sampled(0) == sampled(0) != sampled(1)


def test_a_block_is_at_the_level_of_its_own_window(small_shop: OrderHistory) -> None:
    days = small_shop.purchase_days()
    for block in build_blocks(days, plan_cutoffs(days, 180), seed=0):
        assert block.base.expected.sum() == pytest.approx(block.purchase_days.sum(), rel=0.1)
