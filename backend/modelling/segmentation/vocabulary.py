"""The anchors: kinds of customers that every shop may have, each with an id for ever.

A cluster starts at its anchor and cannot wander far, so an id means the same in every run.
`activity` is 1 for customers as likely to return as the freshest quarter, 0 for those who never
will; `value` is in robust standard deviations of the shop's repeat customers.
"""

from dataclasses import dataclass
from typing import Literal

Branch = Literal["one_time", "repeat"]
BRANCHES: tuple[Branch, Branch] = ("one_time", "repeat")


@dataclass(frozen=True, slots=True)
class Anchor:
    """One kind of customer.

    Attributes
    ----------
    precedence
        Of two anchors that are merged, the lower one's id stays.
    """

    id: str
    name: str
    branch: Branch
    activity: float
    value: float
    precedence: int


ANCHORS = (
    Anchor("new_one_time", "New One-Time Buyers", "one_time", 0.85, 0.0, 0),
    Anchor("lapsed_one_time", "Lapsed One-Time Buyers", "one_time", 0.25, 0.0, 1),
    Anchor("high_value_repeat", "Loyal High Spenders", "repeat", 0.85, 2.3, 1),
    Anchor("regular_repeat", "Active Regulars", "repeat", 0.85, 0.5, 0),
    Anchor("low_value_repeat", "Active Light Buyers", "repeat", 0.85, -0.8, 2),
    Anchor("slipping_high_value", "Slipping High Spenders", "repeat", 0.38, 1.2, 4),
    Anchor("slipping_light", "Slipping Light Buyers", "repeat", 0.38, -0.5, 3),
    Anchor("lapsed_high_value", "Lapsed High Spenders", "repeat", 0.10, 2.2, 6),
    Anchor("lapsed_repeat", "Lapsed Repeat Buyers", "repeat", 0.10, -0.1, 5),
)
BY_ID = {anchor.id: anchor for anchor in ANCHORS}

# Which anchors may be merged first: those that a customer drifts between.
NEIGHBOURS = frozenset(
    frozenset(pair)
    for pair in (
        ("new_one_time", "lapsed_one_time"),
        ("high_value_repeat", "regular_repeat"),
        ("regular_repeat", "low_value_repeat"),
        ("slipping_high_value", "slipping_light"),
        ("lapsed_high_value", "lapsed_repeat"),
        ("high_value_repeat", "slipping_high_value"),
        ("regular_repeat", "slipping_high_value"),
        ("regular_repeat", "slipping_light"),
        ("low_value_repeat", "slipping_light"),
        ("slipping_high_value", "lapsed_high_value"),
        ("slipping_light", "lapsed_repeat"),
    )
)

WHOLE = {
    branch: frozenset(anchor.id for anchor in ANCHORS if anchor.branch == branch)
    for branch in BRANCHES
}
# A segment that covers a whole group of anchors has the group's id and name.
GROUPS = {
    WHOLE["one_time"]: ("one_time", "One-Time Buyers"),
    frozenset({"high_value_repeat", "regular_repeat", "low_value_repeat"}): (
        "active_repeat",
        "Active Repeat Buyers",
    ),
    frozenset({"slipping_high_value", "slipping_light"}): (
        "slipping_repeat",
        "Slipping Repeat Buyers",
    ),
    frozenset({"lapsed_high_value", "lapsed_repeat"}): (
        "lapsed_repeat_all",
        "All Lapsed Repeat Buyers",
    ),
    WHOLE["repeat"]: ("repeat", "Repeat Buyers"),
}
OTHER_NAMES = {
    "no_orders": "No Orders Yet",
    "all_customers": "All Customers",
    **dict(GROUPS.values()),
}


def id_of(anchors: frozenset[str]) -> str:
    """Return the id of a segment that covers these anchors."""
    if anchors in GROUPS:
        return GROUPS[anchors][0]
    return min(anchors, key=lambda identity: BY_ID[identity].precedence)


def name_of(identity: str) -> str:
    """Return the name that the rules give an id."""
    return BY_ID[identity].name if identity in BY_ID else OTHER_NAMES[identity]


def are_neighbours(left: frozenset[str], right: frozenset[str]) -> bool:
    """Whether any anchor of one may be merged with any of the other."""
    return any(frozenset((one, other)) in NEIGHBOURS for one in left for other in right)
