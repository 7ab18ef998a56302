"""Days and numbers of things as people read them."""

from datetime import date, datetime, tzinfo

from backend.core.local_times import local_time

# Horizons that people think of in months.
MONTHS = {30: 1, 60: 2, 90: 3, 180: 6, 270: 9, 365: 12, 730: 24}


def day(instant: datetime, zone: tzinfo) -> str:
    """Write the day of an instant in the shop's time zone, such as "9 December 2011"."""
    there = local_time(instant, zone)
    return f"{there.day} {there:%B %Y}"


def short_day(instant: datetime, zone: tzinfo) -> str:
    """Write it for an axis or a table, such as "9 Dec 2011"."""
    return short_date(local_time(instant, zone).date())


def short_date(there: date) -> str:
    """Write a day that is one already."""
    return f"{there.day} {there:%b %Y}"


def month(there: date) -> str:
    """Write the month of a day, such as "Dec 2011"."""
    return f"{there:%b %Y}"


def moment(instant: datetime, zone: tzinfo) -> str:
    """Write an instant to the minute in the shop's time zone, such as "9 December 2011, 06:00"."""
    return f"{day(instant, zone)}, {local_time(instant, zone):%H:%M}"


def horizon(count: int) -> str:
    """Write how far a forecast looks, such as "12 months", or "100 days" where no months fit."""
    return days(count) if count not in MONTHS else counted(MONTHS[count], "month")


def days(count: int) -> str:
    """Write a number of days, such as "1 day" or "30 days"."""
    return counted(count, "day")


def signed(change: int) -> str:
    """Write by how many a number of things changed, such as "+12" or "0"."""
    return f"+{change:,}" if change > 0 else f"\N{MINUS SIGN}{-change:,}" if change else "0"


def counted(number: float, noun: str) -> str:
    """Write a rounded number of things, such as "1 order" or "1,200 orders"."""
    whole = round(number)
    return f"{whole:,} {noun}" + ("" if whole == 1 else "s")
