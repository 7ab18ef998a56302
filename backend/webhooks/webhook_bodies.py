"""What webhooks are sent: `{type, timestamp, data}`, by event. Ids and numbers; names where asked.

Every field of `data` is described beneath it; docs/webhooks.md shows one of each.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.core.glossary import Cause, Departure
from backend.results.campaign_life import Campaign, CampaignDrawn
from backend.results.move import MoveCounts
from backend.results.root import Result, Share
from backend.results.run_report import CustomerCounts, RunReport


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSize(Result):
    """How many are in a segment."""

    id: str
    """Of the segment."""
    customers: int
    """At least 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPublishedTold(Result):
    """`run.published`: what a run found, in numbers."""

    run_id: str
    """The run."""
    as_of: datetime
    """The instant that it describes."""
    customers: CustomerCounts
    """Who was read."""
    counted_orders: int
    """Orders that count."""
    segments: tuple[SegmentSize, ...]
    """In the order in which they are shown."""
    moves: MoveCounts
    """Who changed segment, by why, and from where to where."""
    currency: str | None
    """Of all amounts; null where the shop's data do not tell one."""
    link: str
    """Path of the run's report at this service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailedTold(Result):
    """`run.failed`: a run that ended without replacing what is served."""

    run_id: str
    """The run."""
    error: str
    """Why, in a sentence."""
    link: str
    """Path of the run at this service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialTold(Result):
    """`webhook.test`: somebody tries the webhook."""

    webhook_id: str
    """The webhook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonTold(Result):
    """Who somebody is, where the webhook was made with `people`."""

    email: str | None
    """As the shop has it."""
    first_name: str | None
    """Likewise."""
    last_name: str | None
    """Likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTold(Result):
    """One customer that something happened to."""

    customer_id: str
    """The shop's id, as text."""
    person: PersonTold | None = None
    """Null unless the webhook was made with `people`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedCustomerTold(CustomerTold):
    """One customer who is served."""

    held_out_until: datetime | None = None
    """Until when a campaign holds them out: they are not to be reached; null where none does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTold(ServedCustomerTold):
    """One customer's change of segment."""

    from_segment_id: str | None
    """Null: newly known."""
    to_segment_id: str
    """Where they are."""
    cause: Cause
    """behaviour: the customer ordered or time passed; model: the border moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskTold(ServedCustomerTold):
    """One customer who has come to be at risk."""

    churn_risk: Share
    """As published."""
    churn_risk_before: Share | None
    """As published before; null where it was unknown."""
    value_at_risk: float | None
    """Currency units; null where its parts are unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartureTold(CustomerTold):
    """One customer who is known no longer."""

    cause: Departure
    """deleted or merged in the shop, erased here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTold(Result):
    """What calls about customers have in common: one event may take several."""

    run_id: str | None
    """The run that found it; null where no run did."""
    batch: int
    """Which call of its event this is, from 1."""
    batches: int
    """How many calls there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesTold(CallTold):
    """`segment.changed`: customers who are in another segment, or newly in one."""

    customers: tuple[MoveTold, ...]
    """At most 500, each once in all calls of the event; who was erased since is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RisksTold(CallTold):
    """`customer.at_risk`: customers whose churn risk rose to the limit."""

    customers: tuple[RiskTold, ...]
    """At most 500, each once in all calls of the event; who was erased since is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeparturesTold(CallTold):
    """`customer.gone`: customers who are known no longer."""

    customers: tuple[DepartureTold, ...]
    """At most 500, each once in all calls of the event; who is back since is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatedTold(CustomerTold):
    """One customer whom a campaign is to reach, as they were when it started."""

    segment_id: str | None
    """The segment that they were in; null: in none."""
    churn_risk: Share | None
    """As published; null where it was unknown."""
    predicted_value: float | None
    """What they were expected to spend, currency units; null where nothing was known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStartedTold(CallTold):
    """`campaign.started`: whom a campaign is to reach. Nobody who is held out is in it."""

    campaign_id: str
    """The campaign."""
    name: str
    """What people call it."""
    started_at: datetime
    """When its window opened."""
    closes_at: datetime | None
    """When its window closes; null: when somebody closes it."""
    treated: int
    """Customers who were drawn to be reached, in all calls."""
    held_out: int
    """Customers who were not, so that it can be told what reaching the others brings."""
    link: str
    """Path of those who are to be reached at this service, in pages or as CSV."""
    customers: tuple[TreatedTold, ...]
    """At most 500, each once in all calls; who was erased, left the shop or is held out by another
    campaign since is left out."""


Told = (
    RunPublishedTold
    | RunFailedTold
    | CampaignStartedTold
    | TrialTold
    | MovesTold
    | RisksTold
    | DeparturesTold
)


def run_published(report: RunReport) -> RunPublishedTold:
    """Tell of a run that is published."""
    return RunPublishedTold(
        run_id=report.run_id,
        as_of=report.as_of,
        customers=report.customers,
        counted_orders=report.orders.counted,
        segments=tuple(
            SegmentSize(id=one.id, customers=one.customer_count) for one in report.segments
        ),
        moves=report.moves,
        currency=report.currency,
        link=f"/api/mcp/runs/{report.run_id}/report",
    )


def campaign_started(
    campaign: Campaign, drawn: CampaignDrawn, customers: Iterable[TreatedTold], **call: Any
) -> CampaignStartedTold:
    """Tell whom a campaign that has started is to reach, in one of its calls."""
    return CampaignStartedTold(
        **call,
        campaign_id=campaign.id,
        name=campaign.wanted.name,
        started_at=drawn.started_at,
        closes_at=campaign.closes_at,
        treated=drawn.arms.treated,
        held_out=drawn.arms.held_out,
        link=f"/api/admin/campaigns/{campaign.id}/treated",
        customers=tuple(customers),
    )


def run_failed(run_id: str, error: str) -> RunFailedTold:
    """Tell of a run that failed."""
    return RunFailedTold(run_id=run_id, error=error, link=f"/api/mcp/runs/{run_id}")
