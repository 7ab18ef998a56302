"""The anchors: kinds of customers that every shop may have, each with an id for ever.

A cluster starts at its anchor and cannot wander far, so an id means the same in every run.
`activity` is 1 for customers as likely to return as the freshest quarter, 0 for those as unlikely
as who has been quiet longest; `value` is in robust standard deviations of the shop's repeat
customers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from backend.core.glossary import NO_ORDERS

Branch = Literal["one_time", "repeat"]
BRANCHES: tuple[Branch, Branch] = ("one_time", "repeat")
# What a segment is called when it is born: by its id, the share of its customers who came back,
# and the median of the days since their last order; None where that is unknown.
Naming = Callable[[str, float | None, float | None], str]
Half = Literal["recent", "older", "upper", "lower"]
HALVES: tuple[Half, ...] = ("recent", "older", "upper", "lower")
Trait = Literal["subscription", "bulk", "holiday", "weekend"]
TRAITS: tuple[Trait, ...] = ("subscription", "bulk", "holiday", "weekend")


@dataclass(frozen=True, slots=True)
class Anchor:
    """One kind of customer.

    Attributes
    ----------
    precedence
        Of anchors that are united, the lowest one's id stays.
    """

    id: str
    branch: Branch
    activity: float
    value: float
    precedence: int


ANCHORS = (
    Anchor("new_one_time", "one_time", 0.85, 0.0, 0),
    Anchor("lapsed_one_time", "one_time", 0.25, 0.0, 1),
    Anchor("high_value_repeat", "repeat", 0.85, 3.5, 1),
    Anchor("regular_repeat", "repeat", 0.85, 0.8, 0),
    Anchor("low_value_repeat", "repeat", 0.85, -0.8, 2),
    Anchor("slipping_high_value", "repeat", 0.38, 1.6, 4),
    Anchor("slipping_light", "repeat", 0.38, -0.5, 3),
    Anchor("lapsed_high_value", "repeat", 0.10, 2.8, 6),
    Anchor("lapsed_repeat", "repeat", 0.10, 0.1, 5),
)
BY_ID = {anchor.id: anchor for anchor in ANCHORS}

# Which anchors may be united: those that a customer drifts between.
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
# Life stages: level 1 of the hierarchy. A segment that covers a whole stage or branch has its id.
STAGES = {
    "one_time": WHOLE["one_time"],
    "active_repeat": frozenset({"high_value_repeat", "regular_repeat", "low_value_repeat"}),
    "slipping_repeat": frozenset({"slipping_high_value", "slipping_light"}),
    "lapsed_repeat_all": frozenset({"lapsed_high_value", "lapsed_repeat"}),
}
# Anchors of each stage, ascending by activity, and inside a stage by value.
STAGES_OF: dict[Branch, tuple[tuple[str, ...], ...]] = {
    branch: tuple(
        tuple(
            anchor.id
            for anchor in sorted(ANCHORS, key=lambda anchor: anchor.value)
            if (anchor.branch, anchor.activity) == (branch, activity)
        )
        for activity in sorted({anchor.activity for anchor in ANCHORS if anchor.branch == branch})
    )
    for branch in BRANCHES
}
# The id of a segment that covers all of a stage, or stages that follow each other.
GROUPS = {anchors: stage for stage, anchors in STAGES.items()} | {
    STAGES["active_repeat"] | STAGES["slipping_repeat"]: "current_repeat",
    STAGES["slipping_repeat"] | STAGES["lapsed_repeat_all"]: "waning_repeat",
    WHOLE["repeat"]: "repeat",
}
ANCHORS_OF = {identity: anchors for anchors, identity in GROUPS.items()} | {
    anchor.id: frozenset({anchor.id}) for anchor in ANCHORS
}
# Among whom traits are told apart: who has gone quiet is that first of all.
ENGAGED_STAGES = ("active_repeat", "slipping_repeat", "current_repeat", "repeat")
ALL = "all_customers"
HABITS = "habit_repeat"


def id_of(anchors: frozenset[str]) -> str:
    """Return the id of a segment that covers these anchors."""
    if anchors in GROUPS:
        return GROUPS[anchors]
    return min(anchors, key=lambda identity: BY_ID[identity].precedence)


def half_id(identity: str, half: Half) -> str:
    """Return the id of one half of a bisected segment."""
    return f"{identity}_{half}"


def trait_id(trait: Trait) -> str:
    """Return the id of the segment of those who have a trait."""
    return f"{trait}_trait"


HALF_IDS: dict[str, tuple[str, Half]] = {
    half_id(identity, half): (identity, half)
    for identity in (*BY_ID, *GROUPS.values())
    for half in HALVES
}
TRAIT_IDS: dict[str, Trait] = {trait_id(trait): trait for trait in TRAITS}


def branch_of(identity: str) -> Branch:
    """Return the branch of an anchor, a half, a group or a habit."""
    whole = HALF_IDS[identity][0] if identity in HALF_IDS else identity
    return "one_time" if ANCHORS_OF.get(whole, WHOLE["repeat"]) <= WHOLE["one_time"] else "repeat"


def parent_of(identity: str) -> str | None:
    """Return the id one level up; None at the top."""
    if identity in HALF_IDS:
        return HALF_IDS[identity][0]
    if identity in TRAIT_IDS:
        return HABITS
    return stage_of(identity) if identity in BY_ID else None


def stage_of(identity: str) -> str:
    """Return the life stage of an anchor, a half of one, or a group itself."""
    anchor = HALF_IDS[identity][0] if identity in HALF_IDS else identity
    for stage, anchors in STAGES.items():
        if anchor in anchors:
            return stage
    return anchor


def level_of(identity: str) -> int:
    """Return the depth: 1 for a life stage, 2 inside it, 3 for a half of that."""
    parent = parent_of(identity)
    return 1 if parent is None else level_of(parent) + 1


def are_neighbours(left: frozenset[str], right: frozenset[str]) -> bool:
    """Whether any anchor of one may be merged with any of the other."""
    return any(frozenset((one, other)) in NEIGHBOURS for one in left for other in right)


KNOWN_IDS = frozenset({*BY_ID, *GROUPS.values(), *HALF_IDS, *TRAIT_IDS, NO_ORDERS, ALL, HABITS})
