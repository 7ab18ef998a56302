"""Who is told as at risk: once for each rise, whatever the risk does between the two limits."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.webhooks.alarms import alarms
from backend.webhooks.webhook import RiskLimits, risk_limits

LIMITS = RiskLimits()
risks = st.one_of(st.floats(0, 1).map(lambda one: round(one, 4)), st.just(float("nan")))


def told(nights: list[float], limits: RiskLimits = LIMITS) -> list[int]:
    """Return the nights in which a customer is told of, who was not at risk before."""
    raised, found = np.array([False]), []
    for night, risk in enumerate(nights):
        became = alarms(np.array([risk]), raised, limits)
        if became.risen[0]:
            found.append(night)
        raised = (raised | became.risen) & ~became.settled
    return found


@pytest.mark.parametrize(
    ("nights", "expected"),
    [
        ([0.69, 0.7, 0.9], [1]),
        ([0.8, 0.65, 0.75, 0.6, 0.71], [0]),
        ([0.8, 0.5999, 0.7], [0, 2]),
        ([0.8, float("nan"), 0.8], [0]),
        ([float("nan"), 0.75], [1]),
        ([0.65, 0.69, 0.61], []),
    ],
)
def test_a_rise_is_told_once_until_the_risk_has_fallen(
    nights: list[float], expected: list[int]
) -> None:
    assert told(nights) == expected


@given(
    st.lists(risks, max_size=40),
    st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)).map(sorted),
)
def test_between_two_rises_lies_a_fall_and_none_is_missed(
    nights: list[float], ends: list[int]
) -> None:
    limits = RiskLimits(again_below=ends[0] / 10_000, at_risk_from=ends[1] / 10_000)
    found = told(nights, limits)
    for one, other in pairwise(found):
        assert any(risk < limits.again_below for risk in nights[one + 1 : other])
    is_armed = True
    for night, risk in enumerate(nights):
        high, low = risk >= limits.at_risk_from, risk < limits.again_below
        assert (night in found) == (is_armed and high)
        is_armed = (is_armed and not high) or (not is_armed and low)


@given(st.lists(st.tuples(risks, st.booleans()), max_size=30))
def test_customers_do_not_know_each_other(shop: list[tuple[float, bool]]) -> None:
    risk = np.array([one for one, _ in shop])
    raised = np.array([one for _, one in shop], dtype=bool)
    together = alarms(risk, raised, LIMITS)
    for place in range(len(shop)):
        alone = alarms(risk[[place]], raised[[place]], LIMITS)
        assert alone.risen[0] == together.risen[place]
        assert alone.settled[0] == together.settled[place]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((0.7, None), (0.7, 0.6)),
        ((0.5, None), (0.5, 0.4)),
        ((0.05, None), (0.05, 0.0)),
        ((0.7, 0.65), (0.7, 0.65)),
        ((0.123456, None), (0.1235, 0.0235)),
    ],
)
def test_the_lower_limit_is_a_tenth_below_the_upper_one_unless_it_is_given(
    asked: tuple[float, float | None], expected: tuple[float, float]
) -> None:
    limits = risk_limits(*asked)
    assert (limits.at_risk_from, limits.again_below) == expected
