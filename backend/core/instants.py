"""Instants as people write them become aware and UTC: one rule for the API, commands, settings."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter

from backend.core.errors import InvalidRunRequest

BARE_OFFSET = re.compile(r"(\d:\d\d(?::[\d.]+)?) (\d\d:?\d\d)$")
BARE_NUMBER = re.compile(r"\s*[-+]?[\d._]+\s*")


def _of_the_calendar(value: object) -> object:
    """A date without a time means its beginning; no seconds since 1970, as 20111209 would be."""
    if isinstance(value, int | float) or BARE_NUMBER.fullmatch(str(value)):
        raise ValueError("is no date: write 2011-12-09 or 2011-12-09T12:50:00+00:00")
    if isinstance(value, str) and len(value) == len("2011-12-09"):
        return datetime.combine(date.fromisoformat(value), time.min)
    # In the address of a request a + that is not written as %2B is a blank.
    return BARE_OFFSET.sub(r"\1+\2", value) if isinstance(value, str) else value


WrittenInstant = Annotated[datetime, BeforeValidator(_of_the_calendar)]
_written: TypeAdapter[datetime] = TypeAdapter(WrittenInstant)


def read_instant(text: str) -> datetime:
    """Read a date or an instant, with an offset or without.

    Raises
    ------
    ValueError
        When it is neither.
    """
    return _written.validate_python(text.strip())


def in_utc(instant: datetime, zone: tzinfo, name: str = "instant") -> datetime:
    """Convert an instant; one that names no offset is in `zone`, the shop's.

    Parameters
    ----------
    instant, zone
        What to convert, and where it is read when it does not say.
    name
        Of what it was given for.

    Raises
    ------
    InvalidRunRequest
        When it is outside the years that a date can have.
    """
    try:
        aware = instant if instant.tzinfo else instant.replace(tzinfo=zone)
        return aware.astimezone(UTC)
    except OverflowError:
        raise InvalidRunRequest(name, "is outside the years 1 to 9999 in UTC") from None


def micros_of(moment: datetime) -> int:
    """Return an aware datetime as microseconds since 1970, exactly."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
