"""A webhook: an address that somebody wants told what happens, and of what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.core.glossary import Cause, DisabledBecause, Event

AT_RISK_FROM = 0.7
# By so much a risk has to fall before its next rise is told.
FALLS_BY = 0.1
PLACES = 4  # of a churn risk, as it is published


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesWanted:
    """Which changes of segment a webhook is told; of what is empty, all.

    Attributes
    ----------
    from_segment_ids, to_segment_ids
        Where from, and where to; who is newly known comes from nowhere.
    causes
        Why.
    """

    from_segment_ids: Sequence[str] = ()
    to_segment_ids: Sequence[str] = ()
    causes: Sequence[Cause] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimits:
    """Between which churn risks a customer is at risk.

    Attributes
    ----------
    at_risk_from
        Who comes to it, or above, is told as at risk, once.
    again_below
        Who falls below it may be told again; at most `at_risk_from`.
    """

    at_risk_from: float = AT_RISK_FROM
    again_below: float = 0.6


def risk_limits(at_risk_from: float, again_below: float | None) -> RiskLimits:
    """Return limits as they are kept, the lower one .1 below the upper one where none is given."""
    upper = round(at_risk_from, PLACES)
    lower = max(upper - FALLS_BY, 0.0) if again_below is None else again_below
    return RiskLimits(at_risk_from=upper, again_below=round(lower, PLACES))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookWanted:
    """What somebody asks for who makes a webhook.

    Attributes
    ----------
    url
        Where to.
    events
        What it is told of, at least one.
    moves, risk
        Which of them.
    people
        Whether bodies also hold e-mails and names.
    """

    url: str
    events: Sequence[Event]
    moves: MovesWanted = MovesWanted()
    risk: RiskLimits = RiskLimits()
    people: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook(WebhookWanted):
    """A webhook as it is kept.

    Attributes
    ----------
    id
        Its own.
    created_at
        When it was made.
    is_seeded
        Whether it is known who was at risk before it was first told.
    disabled_at, disabled_because
        Since when and why it is told nothing; None while it is.
    previous_until
        Until when what it is sent is signed with its secret before, too.
    """

    id: str
    created_at: datetime
    is_seeded: bool
    disabled_at: datetime | None
    disabled_because: DisabledBecause | None
    previous_until: datetime | None

    def wants(self, event: Event) -> bool:
        """Tell whether it is told of these."""
        return event in self.events
