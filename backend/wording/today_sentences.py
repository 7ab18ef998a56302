"""What the page Today says: what changed, what is expected, what is worth doing."""

from datetime import datetime, tzinfo

from backend.results.forecast_report import Grade
from backend.results.shop_course import ShopCourse, YearOverYear
from backend.wording.dates import counted, day, horizon, moment
from backend.wording.money import rounded_money
from backend.wording.shares import in_a_hundred

NAME = "Today"
EXPECTED, AT_RISK, GAINED_AND_LOST, TRUST = (
    "Expected revenue",
    "At risk",
    "Gained and lost",
    "How far to trust this",
)
WORTH_DOING = "Worth doing today"
SEGMENTS = "Segments"
SEGMENT, CUSTOMERS, CHANGE = "Segment", "Customers", "Change"
RUN = "Run"
FIRST_RUN = "This is the first run: from the next one on, this page says what changed."
NOBODY_ORDERED = "No order counts yet, so there is nothing to expect."
NOT_TRIED = "Too little history to try it on"
GRADES: dict[Grade, str] = {
    "good": "Good",
    "fair": "Fair",
    "weak": "Weak",
    "not enough history": "Unknown",
}
WIN_BACK = "Win back {segment}"
SECOND_ORDER = "A second order from {segment}"
KEEP = "Look after {segment}"
MONEY_AT_RISK = "{money} at risk"
MONEY_EXPECTED = "{money} expected"
SEE_WHO_MOVED = "See who moved"


def quiet(customers: int, money: str) -> str:
    """Say how many went quiet, and what is at risk with them."""
    went = "went quiet" if customers > 1 else "has gone quiet"
    return f"{counted(customers, 'customer')} {went}: {money} at risk with them."


def nobody_quiet(then: str) -> str:
    """Say that nobody went quiet, then something else."""
    return f"Nobody went quiet. {then}"


def all_expected(customers: int, money: str, days: int) -> str:
    """Say what a first run found."""
    return (
        f"{counted(customers, 'customer')} with orders are expected to bring {money} in the next "
        f"{horizon(days)}."
    )


def since(before: datetime, as_of: datetime, zone: tzinfo) -> str:
    """Say which two runs are compared."""
    return f"What changed since {day(before, zone)}, as of {moment(as_of, zone)}."


def as_of(instant: datetime, zone: tzinfo) -> str:
    """Say which instant a page describes."""
    return f"As of {moment(instant, zone)}."


def by_border(customers: int) -> str:
    """Say how many went where they are by another border alone; nothing where nobody did."""
    if not customers:
        return ""
    return f"{customers:,} of them did nothing themselves: the borders between segments moved."


def others(back: int, first: int, second: int, lost: int) -> str:
    """Say who else moved; nothing where nobody did."""
    told = [
        f"{counted(back, 'customer')} came back" if back else "",
        f"{first:,} ordered for the first time" if first else "",
        f"{second:,} ordered a second time" if second else "",
        f"{lost:,} have stayed away so long that they count as lapsed" if lost else "",
    ]
    parts = [one for one in told if one]
    return f"{', '.join(parts)}." if parts else ""


def in_the_next(days: int) -> str:
    """Say over which time something is expected."""
    return f"in the next {horizon(days)}"


def known_bring(days: int) -> str:
    """Say who is expected to bring it, and until when."""
    return f"from customers known by now, {in_the_next(days)}"


def course(told: ShopCourse) -> str:
    """Say where a shop is going: its last year beside the one before."""
    parts = [
        _compared(told.spend, "the shop sold {}", ("as much", "less")),
        _compared(told.new_customers, "{} customers were new", ("as many", "fewer")),
        _again(told.ordering_again),
    ]
    known = [one for one in parts if one]
    return f"Over the last year, beside the one before: {'; '.join(known)}." if known else ""


def _compared(years: YearOverYear, told: str, same_and_less: tuple[str, str]) -> str:
    if years.change is None:
        return ""
    same, less = same_and_less
    by = round(100 * years.change)
    return told.format(f"{abs(by)} % {'more' if by > 0 else less}" if by else same)


def _again(years: YearOverYear) -> str:
    if years.now is None or years.before is None:
        return ""
    now, before = in_a_hundred(years.now), f"{100 * years.before:.0f}"
    return f"{now} of those known at its beginning ordered, {before} in the year before"


def range_of_total(low: float, high: float, currency: str | None) -> str:
    """Say where a total should lie."""
    return f"80 % sure: {rounded_money(low, None)} to {rounded_money(high, currency)}"


def money_change(amount: float, currency: str | None, before: datetime, zone: tzinfo) -> str:
    """Say by how much an amount changed, with a sign that is also a word to who cannot see it."""
    direction = "up" if amount > 0 else "down"
    return f"{direction} {rounded_money(abs(amount), currency)} since {day(before, zone)}"


def unchanged_since(before: datetime, zone: tzinfo) -> str:
    """Say that an amount is what it was."""
    return f"unchanged since {day(before, zone)}"


def will_order_again(customers: float, of: int, days: int) -> str:
    """Say how many are expected to order within the churn horizon."""
    return f"{customers:,.0f} of {of:,} are likely to order again within {horizon(days)}"


def gained_and_lost(gained: int, lost: int) -> str:
    """Write both as one figure."""
    return f"+{gained:,} \N{MINUS SIGN}{lost:,}"


def slipping(customers: int, recency: float | None, usual_gap: float | None) -> str:
    """Say what is known of those who slip away."""
    told = counted(customers, "customer")
    if recency is None:
        return f"{told}."
    told = f"{told}, last order {counted(recency, 'day')} ago"
    # Half of them may be ahead of their usual time: what is told is why they are here.
    is_late = usual_gap is not None and recency > usual_gap
    return f"{told} where they usually take {usual_gap:,.0f}." if is_late else f"{told}."


def once(customers: int, churn: float | None, days: int) -> str:
    """Say what is known of those who bought once."""
    told = f"{counted(customers, 'customer')} bought once."
    if churn is None:
        return told
    return f"{told} {100 * (1 - churn):.0f} in 100 come back on their own within {horizon(days)}."


def best(customers: int, share: float, churn: float | None) -> str:
    """Say what is known of those who bring most."""
    told = f"{counted(customers, 'customer')}, {100 * share:.0f} % of all that is expected"
    if churn is None:
        return f"{told}."
    return f"{told}; {100 * churn:.0f} in 100 likely to leave. Nothing is wrong: keep it so."


def see_the(customers: int) -> str:
    """Name the link to the people."""
    return f"See the {customers:,}" if customers > 1 else "See who it is"


def notes(count: int) -> str:
    """Name the notes about the data."""
    return f"About the data: {counted(count, 'note')}"


def trend(days: int) -> str:
    """Name the chart of what was expected, run by run."""
    return f"Expected in {horizon(days)}, by run"


def trend_described(first: str, last: str) -> str:
    """Say what the chart shows."""
    return f"From {first} to {last}."
