"""Instants at the ends of the calendar, which arithmetic and zones would lead beyond."""

from datetime import UTC, datetime, timedelta, tzinfo


def local_time(instant: datetime, zone: tzinfo) -> datetime:
    """Return an aware instant as a zone's clocks show it.

    Where they would show a year before the first or after the last that a date can have, it is the
    first or the last instant that they can.
    """
    try:
        return instant.astimezone(zone)
    except OverflowError:
        earliest, latest = datetime.min.replace(tzinfo=zone), datetime.max.replace(tzinfo=zone)
        return earliest if instant.year == earliest.year else latest


def days_before(instant: datetime, days: int) -> datetime:
    """Return the instant so many days earlier, or the first that a date can have."""
    first = datetime.min.replace(tzinfo=UTC)
    return first if instant - first < timedelta(days=days) else instant - timedelta(days=days)
