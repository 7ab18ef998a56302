"""What the page of one customer says."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from backend.core.glossary import Cause, Reason
from backend.wording.customers_room_sentences import WITHOUT_END
from backend.wording.dates import counted, horizon, moment, short_day
from backend.wording.order_reasons import left_out

MINUS = "\N{MINUS SIGN}"
EMAIL, COPY, COPIED = "E-mail", "Copy", "Copied"
ID = "Customer id"
SEGMENT = "Segment"
LIST = "All customers"
IF_THEY_STAYED = "what they would bring if they stayed, times the risk"
EXPECTED, AT_RISK, LEAVING, BROUGHT, NEXT_ORDER, LAST_ORDER = (
    "Expected",
    "At risk",
    "Risk to leave",
    "Brought so far",
    "Next order",
    "Last order",
)
WHY_SEGMENT, WHY_LEAVING, WHY_EXPECTED = (
    "Why this segment",
    "Why this risk to leave",
    "Why this much is expected",
)
WHAT_WOULD_MOVE, NOTHING_WOULD_MOVE = "What would move them", "Nothing that we know of."
MEAN_OF_SHOP, THIS_CUSTOMER = "Mean of customers with orders", "This customer"
MOVES, NO_MOVES = "How they moved", "They have been in no other segment since we know them."
NOWHERE, GONE = "newly known", "gone from the shop"
WHEN, FROM, TO, CAUSE = "When", "From", "To", "Why"
ALL_NUMBERS = "All numbers and what they mean"
NUMBER, VALUE, MEANING = "Number", "Value", "Meaning"
ADMINISTRATION = "Export or erase"
EXPORT, EXPORT_HELP = (
    "Export all that is held",
    "A JSON file for who asks what is held about them. The audit notes that it was made.",
)
ERASE, ERASE_HELP, SURE = (
    "Erase this customer",
    "Removes everything that this service holds about them, for good. Later runs leave them out "
    "for as long as the shop has them; the shop's own tables stay as they are.",
    "Yes, erase them for good",
)
ORDERS, SHOW_ORDERS, NO_ORDERS_THERE = (
    "Orders",
    "Show their orders",
    "The shop has no order of theirs.",
)
DAY, ORDER, AMOUNT, COUNTS = "Day", "Order", "Amount", "Does it count"
COUNTED = "Yes"
BACK = "Back to the customer"
NOT_SURE = "Nothing was erased: tick the box to say that you are sure."
UNSEEN = "No run has seen this customer yet, so nothing is known of them."

CAUSES: Mapping[Cause, str] = {
    Cause.BEHAVIOUR: "They ordered, or time passed",
    Cause.MODEL: "The border moved",
}


def cause(of: Cause) -> str:
    """Say why somebody moved."""
    return CAUSES.get(of, str(of))


def as_of(instant: datetime, zone: tzinfo) -> str:
    """Say which instant the numbers describe."""
    return f"As of {moment(instant, zone)}."


def held_out(until: str) -> str:
    """Say that a campaign holds them out."""
    return f"Held out {until}" if until == WITHOUT_END else f"Held out until {until}"


def expected_in(days: int) -> str:
    """Say how far what is expected reaches."""
    return f"in the next {horizon(days)}"


def interval(low: str, high: str) -> str:
    """Say where what is expected lies for most."""
    return f"four times in five between {low} and {high}"


def without_an_order(days: int) -> str:
    """Say what leaving means."""
    return f"no order within {horizon(days)}"


def by_orders(orders: int) -> str:
    """Say by how many orders something came about."""
    return f"by {counted(orders, 'order')}"


def between(early: datetime | None, late: datetime | None, zone: tzinfo) -> str:
    """Say when an order is likely; a quantile beyond what the forecast reaches is left open."""
    if early is None:
        return ""
    if late is None:
        return f"not before {short_day(early, zone)}, nine times in ten"
    return f"four times in five from {short_day(early, zone)} to {short_day(late, zone)}"


def ago(days: int) -> str:
    """Say how long before the run something was."""
    return f"{counted(days, 'day')} before"


def points(share: float) -> str:
    """Write what a fact adds to a probability."""
    return added(counted(abs(100 * share), "point"), is_more=share >= 0)


def added(amount: str, *, is_more: bool) -> str:
    """Write what a fact adds to an amount, which is written without its sign."""
    return f"{'+' if is_more else MINUS}{amount}"


def does_not_count(reason: Reason) -> str:
    """Say why an order does not count."""
    return f"No: {left_out(reason)}"


def orders_described(shown: int, *, are_all: bool) -> str:
    """Say which orders are listed."""
    told = counted(shown, "order")
    return f"{told}, as the shop has them now." if are_all else f"The last {told}."
