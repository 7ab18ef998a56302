"""What the page Cohorts says: who came back after the first order, and what they brought."""

from datetime import datetime, tzinfo

from backend.wording.dates import counted, day

NAME = "Cohorts"
NOT_RECKONED = "The run that is served has not looked at cohorts"
AFTER_NEXT_RUN = "The next one does."
NO_MONTH_IS_OVER = "Nobody has ordered in a month that is over"
NOBODY_COULD_RETURN = "The first month with orders has only just ended"
FIRST_ORDER, CUSTOMERS, TOGETHER = "First order in", "Customers", "All"
RETENTION = "Who came back"
RETENTION_ABOUT = "Share of them who ordered in the first, second, third month after."
VALUE = "What they have brought"


def headline(share: str) -> str:
    """Say how many come back at once, such as "8 in 100"."""
    return f"{share} new customers order again in the month after their first"


def as_of(instant: datetime, zone: tzinfo) -> str:
    """Say which run this is."""
    return f"As of {day(instant, zone)}."


def until(last: str, newer: int) -> str:
    """Say which months are shown, and who is too new for them."""
    told = f"Months that are over, to {last}"
    return f"{told}; {counted(newer, 'customer')} first ordered since." if newer else f"{told}."


def left_out(earlier: int, first: str) -> str:
    """Say who ordered first before all months that are shown; where nobody did, who may have."""
    if not earlier:
        return f"Who was a customer before the shop's records begin counts as new in {first}."
    return f"{counted(earlier, 'customer')} first ordered before {first} and are in no row."


def see_the(customers: int, month: str) -> str:
    """Name the link to a month's people."""
    return f"See the {counted(customers, 'customer')} of {month}"


def value_about(currency: str | None) -> str:
    """Say what the cells of the second map are."""
    unit = "" if currency is None else f", in {currency}"
    return (
        "Sum of orders per customer by the end of the month of the first order (0), of the month "
        f"after, and so on{unit}."
    )
