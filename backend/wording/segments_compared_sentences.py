"""What the room Segments says of two runs side by side."""

from datetime import datetime, tzinfo

from backend.results.run_report import ReportHorizons
from backend.wording.dates import counted, day, horizon, moment, short_day, signed
from backend.wording.money import rounded_money, signed_money
from backend.wording.shares import hundredths, in_a_hundred

PUBLISHED, REPORTED = "Published", "Reported only"
OTHER_CURRENCY = "Amounts of the two runs are in different currencies, and are not compared."
OTHER_HORIZONS = (
    "The two runs look differently far ahead, so what they expect, what is at risk and who is "
    "likely to leave are not compared."
)
CHANGES = "What changed, segment by segment"
SAME = "same"


def run_of(instant: datetime, zone: tzinfo) -> str:
    """Name a run by the day that it describes."""
    return short_day(instant, zone)


def run_ended(name: str, ended_at: datetime, zone: tzinfo) -> str:
    """Tell a run apart from others that describe the same day."""
    return f"{name}, by the run of {moment(ended_at, zone)}"


def compared_with(instant: datetime, zone: tzinfo) -> str:
    """Head what is said of both."""
    return f"Compared with {day(instant, zone)}"


def customers(now: int, before: int) -> str:
    """Say how many customers with orders there are, and were."""
    told = f"{counted(now, 'customer')} with orders"
    more = now - before
    if not more:
        return f"{told}, as many as then."
    return f"{told}, {abs(more):,} {'more' if more > 0 else 'fewer'} than the {before:,} then."


def brought(now: float, more: float, currency: str | None) -> str:
    """Say what customers have brought so far."""
    return f"Brought so far: {_beside(now, more, currency)}."


def expected(now: float, more: float, currency: str | None, days: int | None, most: str) -> str:
    """Say what is expected of them; `most` is where most of the difference is."""
    within = "" if days is None else f" in {horizon(days)}"
    return f"Expected{within}: {_beside(now, more, currency)}{most}."


def at_risk(now: float, more: float, currency: str | None, most: str) -> str:
    """Say what is at risk; `most` is where most of the difference is."""
    return f"At risk: {_beside(now, more, currency)}{most}."


def mostly(name: str, more: float, currency: str | None) -> str:
    """Say which segment differs most in the direction in which all together do."""
    return f", above all with {name} ({signed_money(more, currency)})"


def _beside(now: float, more: float, currency: str | None) -> str:
    told = rounded_money(now, currency)
    if not round(more, 2):
        return f"{told}, as much as then"
    by, direction = rounded_money(abs(more), currency), "more" if more > 0 else "less"
    return f"{told}. That is {by}{_in_percent(now, more)} {direction} than then"


def _in_percent(now: float, more: float) -> str:
    before = now - more
    return f" ({abs(100 * more / before):,.1f} %)" if before > 0 else ""


def leaving(now: float, before: float, horizons: ReportHorizons | None) -> str:
    """Say of how many it is likely that they leave, and was."""
    within = "" if horizons is None else f" within {horizon(horizons.churn_days)}"
    told = f"{in_a_hundred(now)} of them are likely to leave{within}"
    same = hundredths(now) == hundredths(before)
    return f"{told}, as then." if same else f"{told}; then it was {in_a_hundred(before)}."


def grew_most(name: str, by: int) -> str:
    """Say which segment grew most in size."""
    return f"{name} grew most: {counted(by, 'customer')} more."


def shrank_most(name: str, by: int) -> str:
    """Say which segment shrank most in size."""
    return f"{name} shrank most: {counted(by, 'customer')} fewer."


def in_hundredths(change: int) -> str:
    """Write by how many of a hundred a share changed."""
    return f"{signed(change)} in 100"


def described(name: str, of: str, by: str) -> str:
    """Say what is to be seen in the chart of changes: whose bar is the longest, and of what."""
    return f"The largest change is that of {name}: {of} {by}."
