"""What comes after an attempt: it is delivered, made again later, or given up after a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.core.glossary import DeliveryProblem, DeliveryState, DisabledBecause, Event

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=4)
GROWS_BY = 4
MOST_GROWTH = 8  # of steps; the longest pause is reached before
# A day: a receiver that breaks at night is mended in the morning.
GIVEN_UP_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an attempt.

    Attributes
    ----------
    status_code
        What was answered; None where nothing was.
    problem
        Why it failed; None where it did not.
    asked
        How long the receiver asks to be left alone, by Retry-After.
    """

    status_code: int | None = None
    problem: DeliveryProblem | None = None
    asked: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What becomes of a delivery, and of its webhook.

    Attributes
    ----------
    state
        Of the delivery.
    due_at
        When it is tried again; None: never.
    disables
        Why its webhook is told nothing any more; None: it is.
    """

    state: DeliveryState
    due_at: datetime | None = None
    disables: DisabledBecause | None = None


def aftermath(
    outcome: Outcome, event: Event, attempts: int, first_tried_at: datetime, now: datetime
) -> Aftermath:
    """Say what comes after an attempt.

    Parameters
    ----------
    outcome
        What came of it.
    event
        What was told; a trial is tried once, and disables nothing.
    attempts
        Made so far, this one included.
    first_tried_at
        When the first was.
    now
        The time.
    """
    if outcome.problem is None:
        return Aftermath(state=DeliveryState.DELIVERED)
    if event is Event.TEST:
        return Aftermath(state=DeliveryState.DEAD)
    if outcome.problem is DeliveryProblem.GONE:
        return Aftermath(state=DeliveryState.DEAD, disables=DisabledBecause.GONE)
    due_at = next_attempt(attempts, first_tried_at, now, outcome.asked)
    if due_at is None:
        return Aftermath(state=DeliveryState.DEAD, disables=DisabledBecause.UNDELIVERABLE)
    return Aftermath(state=DeliveryState.WAITING, due_at=due_at)


def next_attempt(
    attempts: int, first_tried_at: datetime, now: datetime, asked: timedelta | None = None
) -> datetime | None:
    """Return when to try again; None where it has been tried for a day.

    The last attempt is made when the day is over, so that a whole day is given.

    Parameters
    ----------
    attempts
        Made so far, at least 1.
    first_tried_at
        When the first was.
    now
        The time.
    asked
        As of `pause_after`.
    """
    end = first_tried_at + GIVEN_UP_AFTER
    return None if now >= end else min(now + pause_after(attempts, asked), end)


def pause_after(attempts: int, asked: timedelta | None = None) -> timedelta:
    """Return how long to wait after so many attempts: 5 s, 20 s, 80 s, … at most four hours.

    Parameters
    ----------
    attempts
        Made so far, at least 1.
    asked
        What the receiver asks for; heard as far as the longest pause.
    """
    steps = min(attempts - 1, MOST_GROWTH)
    grown: timedelta = FIRST_PAUSE * GROWS_BY**steps
    return min(max(grown, asked or grown), LONGEST_PAUSE)
