"""A campaign from its draft to its last answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from backend.results.campaign import ArmSizes, CampaignAnswer, CampaignState, Detectable, Goal
from backend.results.root import Result

# Refunds of what was ordered in the window come until then.
SETTLES_AFTER = timedelta(days=14)
# What a campaign without an end is said to be able to show: within a quarter of a year.
DAYS_WITHOUT_END = 90
# Until when they are held out whom a campaign without an end holds out.
NO_END = datetime(9999, 12, 31, tzinfo=UTC)


class AnswerKind(StrEnum):
    """When an answer was counted."""

    LOOK = "look"
    """Before the window closed; each run takes the place of the one before."""
    AT_CLOSE = "at_close"
    """By the first run that knows the whole window."""
    SETTLED = "settled"
    """By the first run fourteen days later, when most refunds are known; it never changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignWanted:
    """A campaign as it is asked for.

    Attributes
    ----------
    name
        What people call it.
    chosen
        Who is in it: the API's own parameters of lists, by name, as JSON has them.
    holdout_share
        Of its customers that are held out.
    window_days
        How long what they buy is counted; None: until somebody closes it.
    goal
        What it is to bring.
    cost
        Of the whole campaign, currency units; None where it is not known.
    """

    name: str
    chosen: Mapping[str, Any]
    holdout_share: float
    window_days: int | None
    goal: Goal
    cost: float | None

    @property
    def promised_days(self) -> int:
        """The window that is said what it can show."""
        return DAYS_WITHOUT_END if self.window_days is None else self.window_days


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignDrawn(Result):
    """What was settled when a campaign started, and does not change."""

    started_at: datetime
    """When its window opened, by the clock that runs describe the shop as of."""
    run_id: str
    """The run whose numbers of its customers were kept."""
    arms: ArmSizes
    """Customers of each arm, as they were drawn."""
    spend_limit: float | None
    """What one customer's spend counts for at most, currency units; null: no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedAnswer(Result):
    """What a campaign brought, as one run counted it."""

    kind: AnswerKind
    """When."""
    run_id: str | None
    """The run that counted it; null where the command did."""
    answer: CampaignAnswer
    """What it found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign as it is kept.

    Attributes
    ----------
    id, state, created_at
        Its id, how far it is, and when it was described.
    wanted
        As it was asked for.
    promise
        What a campaign of its size can show, as of its draft or, once it runs, of its start.
    already_held_out
        Whom its conditions are met by, and another campaign holds out: they are in neither arm.
    drawn
        What its start settled; None before.
    closes_at
        When its window closes, or closed; None before it starts, and of one without an end.
    ended_at
        When nobody was held out for it any longer: its window was over, or somebody closed it or
        gave it up; None before.
    letting_go_since
        Since when it lets go of who it held out, some at a time; None: of nobody.
    answers
        What was counted so far, by kind.
    """

    id: str
    state: CampaignState
    created_at: datetime
    wanted: CampaignWanted
    promise: Detectable
    already_held_out: int
    drawn: CampaignDrawn | None
    closes_at: datetime | None
    ended_at: datetime | None
    letting_go_since: datetime | None
    answers: Mapping[AnswerKind, CountedAnswer]

    @property
    def latest_first(self) -> list[CountedAnswer]:
        """What was counted, the last first."""
        kinds = (AnswerKind.SETTLED, AnswerKind.AT_CLOSE, AnswerKind.LOOK)
        return [self.answers[one] for one in kinds if one in self.answers]

    @property
    def holds_out(self) -> bool:
        """Whether anybody is held out for it."""
        return self.state is CampaignState.RUNNING and self.ended_at is None

    @property
    def window_is_cut(self) -> bool:
        """Whether somebody closed it before its window was over."""
        days = self.wanted.window_days
        if days is None or self.drawn is None or self.closes_at is None:
            return False
        return self.closes_at < self.drawn.started_at + timedelta(days=days)

    @property
    def settles_at(self) -> datetime | None:
        """When it is counted for good; None while it has no end."""
        return None if self.closes_at is None else self.closes_at + SETTLES_AFTER
