from dataclasses import replace

import numpy as np
import pytest

from backend.behaviour.history import OrderHistory, PurchaseDays
from backend.core.glossary import Metric, Status
from backend.forecast.learn.backtest.grades import both, make_report, strongest_rule
from backend.forecast.learn.backtest.spend_power import best_spend_power
from backend.forecast.learn.backtest.trials import Trial, trial_cutoffs, trials_to_run
from backend.forecast.learn.self_report import self_report
from backend.forecast.prediction import Prediction
from backend.results.forecast_report import Backtest, Backtests, LevelCorrections
from backend.wording.forecast_sentences import forecast_notes


def run_trials(days: PurchaseDays, horizon_days: int) -> list[Trial]:
    found = [one() for one in trials_to_run(days, horizon_days, seed=0)]
    return [one for one in found if one is not None]


def trial(
    expected: list[float], spend: list[float], came: list[float], **rules: list[float]
) -> Trial:
    """A trial whose model predicts `expected` spend and whose rules predict theirs."""

    def prediction(values: list[float]) -> Prediction:
        money = np.array(values)
        share = money / (money.max() * 1.25) + 0.1
        return Prediction(np.arange(len(money)), money / 10, money, np.log(share / (1 - share)))

    return Trial(
        cutoff=19_000,
        horizon_days=90,
        prediction=prediction(expected),
        rules={name.replace("_", " "): prediction(values) for name, values in rules.items()},
        purchase_days=np.array(came),
        spend=np.array(spend),
    )


def test_trials_end_before_the_present_and_know_only_their_past(small_shop: OrderHistory) -> None:
    days = small_shop.purchase_days()
    for one in run_trials(days, 180):
        assert one.cutoff + one.horizon_days <= days.as_of_day
        later = days.day >= one.cutoff
        rng = np.random.default_rng(0)
        scrambled = replace(
            days, spend=np.where(later, rng.uniform(1, 500, len(later)), days.spend)
        )
        again = run_trials(scrambled, 180)
        same = next(t for t in again if t.cutoff == one.cutoff)
        assert same.prediction.spend.tobytes() == one.prediction.spend.tobytes()
        assert same.spend.tobytes() != one.spend.tobytes()


def test_cutoffs_leave_a_window_and_some_history(small_shop: OrderHistory) -> None:
    days = small_shop.purchase_days()
    cutoffs, window = trial_cutoffs(days, 365)
    assert cutoffs == sorted(cutoffs, reverse=True)
    assert max(cutoffs) == days.as_of_day - window
    assert min(cutoffs) - days.day.min() >= 90


def test_outcomes_are_counted_from_the_cutoff(small_shop: OrderHistory) -> None:
    (one, *_) = run_trials(small_shop.purchase_days(), 90)
    start = np.datetime64(one.cutoff, "D")
    new = (small_shop.created_at >= start) & (small_shop.created_at < start + 90)
    for row, customer in enumerate(one.prediction.customer):
        mine = new & (small_shop.customer_index == customer)
        order_days = set(small_shop.created_at[mine].astype("datetime64[D]").tolist())
        assert one.purchase_days[row] == len(order_days)
        assert one.spend[row] == pytest.approx(small_shop.amount[mine].sum())


def test_a_shop_too_small_to_try_has_no_trials() -> None:
    few = PurchaseDays(
        800, np.array([0, 0, 1]), np.array([1, 400, 300]), np.ones(3), np.ones(3, int)
    )
    assert run_trials(few, 90) == []


def test_without_trials_spend_is_left_as_predicted() -> None:
    assert best_spend_power([]) == 1
    before = trial([1.0, 9.0], [1, 9], [1, 1]).prediction
    assert before.with_spend_power(1.0).spend.tolist() == before.spend.tolist()


def test_spend_drawn_together_is_spread_again() -> None:
    rng = np.random.default_rng(1)
    true = np.exp(rng.normal(3, 1.2, 4000))
    spend = rng.poisson(true).astype(float)
    drawn_together = np.sqrt(true) * 5
    power = best_spend_power([trial(drawn_together.tolist(), spend.tolist(), spend.tolist())])
    assert power > 1.2
    # Many, none of whom brings most of it: then the total stays.
    before = trial([1.0, 2.0] * 100, [1.0, 2.0] * 100, [1] * 200).prediction
    after = before.with_spend_power(power)
    assert after.spend.sum() == pytest.approx(before.spend.sum())
    assert after.spend[1] > before.spend[1]


def test_trials_in_which_nobody_spent_teach_no_spread() -> None:
    assert best_spend_power([trial([1.0, 2.0, 3.0], [0.0] * 3, [0.0] * 3)]) == 1


def notes_on(trials: Backtest | None) -> tuple[str, ...]:
    """Return what is said of a forecast with these trials, by a shop that knows its season."""
    report = self_report(
        Status.SCORED,
        "lifetime models",
        value_horizon_days=365,
        churn_horizon_days=365,
        parameters={},
        level=LevelCorrections(year_ago=True),
        backtest=Backtests(value=trials, churn=trials),
    )
    return forecast_notes(report)


def test_a_rule_that_knows_better_is_named_and_costs_the_grade() -> None:
    rng = np.random.default_rng(2)
    spend = np.where(rng.uniform(size=500) < 0.4, rng.uniform(10, 90, 500), 0.0)
    noise = rng.uniform(10, 90, 500)
    one = trial(
        noise.tolist(), spend.tolist(), (spend / 10).tolist(), knows_it=(spend + 1).tolist()
    )
    report = make_report([one], [one.prediction])
    assert report is not None
    assert report.grade.overall == "weak"
    assert strongest_rule(report.metrics, Metric.SPEND_GINI) == "knows it"
    assert notes_on(report) == (
        'For churn, the simple rule "knows it" does better on the past.',
        'For value, the simple rule "knows it" does better on the past.',
    )


def test_a_rule_that_knows_no_better_is_not_spoken_of() -> None:
    rng = np.random.default_rng(3)
    spend = np.where(rng.uniform(size=500) < 0.4, rng.uniform(10, 90, 500), 0.0)
    one = trial(
        (spend + 5).tolist(), spend.tolist(), spend.tolist(), noise=rng.uniform(1, 9, 500).tolist()
    )
    report = make_report([one], [one.prediction])
    assert notes_on(report) == ()


def test_what_a_rule_knows_moves_no_number() -> None:
    rng = np.random.default_rng(2)
    spend = np.where(rng.uniform(size=500) < 0.4, rng.uniform(10, 90, 500), 0.0)
    seen = rng.uniform(10, 90, 500).tolist(), spend.tolist(), (spend / 10).tolist()
    alone, beside = trial(*seen), trial(*seen, knows_it=(spend + 1).tolist())
    assert best_spend_power([alone]) == best_spend_power([beside])


def test_few_buyers_are_no_ground_for_a_grade() -> None:
    one = trial([5.0] * 20, [1.0, 0.0] * 10, [1.0, 0.0] * 10)
    report = make_report([one], [one.prediction])
    assert report is not None
    assert report.grade == both("not enough history", "not enough history")


def test_a_shop_that_nobody_left_is_graded_for_value_alone() -> None:
    one = trial([5.0, 9.0] * 40, [5.0, 9.0] * 40, [1.0, 2.0] * 40, nothing=[1.0, 1.0] * 40)
    report = make_report([one], [one.prediction])
    assert report is not None
    assert report.grade.value == "good"
    assert report.grade.churn == report.grade.overall == "not enough history"


def test_without_trials_there_is_no_report() -> None:
    assert make_report([], []) is None
