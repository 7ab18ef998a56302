"""A segment as it is shown: its rule, how many, what they are worth, and how they behave."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from backend.segments.axes import AXES
from backend.segments.vocabulary import BY_ID, HALF_IDS, OTHER_NAMES, guarded_name, name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment, or one group of segments higher up in the hierarchy.

    Attributes
    ----------
    is_group
        Whether it is divided further: customers are in its parts.
    level
        Depth: 1 = a whole life stage, 2 = inside it, 3 = a half of that.
    description
        Its rule in one sentence.
    share_of_customers, share_of_revenue
        In [0, 1], of all customers and of all they have spent.
    avg_confidence
        Mean of its customers' confidence; None where nothing was clustered.
    characteristics
        Medians over its customers on `AXES`, None where there is nothing to take them of.
    shop
        The same medians over all customers with orders.
    rule
        See `rules.Rule`.
    nearest
        The segment most like it, and on which axes they differ most; None where it is alone.
    """

    id: str
    parent_id: str | None
    is_group: bool
    level: int
    name: str
    description: str
    customer_count: int
    share_of_customers: float
    share_of_revenue: float | None
    avg_ltv: float | None
    churn_risk_avg: float | None
    avg_confidence: float | None
    characteristics: Mapping[str, float | None]
    shop: Mapping[str, float | None]
    rule: Mapping[str, Any]
    nearest: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the segment as plain JSON values."""
        return asdict(self)


KNOWN_IDS = frozenset({*BY_ID, *OTHER_NAMES, *HALF_IDS})


def known_name(identity: str) -> str:
    """Return the rules' name of any segment; an id of another version speaks for itself."""
    return name_of(identity) if identity in KNOWN_IDS else identity


def every_rule_name() -> frozenset[str]:
    """Return all names that the rules may give to any segment, now or later."""
    return frozenset(
        guarded_name(identity, returned, days)
        for identity in KNOWN_IDS
        for returned in (None, 1.0)
        for days in (None, np.inf)
    )


def nearest_in_words(
    nearest: Mapping[str, Any] | None, names: Mapping[str, str]
) -> dict[str, Any] | None:
    """Say what sets a segment apart from its nearest, by the name that one has now.

    Parameters
    ----------
    nearest
        As in `Segment.nearest`.
    names
        By segment id; who is not in it keeps the name told.
    """
    if nearest is None:
        return None
    name = names.get(nearest["id"], nearest["name"])
    facts = "; ".join(_apart_in_words(fact) for fact in nearest["apart"])
    return {**nearest, "name": name, "sentence": f"Unlike {name}: {facts}." if facts else None}


def _apart_in_words(fact: Mapping[str, Any]) -> str:
    axis = AXES[fact["characteristic"]]
    return axis.words.format(f"{axis.said(fact['here'])} instead of {axis.said(fact['there'])}")
