"""JSON of webhooks: what is asked for, what is kept, what was told."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StrictBool

from backend.api.fields import Probability
from backend.api.schema_root import Schema
from backend.api.webhooks import example
from backend.core.glossary import Cause, DeliveryProblem, DeliveryState, DisabledBecause, Event
from backend.webhooks.delivery import Delivery
from backend.webhooks.webhook import (
    AT_RISK_FROM,
    MovesWanted,
    Webhook,
    WebhookWanted,
    risk_limits,
)

LONGEST_URL = 2000
MOST_FILTERED = 100
# Whoever wants to try a webhook asks for that.
ToldEvent = Literal[
    Event.RUN_PUBLISHED,
    Event.SEGMENT_CHANGED,
    Event.CUSTOMER_AT_RISK,
    Event.CUSTOMER_GONE,
    Event.CAMPAIGN_STARTED,
    Event.RUN_FAILED,
]
SegmentIds = Annotated[list[str], Field(max_length=MOST_FILTERED)]


class MovesFilter(Schema):
    """Which changes of segment are told; an empty list says nothing."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: SegmentIds = Field(default=[], alias="from", description="Out of one of these segments")
    to: SegmentIds = Field(default=[], description="Into one of these segments")
    cause: list[Cause] = Field(
        default=[],
        max_length=len(Cause),
        description="behaviour: the customer ordered or time passed; model: the border moved",
    )

    def as_wanted(self) -> MovesWanted:
        """Return what is kept."""
        return MovesWanted(
            from_segment_ids=tuple(self.from_),
            to_segment_ids=tuple(self.to),
            causes=tuple(self.cause),
        )

    @classmethod
    def of(cls, wanted: MovesWanted) -> Self:
        """Write what is kept."""
        return cls(
            from_=list(wanted.from_segment_ids),
            to=list(wanted.to_segment_ids),
            cause=list(wanted.causes),
        )


class WebhookRequest(Schema):
    """A webhook that is to be made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": example.WANTED})

    url: str = Field(
        min_length=1,
        max_length=LONGEST_URL,
        description="Where to; https, and not of a private address, unless WEBHOOKS_ALLOW_PRIVATE",
    )
    events: list[ToldEvent] = Field(
        min_length=1, max_length=len(Event), description="What it is told of"
    )
    moves: MovesFilter = Field(
        default_factory=MovesFilter, description="Of segment.changed, only these"
    )
    at_risk_from: Probability = Field(
        default=AT_RISK_FROM,
        strict=True,
        description="Of customer.at_risk: the churn risk that tells",
    )
    at_risk_again_below: Probability | None = Field(
        default=None,
        strict=True,
        description="Below this churn risk a customer may be told again; at most at_risk_from, "
        "and .1 below it where it is left out",
    )
    people: StrictBool = Field(
        default=False, description="Whether bodies also hold customers' e-mails and names"
    )

    def as_wanted(self) -> WebhookWanted:
        """Return what is kept."""
        return WebhookWanted(
            url=self.url,
            events=tuple(dict.fromkeys(self.events)),
            moves=self.moves.as_wanted(),
            risk=risk_limits(self.at_risk_from, self.at_risk_again_below),
            people=self.people,
        )


class WebhookView(Schema):
    """A webhook as it is kept; its secret is shown once, when it is made."""

    model_config = ConfigDict(json_schema_extra={"example": example.WEBHOOK})

    id: str = Field(description="Its own")
    url: str = Field(description="Where to")
    events: list[ToldEvent] = Field(description="What it is told of")
    moves: MovesFilter = Field(description="Of segment.changed, only these")
    at_risk_from: Probability = Field(description="The churn risk that tells")
    at_risk_again_below: Probability = Field(description="Below it, a rise is told again")
    people: bool = Field(description="Whether bodies also hold e-mails and names")
    created_at: datetime = Field(description="When it was made")
    disabled_at: datetime | None = Field(description="Null: it is told")
    disabled_because: DisabledBecause | None = Field(
        description="asked: somebody wished it; undeliverable: nothing could be delivered for a "
        "day; gone: it answered 410"
    )
    previous_secret_until: datetime | None = Field(
        description="Until then bodies are signed with the secret before as well"
    )

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        """Write a webhook."""
        return cls(**_view(webhook))


class WebhookMade(WebhookView):
    """A webhook with its new secret, which nobody is shown again."""

    model_config = ConfigDict(json_schema_extra={"example": example.NEW_WEBHOOK})

    secret: str = Field(description="Signs what is sent: keep it, it is not shown again")

    @classmethod
    def with_secret(cls, webhook: Webhook, secret: str) -> Self:
        """Write a webhook whose secret is new."""
        return cls(**_view(webhook), secret=secret)


class WebhookList(Schema):
    """All webhooks."""

    model_config = ConfigDict(json_schema_extra={"example": {"webhooks": [example.WEBHOOK]}})

    webhooks: list[WebhookView] = Field(description="The first made first")


class DeliveryView(Schema):
    """One call that is to be made, or was."""

    model_config = ConfigDict(json_schema_extra={"example": example.DELIVERY})

    id: int = Field(description="Ascending: what happened later has a greater one")
    message_id: str = Field(description="The same in every attempt: webhook-id of the call")
    event: Event = Field(description="What is told")
    run_id: str | None = Field(description="The run that it is of; null where it is of none")
    happened_at: datetime = Field(description="When that was so")
    people: int = Field(description="Customers it was about when it was written")
    batch: int = Field(description="Which call of its event it is, from 1")
    batches: int = Field(description="How many calls there are")
    state: DeliveryState = Field(
        description="waiting, delivered, dead: given up, or dropped: nobody is left whom it was "
        "about"
    )
    due_at: datetime = Field(description="Not tried before")
    attempts: int = Field(description="So far")
    tried_at: datetime | None = Field(description="The last time; null before the first")
    status_code: int | None = Field(description="What was answered then")
    problem: DeliveryProblem | None = Field(description="Why that attempt failed")

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """Write a delivery."""
        return cls(**{name: getattr(delivery, name) for name in cls.model_fields})


class DeliveryList(Schema):
    """What a webhook was told and is to be told."""

    model_config = ConfigDict(json_schema_extra={"example": {"deliveries": [example.DELIVERY]}})

    deliveries: list[DeliveryView] = Field(
        description="The newest first; with before=<the last id> those that come after"
    )


def _view(webhook: Webhook) -> dict[str, object]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "moves": MovesFilter.of(webhook.moves),
        "at_risk_from": webhook.risk.at_risk_from,
        "at_risk_again_below": webhook.risk.again_below,
        "people": webhook.people,
        "created_at": webhook.created_at,
        "disabled_at": webhook.disabled_at,
        "disabled_because": webhook.disabled_because,
        "previous_secret_until": webhook.previous_until,
    }
