"""When a delivery is tried again, and when it is given up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.glossary import DeliveryProblem, DeliveryState, DisabledBecause, Event
from backend.webhooks.attempts import Aftermath, Outcome, aftermath, next_attempt, pause_after

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
FAILED = Outcome(status_code=500, problem=DeliveryProblem.REFUSED)


def test_pauses_grow_to_four_hours() -> None:
    seconds = [pause_after(attempts).total_seconds() for attempts in range(1, 9)]
    assert seconds == [5, 20, 80, 320, 1280, 5120, 14_400, 14_400]
    assert pause_after(10_000) == timedelta(hours=4)


@pytest.mark.parametrize(("asked", "expected"), [(1, 5), (60, 60), (86_400, 14_400)])
def test_who_asks_to_be_left_alone_is_heard_within_bounds(asked: int, expected: int) -> None:
    assert pause_after(1, timedelta(seconds=asked)).total_seconds() == expected


@given(st.lists(st.one_of(st.none(), st.integers(0, 100_000)), min_size=60, max_size=60))
def test_the_last_attempt_is_made_when_the_day_is_over(asked: list[int | None]) -> None:
    now, attempts = NOON, 0
    for told in asked:
        attempts += 1
        wish = None if told is None else timedelta(seconds=told)
        then = next_attempt(attempts, NOON, now, wish)
        if then is None:
            break
        assert now < then <= NOON + DAY
        now = then
    assert now == NOON + DAY
    assert 7 <= attempts <= 14


@pytest.mark.parametrize(
    ("outcome", "event", "hours", "expected"),
    [
        (Outcome(status_code=204), Event.RUN_FAILED, 30, Aftermath(state=DeliveryState.DELIVERED)),
        (FAILED, Event.TEST, 0, Aftermath(state=DeliveryState.DEAD)),
        (
            Outcome(status_code=410, problem=DeliveryProblem.GONE),
            Event.RUN_FAILED,
            0,
            Aftermath(state=DeliveryState.DEAD, disables=DisabledBecause.GONE),
        ),
        (
            FAILED,
            Event.RUN_FAILED,
            24,
            Aftermath(state=DeliveryState.DEAD, disables=DisabledBecause.UNDELIVERABLE),
        ),
        (
            FAILED,
            Event.RUN_FAILED,
            23.9,
            Aftermath(state=DeliveryState.WAITING, due_at=NOON + DAY),
        ),
    ],
)
def test_what_comes_after_an_attempt(
    outcome: Outcome, event: Event, hours: float, expected: Aftermath
) -> None:
    now = NOON + timedelta(hours=hours)
    assert aftermath(outcome, event, attempts=9, first_tried_at=NOON, now=now) == expected
