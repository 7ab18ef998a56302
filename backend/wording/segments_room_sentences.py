"""What the pages of segments say."""

from datetime import datetime, tzinfo

from backend.wording.dates import counted, horizon, moment
from backend.wording.money import rounded_money
from backend.wording.shares import in_a_hundred, percent

NAME = "Segments"
TITLE = "Who your customers are, told apart by how they buy"
SEGMENT, CUSTOMERS, SHARE, BROUGHT, EXPECTED, AT_RISK, LEAVING = (
    "Segment",
    "Customers",
    "Share",
    "Brought so far",
    "Expected",
    "At risk",
    "Likely to leave",
)
ALL = "All with orders"
COMPARE, COMPARE_WITH, SHOW = "State of", "Compared with", "Compare"
SEE_WHO_MOVED = "See who moved between the two"
SIZES = "Customers by segment"
MAP = "Where the segments live"
DRAWN, DAYS_SINCE = "Drawn", "Days since the last order"
RUN = "Run"
WHAT_IT_IS = "Who is in it"
TREND = "How it went, run by run"
SIZE_TREND, MONEY_TREND = "Customers", "Expected and at risk"
PRODUCTS = "What they buy"
SHOW_PRODUCTS = "Show what they buy"
CAME, WENT = "Came from", "Went to"
WITH_THE_LAST_RUN = "Since the run before"
NOBODY = "Nobody"
NEWLY_KNOWN, GONE = "newly known", "gone from the shop"
TYPICAL, HERE, WHOLE_SHOP = "A typical customer", "Here", "In the shop"
RENAME = "Name and describe"
NAME_FIELD, DESCRIPTION_FIELD = "Name", "Description"
DESCRIPTION_HELP = "Left empty, it is the rule's own sentence. Both stay through all later runs."
SAVE = "Save"
PARTS = "Its parts"
PART_OF = "A part of"
PRODUCT, BUYERS, UNITS, PRICE, LIFT = (
    "Product",
    "Customers",
    "Pieces",
    "Mean price",
    "Against the shop",
)
NO_PRODUCTS = "The shop's order lines tell nothing of these days."
UNNAMED_PRODUCT = "Without a title"
BACK = "Back to the segment"


def as_of(instant: datetime, zone: tzinfo) -> str:
    """Say which instant a page describes."""
    return f"As of {moment(instant, zone)}."


def with_orders(known: int, without: int) -> str:
    """Say whom the table is about."""
    told = f"{counted(known, 'customer')} with orders"
    return f"{told}; {without:,} have not ordered yet." if without else f"{told}."


def leaving(share: float, days: int) -> str:
    """Say a mean churn risk as people out of a hundred."""
    return f"{in_a_hundred(share)} within {horizon(days)}"


def expected_head(days: int | None) -> str:
    """Head the column of what is expected, within so many days where that is known."""
    return EXPECTED if days is None else f"Expected in {horizon(days)}"


def of_all_customers(part: float) -> str:
    """Say which share of all customers a segment is."""
    return f"{percent(part)} of all customers"


def without_an_order(days: int) -> str:
    """Say what leaving means."""
    return f"without an order within {horizon(days)}"


def sizes_described(largest: str, customers: int) -> str:
    """Say what is to be seen in the chart of sizes."""
    return f"The largest is {largest}, {counted(customers, 'customer')}."


def map_described(customers: int) -> str:
    """Say what is to be seen in the map."""
    return (
        f"A sample of {counted(customers, 'customer')}, each where they are; both axes grow by "
        "multiples, from 1. The table says the middle of each segment's, and of its middle half."
    )


def spent(currency: str | None) -> str:
    """Name what customers have spent."""
    return "Spent so far" if currency is None else f"Spent so far, {currency}"


def whole(number: float) -> str:
    """Write a number of days."""
    return f"{number:,.0f}"


def amount(number: float) -> str:
    """Write an amount whose currency is said elsewhere."""
    return rounded_money(number, None)


def middle(written: str, low: str, high: str) -> str:
    """Write a median, and between what the middle half lies."""
    return f"{written} ({low} to {high})"


def trend_described(before: str, now: str) -> str:
    """Say what is to be seen in a trend."""
    return f"From {before} to {now}."


def how_well(precision: float, recall: float) -> str:
    """Say how well a plain rule says who is in a segment."""
    return (
        f"Of 100 customers whom this rule names, {100 * precision:.0f} are in the segment; of 100 "
        f"in the segment, it names {100 * recall:.0f}."
    )


def see_the(customers: int) -> str:
    """Name the link to the people."""
    return f"See the {customers:,}" if customers != 1 else "See who it is"


def neighbour(name: str, customers: int) -> str:
    """Say how many came from a segment, or went there."""
    return f"{name}: {customers:,}"


def products_of(name: str, days: int) -> str:
    """Head the products."""
    return f"What {name} bought in the {counted(days, 'day')} before"


def products_described(buyers: int) -> str:
    """Say how to read the products."""
    return (
        f"{counted(buyers, 'customer')} of the segment bought something then. The last column says "
        "how much likelier they were to buy it than all buyers of the shop."
    )


def lift(times: float) -> str:
    """Write how much likelier something is bought here."""
    return f"{times:,.1f} \N{MULTIPLICATION SIGN}"
