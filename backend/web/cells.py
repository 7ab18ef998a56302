"""Numbers of a customer as people read them, each as what it is declared to be. Pure."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from backend.results.campaign_life import NO_END
from backend.results.customer_numbers import CURRENCY, PROBABILITY, SHOWN
from backend.wording import customers_room_sentences as words
from backend.wording.dates import short_day
from backend.wording.money import UNKNOWN, rounded_money

SHARES = {PROBABILITY, "share"}
UNITS: Mapping[str, str] = {str(one.shown_as): one.unit for one in SHOWN}


def value_at(row: Mapping[str, Any], name: str) -> Any:
    """Return a field of a profile; dots are between levels."""
    value: Any = row
    for part in name.split("."):
        value = value[part]
    return value


def written(name: str, value: Any, currency: str | None, zone: tzinfo) -> str:
    """Write a number of a profile.

    Parameters
    ----------
    name
        As the profile shows it, which tells its unit.
    value
        None where it is unknown.
    currency
        To name beside an amount; None: not named.
    zone
        In which days are told.
    """
    if value is None:
        return UNKNOWN
    if value == NO_END:
        return words.WITHOUT_END
    unit = UNITS.get(name, "")
    if unit == CURRENCY:
        return rounded_money(float(value), currency)
    if unit in SHARES:
        return words.percent(float(value))
    return words.status(value) if name == "status" else _plain(value, zone)


def _plain(value: Any, zone: tzinfo) -> str:
    match value:
        case bool():
            return words.YES if value else words.NO
        case datetime():
            return short_day(value, zone)
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.1f}"
    return str(value)
