import numpy as np
import pytest

from backend.behaviour.history import PurchaseDays
from backend.forecast.learn.backtest.simple_rules import simple_rules

AS_OF = 1000


def purchases(*rows: tuple[int, int]) -> PurchaseDays:
    """Purchase days by customer and days before the end, of 10 each."""
    ordered = sorted((customer, AS_OF - ago) for customer, ago in rows)
    customer, day = (np.array(part) for part in zip(*ordered, strict=True))
    return PurchaseDays(AS_OF, customer, day, np.full(len(day), 10.0), np.ones(len(day), int))


# Customers 0 to 9 bought early; the even ones again and again, the odd ones never.
REGULARS = purchases(
    *((c, 400) for c in range(10)),
    *((c, ago) for c in range(0, 10, 2) for ago in (310, 210, 110, 10)),
)


def test_the_base_rate_is_the_mean_of_the_last_period() -> None:
    rule = simple_rules(REGULARS, 100)["base rate"]
    np.testing.assert_allclose(rule.purchase_days, 0.5)
    np.testing.assert_allclose(rule.spend, 5.0)
    np.testing.assert_allclose(rule.none, 0.5)


def test_repeating_the_last_period_repeats_what_each_did() -> None:
    rule = simple_rules(REGULARS, 100)["repeat of the last period"]
    assert rule.purchase_days.tolist() == [1.0, 0.0] * 5
    assert rule.spend.tolist() == [10.0, 0.0] * 5


def test_the_recency_rule_finds_the_split_that_tells() -> None:
    rule = simple_rules(REGULARS, 100)["recency rule"]
    assert np.all(rule.none[::2] < 0.2)
    assert np.all(rule.none[1::2] > 0.8)


def test_a_period_longer_than_half_the_history_is_stretched() -> None:
    rule = simple_rules(REGULARS, 400)["repeat of the last period"]
    assert rule.purchase_days[0] == pytest.approx(4)


def test_without_a_last_period_there_are_no_rules() -> None:
    assert simple_rules(purchases((0, 1)), 100) == {}
