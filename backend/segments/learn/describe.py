"""Measures every segment of a run: how many, what they are worth, what sets them apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.behaviour.baskets import Baskets
from backend.behaviour.history import OrderHistory
from backend.core.arrays import BoolArray, FloatArray
from backend.core.glossary import NO_ORDERS
from backend.forecast.learn.learnt_forecast import Forecast
from backend.results.segment import Apart, Medians, Nearest, Rule, Segment
from backend.segments.axes import AXES, axes_of
from backend.segments.buyers import Behaviour
from backend.segments.largest_customer import carried_by_one, largest_share
from backend.segments.membership import Membership
from backend.segments.rule import RuleFacts, rule_of
from backend.segments.vocabulary import (
    ALL,
    BY_ID,
    GROUPS,
    HABITS,
    HALF_IDS,
    TRAIT_IDS,
    Naming,
    level_of,
    parent_of,
)

# The order in which segments are shown: by life stage, the valuable first, nobody last.
STAGE_ORDER = (
    "active_repeat",
    "repeat",
    HABITS,
    "one_time",
    "slipping_repeat",
    "lapsed_repeat_all",
    ALL,
    NO_ORDERS,
)
NEAREST_ON = ("recency_days", "frequency", "monetary_avg")
APART = 2
DECIMALS = 4


UNWORDED = Rule(least_order_days=None, sentence="")


@dataclass(frozen=True, slots=True)
class Measured:
    """A segment in numbers, with what its rule is; `wording` puts the rule into it, in words."""

    segment: Segment
    rule: RuleFacts


def describe(
    membership: Membership,
    history: OrderHistory,
    behaviour: Behaviour,
    forecast: Forecast,
    baskets: Baskets | None = None,
    *,
    naming: Naming,
) -> tuple[Measured, ...]:
    """Measure every segment that has customers, and the groups that they are parts of.

    Returns
    -------
    Segments in the order in which they are shown, each group ahead of its parts.
    """
    measure = _Measure(membership, history, behaviour, forecast, baskets, naming)
    leaves = measure.leaves
    groups = {group for leaf in leaves for group in _ancestors(leaf)} - leaves
    ordered = sorted(leaves | groups, key=_position)
    found = [measure.segment(identity) for identity in ordered]
    segments = [one.segment for one in found]
    return tuple(replace(one, segment=_with_nearest(one.segment, segments)) for one in found)


def _ancestors(identity: str) -> Sequence[str]:
    parent = parent_of(identity)
    return () if parent is None else (parent, *_ancestors(parent))


def _position(identity: str) -> tuple[Any, ...]:
    """Sort by stage, then anchor, then half; a group ahead of its parts."""
    path = (identity, *_ancestors(identity))[::-1]
    anchors = (*BY_ID, *TRAIT_IDS, *HALF_IDS, *GROUPS.values())
    inside = tuple(anchors.index(part) for part in path[1:])
    return (STAGE_ORDER.index(path[0]), *inside)


class _Measure:
    """What all segments of a run are measured with."""

    def __init__(
        self,
        membership: Membership,
        history: OrderHistory,
        behaviour: Behaviour,
        forecast: Forecast,
        baskets: Baskets | None,
        naming: Naming,
    ) -> None:
        self._naming = naming
        facts = forecast.facts
        self._membership = membership
        ids = membership.ids.tolist()
        self.leaves = frozenset(ids)
        self._place_of = {leaf: place for place, leaf in enumerate(sorted(self.leaves))}
        self._places = np.array([self._place_of[one] for one in ids], dtype=np.int64)
        self._forecast = forecast
        self._behaviour = behaviour
        self._spent = np.nan_to_num(facts.avg_order_value * facts.frequency)
        self._axes = axes_of(history, facts, baskets)
        self._everybody = np.ones(history.customer_count, dtype=bool)
        self.shop = self._medians(self._everybody)
        model = membership.model
        self._rank = (
            np.full(len(self._behaviour), np.nan)
            if model is None
            else model.value_rank(self._behaviour)
        )

    def segment(self, identity: str) -> Measured:
        """Measure one segment or group."""
        chosen = self._chosen(identity)
        total = float(self._spent.sum())
        predicted = self._forecast
        rule = rule_of(identity, self._behaviour, self._rank, chosen[self._behaviour.customer])
        is_leaf = identity in self.leaves
        ltv = _known((self._spent + predicted.predicted_value)[chosen])
        segment = Segment(
            id=identity,
            parent_id=parent_of(identity),
            is_group=not is_leaf,
            level=level_of(identity),
            name=self._name(identity, is_leaf),
            description=None,
            customer_count=int(chosen.sum()),
            share_of_customers=round(float(chosen.mean()), DECIMALS),
            share_of_revenue=(
                round(float(self._spent[chosen].sum()) / total, DECIMALS) if total else None
            ),
            avg_ltv=_mean(ltv, 2),
            median_ltv=_median(ltv),
            largest_ltv_share=round(largest_share(ltv), DECIMALS) if len(ltv) else None,
            ltv_carried_by_one=carried_by_one(ltv) if len(ltv) else None,
            churn_risk_avg=_mean(predicted.churn_risk[chosen], DECIMALS),
            avg_confidence=_mean(self._membership.confidence[chosen], DECIMALS),
            characteristics=self._medians(chosen),
            shop=self.shop,
            rule=UNWORDED,
            nearest=None,
        )
        return Measured(segment, rule)

    def _name(self, identity: str, is_leaf: bool) -> str:
        """Return what the rules call it: the name that a segment was born with."""
        model = self._membership.model
        born = {} if model is None or not is_leaf else model.names
        return born.get(identity) or self._naming(identity, None, None)

    def _chosen(self, identity: str) -> BoolArray:
        parts = [leaf == identity or identity in _ancestors(leaf) for leaf in self._place_of]
        chosen: BoolArray = np.array(parts, dtype=bool)[self._places]
        return chosen

    def _medians(self, chosen: BoolArray) -> Medians:
        return Medians(**{name: _median(values[chosen]) for name, values in self._axes.items()})


def _with_nearest(segment: Segment, found: Sequence[Segment]) -> Segment:
    """Say which other segment is most like it, and what sets the two apart."""
    others = [other for other in found if other.id != segment.id and not other.is_group]
    distances = {other.id: _distance(segment, other) for other in others}
    known = [other for other in others if distances[other.id] is not None]
    if segment.is_group or not known:
        return segment
    nearest = min(known, key=lambda other: distances[other.id] or 0.0)
    both = _known_of_both(segment, nearest)
    apart = sorted(both, key=lambda axis: -_gap(axis, *both[axis]))[:APART]
    facts = [Apart(characteristic=a, here=both[a][0], there=both[a][1]) for a in apart]
    told = Nearest(id=nearest.id, name=nearest.name, apart=tuple(facts), sentence=None)
    return replace(segment, nearest=told)


def _distance(one: Segment, other: Segment) -> float | None:
    both = _known_of_both(one, other)
    gaps = [_gap(axis, *both[axis]) for axis in NEAREST_ON if axis in both]
    return float(np.hypot.reduce(gaps)) if len(gaps) == len(NEAREST_ON) else None


def _known_of_both(one: Segment, other: Segment) -> dict[str, tuple[float, float]]:
    """Return the medians of two segments by axis, those that both have."""
    here, there = one.characteristics.by_axis(), other.characteristics.by_axis()
    return {
        axis: (mine, theirs)
        for axis, mine in here.items()
        if mine is not None and (theirs := there[axis]) is not None
    }


def _gap(axis: str, here: float, there: float) -> float:
    """Compare medians as ratios, an addition to both keeping zero and small days harmless."""
    floor = 0.1 if AXES[axis] in {"share", "ratio"} else 1.0
    return abs(float(np.log((here + floor) / (there + floor))))


def _known(values: FloatArray) -> FloatArray:
    return values[~np.isnan(values)]


def _median(values: FloatArray) -> float | None:
    known = _known(values)
    return round(float(np.median(known)), 2) if len(known) else None


def _mean(values: NDArray[np.float64], places: int) -> float | None:
    known = _known(values)
    return round(float(known.mean()), places) if len(known) else None
