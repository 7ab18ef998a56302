import numpy as np
import pytest

from backend.behaviour.history import OrderHistory
from backend.forecast.learn.fit_sample import rows_to_settle_by
from backend.forecast.learn.predict import forecast


def test_who_are_few_are_all_learnt_from(small_shop: OrderHistory) -> None:
    days = small_shop.purchase_days()
    assert rows_to_settle_by(days, len(days.buyers), seed=0) is None


def test_a_sample_has_of_each_kind_its_share(small_shop: OrderHistory) -> None:
    days, most = small_shop.purchase_days(), 60
    rows = rows_to_settle_by(days, most, seed=0)
    assert rows is not None
    assert len(rows) == len(set(rows.tolist())) == most
    assert rows.tolist() == sorted(rows.tolist())
    counts = days.counts
    for low, high in ((1, 1), (2, 2), (3, 3), (4, 5), (6, 10), (11, 10_000)):
        there = ((counts >= low) & (counts <= high)).sum()
        drawn = ((counts[rows] >= low) & (counts[rows] <= high)).sum()
        assert abs(drawn - most * there / len(counts)) <= 1


def test_a_seed_decides_who_is_drawn(small_shop: OrderHistory) -> None:
    days = small_shop.purchase_days()
    first, again, other = (str(rows_to_settle_by(days, 20, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_totals_of_a_sample_are_near_those_of_all(small_shop: OrderHistory) -> None:
    whole, again = (forecast(small_shop, fit_customers=most) for most in (200, 1_000_000))
    sampled = forecast(small_shop, fit_customers=150)
    np.testing.assert_array_equal(whole.predicted_orders, again.predicted_orders)
    total, near = np.nansum(whole.predicted_orders), np.nansum(sampled.predicted_orders)
    assert total != near
    assert near == pytest.approx(total, rel=0.1)
