"""Dates that stand for none, beside a plain count."""

from collections import Counter

import numpy as np
import pytest

from backend.readiness.judging_orders import SPIKE_MULTIPLE, SPIKE_SHARE, judge_dates
from backend.shop.mapping.layers import load_mapping

START = np.datetime64("2022-03-01", "us")


def counted(instants: list[str]) -> int:
    """Count the orders at instants that hold a twentieth of all and twenty times the usual."""
    orders, at = len(instants), Counter(instants)
    if orders < 50:
        return 0
    fewest = max(SPIKE_SHARE * orders, SPIKE_MULTIPLE * orders / len(at))
    return sum(count for count in at.values() if count >= fewest)


@pytest.mark.parametrize("orders", [0, 1, 49, 50, 400])
@pytest.mark.parametrize("spikes", [(), (0.04,), (0.06,), (0.3, 0.07), (1.0,)])
@pytest.mark.parametrize("instants", [1, 5, 10**9])
def test_an_instant_that_too_many_orders_share_stands_for_none(
    orders: int, spikes: tuple[float, ...], instants: int
) -> None:
    rng = np.random.default_rng(orders)
    created = START + rng.integers(0, instants, orders).astype("m8[ms]")
    filled = 0
    for share in spikes:
        rows = slice(filled, filled := filled + round(share * orders))
        created[rows] = START + np.timedelta64(filled + 1, "D")
    rng.shuffle(created)
    told = judge_dates(created, load_mapping({}))
    assert told.at_one_instant == counted([*map(str, created)])
