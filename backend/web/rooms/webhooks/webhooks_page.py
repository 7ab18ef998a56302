"""Webhooks as values: all of them, and one with its deliveries. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from backend.core.glossary import DeliveryState, Event
from backend.web.entrance import APP
from backend.web.rooms.webhooks.webhooks_reads import WebhookSeen
from backend.webhooks.delivery import Delivery
from backend.webhooks.webhook import Webhook
from backend.wording import webhooks_room_sentences as words
from backend.wording.dates import moment
from backend.wording.money import UNKNOWN

WEBHOOKS = f"{APP}/webhooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookLine:
    """A webhook in the table."""

    link: str
    url: str
    events: str
    state: str
    is_well: bool
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChoice:
    """An event that may be ticked."""

    value: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksPage:
    """All webhooks, and what one may be made to be told.

    Attributes
    ----------
    refusal
        Why one was not made; empty where none was refused.
    """

    lines: Sequence[WebhookLine]
    choices: Sequence[EventChoice]
    refusal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLine:
    """A delivery in the table.

    Attributes
    ----------
    id
        To ask for it again.
    can_be_told_again
        Whether that would do anything.
    """

    id: int
    event: str
    happened: str
    about: str
    state: str
    is_well: bool
    attempts: str
    can_be_told_again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OneWebhookPage:
    """All that the page of a webhook says.

    Attributes
    ----------
    secret
        A new one, shown this once; empty where there is none to show.
    """

    link: str
    url: str
    state: str
    is_enabled: bool
    facts: Sequence[str]
    secret: str
    deliveries: Sequence[DeliveryLine]


def webhooks_page(seen: Sequence[WebhookSeen], zone: tzinfo, refusal: str = "") -> WebhooksPage:
    """Show all webhooks.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which instants are told.
    refusal
        Why one was not made.
    """
    choices = [
        EventChoice(value=str(one), told=words.EVENTS[one]) for one in Event if one != Event.TEST
    ]
    return WebhooksPage(lines=[_line(one, zone) for one in seen], choices=choices, refusal=refusal)


def one_webhook_page(seen: WebhookSeen, zone: tzinfo, secret: str = "") -> OneWebhookPage:
    """Show one webhook.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which instants are told.
    secret
        To be shown this once.
    """
    webhook = seen.webhook
    is_enabled = webhook.disabled_at is None
    return OneWebhookPage(
        link=link_of(webhook),
        url=webhook.url,
        state=words.state(webhook, zone),
        is_enabled=is_enabled,
        facts=words.facts(webhook, zone),
        secret=secret,
        deliveries=[_delivery(one, zone, is_enabled=is_enabled) for one in seen.deliveries],
    )


def link_of(webhook: Webhook) -> str:
    """Return the address of a webhook's page."""
    return f"{WEBHOOKS}/{webhook.id}"


def _line(seen: WebhookSeen, zone: tzinfo) -> WebhookLine:
    webhook = seen.webhook
    last = next(iter(seen.deliveries), None)
    return WebhookLine(
        link=link_of(webhook),
        url=webhook.url,
        events=", ".join(webhook.events),
        state=words.state(webhook, zone),
        is_well=webhook.disabled_at is None,
        last=UNKNOWN if last is None else f"{last.event}: {words.came_of(last)}",
    )


def _delivery(delivery: Delivery, zone: tzinfo, *, is_enabled: bool) -> DeliveryLine:
    is_waiting = delivery.state is DeliveryState.WAITING
    return DeliveryLine(
        id=delivery.id,
        event=str(delivery.event),
        happened=moment(delivery.happened_at, zone),
        about=words.about(delivery),
        state=words.came_of(delivery),
        is_well=delivery.state is not DeliveryState.DEAD and delivery.problem is None,
        attempts=f"{delivery.attempts:,}",
        can_be_told_again=is_enabled and not is_waiting,
    )
