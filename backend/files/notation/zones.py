"""The zone that stands beside a time: an offset, a word, or a place."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LARGEST_OFFSET = timedelta(hours=14)
OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
PLACE = re.compile(r"[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_+-]+){1,2}")
# Words that mean one offset wherever they are used, in hours. CST, IST, BST, AST and others are
# used in several parts of the world: they hold only where the shop's own zone is called so.
WORDS: Mapping[str, float] = {
    **dict.fromkeys(("Z", "UTC", "GMT", "UT", "WET"), 0),
    **dict.fromkeys(("CET", "MEZ", "WEST"), 1),
    **dict.fromkeys(("CEST", "MESZ", "EET"), 2),
    **dict.fromkeys(("EEST", "MSK"), 3),
    **dict.fromkeys(("EST", "CDT"), -5),
    **dict.fromkeys(("EDT",), -4),
    **dict.fromkeys(("MDT",), -6),
    **dict.fromkeys(("MST", "PDT"), -7),
    **dict.fromkeys(("AKDT",), -8),
    **dict.fromkeys(("JST", "KST"), 9),
    **dict.fromkeys(("AEST",), 10),
    **dict.fromkeys(("AEDT",), 11),
    **dict.fromkeys(("NZST",), 12),
    **dict.fromkeys(("NZDT",), 13),
}


def zone_named(text: str, local: datetime, shop: ZoneInfo) -> tzinfo | None:
    """Return the zone that a text names beside a local time; None where it names none for sure.

    Parameters
    ----------
    text
        Such as +0100, GMT+1, CET or Europe/Berlin.
    local
        The naive time it stands beside.
    shop
        The shop's zone, whose own words hold first.
    """
    if offset := OFFSET.fullmatch(text):
        return _of_offset(offset)
    word = text.upper()
    if (own := local.replace(tzinfo=shop)).tzname() == word:
        return timezone(own.utcoffset() or timedelta())
    if word in WORDS:
        return timezone(timedelta(hours=WORDS[word]))
    return _of_place(text)


def zone_label(zone: tzinfo, local: datetime) -> str:
    """Return a zone as it is kept: a place's name, or an offset such as +01:00."""
    if isinstance(zone, ZoneInfo):
        return zone.key
    return local.replace(tzinfo=zone).isoformat()[-6:]


def _of_offset(found: re.Match[str]) -> tzinfo | None:
    size = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if size > LARGEST_OFFSET or int(found[3] or 0) > 59:  # minutes of an hour
        return None
    return timezone(-size if found[1] == "-" else size)


def _of_place(text: str) -> tzinfo | None:
    if not PLACE.fullmatch(text):
        return None
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        return None
