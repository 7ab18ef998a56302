"""What the pages of webhooks say."""

from collections.abc import Mapping
from datetime import tzinfo

from backend.core.glossary import DeliveryProblem, DeliveryState, DisabledBecause, Event
from backend.webhooks.delivery import Delivery
from backend.webhooks.webhook import Webhook
from backend.wording.dates import counted, moment

NAME = "Webhooks"
TITLE = "Who is told what happens"
ABOUT = (
    "An address of yours is told, signed, when a run is published, customers move, come to be at "
    "risk or are gone. What is told waits until it is delivered."
)
NONE_YET = "Nobody is told yet."
ADDRESS, EVENTS_TOLD, STATE, LAST = "Address", "Told of", "State", "Last told"
MAKE, MAKE_IT = "Have an address told", "Make the webhook"
ADDRESS_HELP = "It begins with https://, and its name is of the public internet."
WITH_PEOPLE = "Also tell e-mails and names, not only ids and numbers"
NO_EVENT = "Nothing was made: tick at least one thing that it is to be told of."
EVENTS: Mapping[Event, str] = {
    Event.RUN_PUBLISHED: "A run replaced what is served",
    Event.SEGMENT_CHANGED: "Customers are in another segment",
    Event.CUSTOMER_AT_RISK: "Customers have come to be at risk",
    Event.CUSTOMER_GONE: "Customers are gone",
    Event.CAMPAIGN_STARTED: "A campaign has started",
    Event.RUN_FAILED: "A run failed",
}
SECRET, SECRET_HELP = (
    "Its secret, shown this once",
    "What is sent is signed with it. Keep it where the address is served.",
)
COPY, COPIED = "Copy it", "Copied"
WHAT_IS_TOLD = "What it is told"
TRY, TRY_HELP = "Try it", "It is sent a webhook.test, once, ahead of all that waits."
DISABLE, DISABLE_HELP = "Hold it back", "What happens until it is told again is not told to it."
ENABLE, ENABLE_HELP = "Tell it again", "It goes on with what could not be delivered."
ROTATE, ROTATE_HELP = "Change its secret", "For a day what is sent is signed with both."
DELETE, DELETE_HELP = "Delete it", "What it was told and what waits for it goes with it."
SURE = "I am sure"
DELIVERIES = "What it was told"
NOTHING_TOLD = "It was told nothing yet."
HAPPENED, EVENT, ABOUT_WHOM, CAME_OF, ATTEMPTS = (
    "Happened",
    "Event",
    "Customers",
    "What came of it",
    "Attempts",
)
AGAIN = "Tell it again"
BACK = "All webhooks"
CHANGES = "What to do"
STATES: Mapping[DeliveryState, str] = {
    DeliveryState.WAITING: "Waits",
    DeliveryState.DELIVERED: "Delivered",
    DeliveryState.DEAD: "Given up",
    DeliveryState.DROPPED: "Nobody is left whom it was about",
}
PROBLEMS: Mapping[DeliveryProblem, str] = {
    DeliveryProblem.REFUSED: "it was answered with {status}",
    DeliveryProblem.REDIRECT: "it was answered with {status}, a redirect, which is not followed",
    DeliveryProblem.GONE: "it was answered with 410 Gone",
    DeliveryProblem.TOO_SLOW: "no answer came in time",
    DeliveryProblem.UNREACHABLE: "nobody answers at the address",
    DeliveryProblem.UNKNOWN_HOST: "nobody knows the name",
    DeliveryProblem.PRIVATE_ADDRESS: "the name is of no public address",
    DeliveryProblem.CERTIFICATE: "its certificate is not to be trusted",
    DeliveryProblem.NO_HTTP: "what it answers is no HTTP",
    DeliveryProblem.SECRET_UNREADABLE: "its secret was kept with another SECRET_KEY",
    DeliveryProblem.SHOP_UNAVAILABLE: "the shop's database does not tell names",
}
WHY_DISABLED: Mapping[DisabledBecause, str] = {
    DisabledBecause.ASKED: "Held back since {since}",
    DisabledBecause.UNDELIVERABLE: "Disabled since {since}: nothing could be delivered for a day",
    DisabledBecause.GONE: "Disabled since {since}: it answered 410 Gone",
}


def state(webhook: Webhook, zone: tzinfo) -> str:
    """Say whether a webhook is told, and why not."""
    if webhook.disabled_at is None or webhook.disabled_because is None:
        return "Is told"
    since = moment(webhook.disabled_at, zone)
    return WHY_DISABLED[webhook.disabled_because].format(since=since)


def facts(webhook: Webhook, zone: tzinfo) -> list[str]:
    """Say what a webhook is told, and how."""
    said = [f"{EVENTS[event]}." for event in webhook.events]
    if webhook.wants(Event.SEGMENT_CHANGED):
        said += _of_moves(webhook)
    if webhook.wants(Event.CUSTOMER_AT_RISK):
        said.append(
            f"At risk from a churn risk of {webhook.risk.at_risk_from:g} on, and again after it "
            f"has fallen below {webhook.risk.again_below:g}."
        )
    if webhook.people:
        said.append("With e-mails and names.")
    if webhook.previous_until is not None:
        until = moment(webhook.previous_until, zone)
        said.append(f"Signed with the secret before as well until {until}.")
    return said


def _of_moves(webhook: Webhook) -> list[str]:
    moves = webhook.moves
    named = {
        "out of": moves.from_segment_ids,
        "into": moves.to_segment_ids,
        "caused by": moves.causes,
    }
    parts = [f"{how} {' or '.join(which)}" for how, which in named.items() if which]
    return [f"Of changes of segment, only those {', '.join(parts)}."] if parts else []


def about(delivery: Delivery) -> str:
    """Say how many customers a delivery is about."""
    if not delivery.people:
        return "\N{EN DASH}"
    if delivery.batches == 1:
        return f"{delivery.people:,}"
    return f"{delivery.people:,} (call {delivery.batch:,} of {delivery.batches:,})"


def came_of(delivery: Delivery) -> str:
    """Say what came of a delivery so far."""
    said = STATES[delivery.state]
    if delivery.problem is None:
        return said
    problem = PROBLEMS[delivery.problem].format(status=delivery.status_code)
    return f"{said}: {problem} ({counted(delivery.attempts, 'attempt')})"
