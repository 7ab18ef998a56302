"""What the rules call segments, by their ids; a person or the language model may call them else."""

import math
from collections.abc import Mapping

from backend.core.glossary import NO_ORDERS
from backend.segments.vocabulary import ALL, HABITS, HALF_IDS, KNOWN_IDS, Half

NAMES: Mapping[str, str] = {
    "new_one_time": "New One-Time Buyers",
    "lapsed_one_time": "Lapsed One-Time Buyers",
    "high_value_repeat": "Loyal High Spenders",
    "regular_repeat": "Active Regulars",
    "low_value_repeat": "Active Light Buyers",
    "slipping_high_value": "Slipping High Spenders",
    "slipping_light": "Slipping Light Buyers",
    "lapsed_high_value": "Lapsed High Spenders",
    "lapsed_repeat": "Lapsed Repeat Buyers",
    "one_time": "One-Time Buyers",
    "active_repeat": "Active Repeat Buyers",
    "slipping_repeat": "Slipping Repeat Buyers",
    "lapsed_repeat_all": "All Lapsed Repeat Buyers",
    "current_repeat": "Current Repeat Buyers",
    "waning_repeat": "Waning Repeat Buyers",
    "repeat": "Repeat Buyers",
    "subscription_trait": "Subscription-Like Regulars",
    "bulk_trait": "Bulk Basket Buyers",
    "holiday_trait": "Holiday Season Buyers",
    "weekend_trait": "Weekend Shoppers",
    HABITS: "Repeat Buyers With a Habit",
    ALL: "All Customers",
    NO_ORDERS: "No Orders Yet",
}
HALF_NAMES: Mapping[Half, str] = {
    "recent": "Seen Recently",
    "older": "Seen Longer Ago",
    "upper": "Higher Value",
    "lower": "Lower Value",
}
# Guards against a name that the numbers contradict.
MOST_COME_BACK, LONG_AGO_DAYS = 0.5, 120.0


def name_of(identity: str) -> str:
    """Return the name that the rules give an id."""
    if identity in HALF_IDS:
        whole, half = HALF_IDS[identity]
        return f"{name_of(whole)}, {HALF_NAMES[half]}"
    return NAMES[identity]


def guarded_name(
    identity: str, return_share: float | None, median_recency_days: float | None
) -> str:
    """Return the name, softened where the numbers contradict it.

    "Quiet" instead of "Lapsed" where more than half come back, "Recent" instead of "New" where
    the typical last order is more than 120 days old.
    """
    name = name_of(identity)
    if return_share is not None and return_share > MOST_COME_BACK:
        name = name.replace("Lapsed", "Quiet")
    if median_recency_days is not None and median_recency_days > LONG_AGO_DAYS:
        name = name.replace("New ", "Recent ")
    return name


def known_name(identity: str) -> str:
    """Return the rules' name of any segment; an id of another version speaks for itself."""
    return name_of(identity) if identity in KNOWN_IDS else identity


def every_rule_name() -> frozenset[str]:
    """Return all names that the rules may give to any segment, now or later."""
    return frozenset(
        guarded_name(identity, returned, days)
        for identity in KNOWN_IDS
        for returned in (None, 1.0)
        for days in (None, math.inf)
    )
