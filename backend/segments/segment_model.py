"""The borders between segments, kept from one run to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import FloatArray, StoredFloats, StoredInstant
from backend.results.clustering import FitFigures
from backend.segments.boxes import Boxes
from backend.segments.buyers import Behaviour
from backend.segments.habits import KEPT_POSTERIOR, LEAST_POSTERIOR, ORDER, Mixture, posteriors
from backend.segments.options import ClusteringOptions
from backend.segments.space import Space, value_score
from backend.segments.vocabulary import (
    BRANCHES,
    ENGAGED_STAGES,
    WHOLE,
    Branch,
    Trait,
    id_of,
    stage_of,
    trait_id,
)

# Who is not further than this past a border stays where they were.
HYSTERESIS = 0.03
FAR_FROM_ANY_BORDER = 9.0
# Borders stand so long before they are learnt anew.
REFIT_AFTER_DAYS = 30
ROWS_AT_ONCE = 100_000
UNFITTED = FitFigures(k=0, upper_bound=0, justified_k=0, sample=0)

Ids = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Assigned:
    """Where customers are, shape (buyers,) each.

    Attributes
    ----------
    ids
        Segment ids.
    margin
        Distance to the nearest border of another segment, in the space's units, at least 0; where
        a habit decides sooner, how far its chance is from the least that counts.
    """

    ids: Ids
    margin: FloatArray


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often customers at such a distance from a border keep their segment in refits."""

    margin: StoredFloats
    share: StoredFloats

    def __call__(self, margin: FloatArray) -> FloatArray:
        """Return the share of refits, in [0, 1]."""
        return np.interp(margin, self.margin, self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentModel:
    """Where the borders are, and which habits have segments of their own.

    Attributes
    ----------
    space
        Turns behaviour into coordinates.
    boxes
        By branch, the boxes of its segments; a branch that nobody was in has none.
    traits
        Habits that have a segment of their own.
    reliability
        By branch, of the confidence.
    fitted_at
        The instant it was learnt at.
    options
        What it was asked for.
    value_quantiles
        101 quantiles of the value score among repeat customers.
    names
        What the rules called each segment when it first appeared.
    report
        How it was learnt.
    """

    space: Space
    boxes: dict[Branch, Boxes]
    traits: dict[Trait, Mixture] = field(default_factory=dict)
    reliability: dict[Branch, Reliability] = field(default_factory=dict)
    fitted_at: StoredInstant
    options: ClusteringOptions
    value_quantiles: StoredFloats
    names: Mapping[str, str] = field(default_factory=dict)
    report: FitFigures = UNFITTED

    @property
    def segment_ids(self) -> frozenset[str]:
        """Ids of all segments that this model knows."""
        leaves = {identity for boxes in self.boxes.values() for identity in boxes.ids}
        return frozenset(leaves | {trait_id(trait) for trait in self.traits})

    def assign(self, behaviour: Behaviour, before: Ids | None = None) -> Assigned:
        """Return the segment of each customer with orders.

        Parameters
        ----------
        behaviour
            Of the customers.
        before
            Shape (buyers,), where they were, None for who was not known; who is past a border by
            less than `HYSTERESIS` stays.
        """
        ids = np.full(len(behaviour), "", dtype=object)
        margin = np.full(len(behaviour), FAR_FROM_ANY_BORDER)
        for branch in BRANCHES:
            mine = np.flatnonzero(behaviour.in_branch(branch))
            for start in range(0, len(mine), ROWS_AT_ONCE):
                rows = mine[start : start + ROWS_AT_ONCE]
                there = None if before is None else before[rows]
                ids[rows], margin[rows] = self._by_branch(behaviour.of(rows), branch, there)
        self._by_trait(behaviour, before, ids, margin)
        return Assigned(ids, margin)

    def _by_branch(
        self, behaviour: Behaviour, branch: Branch, before: Ids | None
    ) -> tuple[Ids, FloatArray]:
        if branch not in self.boxes:
            whole = np.full(len(behaviour), id_of(WHOLE[branch]), dtype=object)
            return whole, np.full(len(behaviour), FAR_FROM_ANY_BORDER)
        leaves, rows = self.boxes[branch].segments, np.arange(len(behaviour))
        beyond = self.boxes[branch].distances(self.space.coordinates(behaviour, branch))
        place = beyond.argmin(axis=1)
        others = beyond.copy()
        others[rows, place] = np.inf
        margin = np.minimum(others.min(axis=1), FAR_FROM_ANY_BORDER)
        if before is not None:
            place_of = {leaf: number for number, leaf in enumerate(leaves)}
            was = np.array([place_of.get(identity, -1) for identity in before.tolist()])
            known = (was >= 0) & (was != place)
            stays = known & (beyond[rows, np.maximum(was, 0)] < HYSTERESIS)
            place, margin = np.where(stays, was, place), np.where(stays, 0.0, margin)
        ids: Ids = np.array(leaves, dtype=object)[place]
        return ids, margin

    def _by_trait(
        self, behaviour: Behaviour, before: Ids | None, ids: Ids, margin: FloatArray
    ) -> None:
        """Move those with a habit, among active and slipping customers, to its segment."""
        if not self.traits or behaviour.evidence is None:
            return
        engaged = np.isin(ids, [i for i in self.segment_ids if stage_of(i) in ENGAGED_STAGES])
        chances = posteriors(self.traits, behaviour.evidence)
        for trait in reversed([trait for trait in ORDER if trait in self.traits]):
            chance = chances[:, ORDER.index(trait)]
            least = np.full(len(ids), LEAST_POSTERIOR)
            if before is not None:
                least[before == trait_id(trait)] = KEPT_POSTERIOR
            judged = engaged & (chance > 1 - LEAST_POSTERIOR)
            margin[judged] = np.minimum(margin[judged], np.abs(chance - least)[judged])
            ids[engaged & (chance >= least)] = trait_id(trait)

    def confidence(self, behaviour: Behaviour, assigned: Assigned) -> FloatArray:
        """Return the share of refits in which such customers keep their segment, in [0, 1]."""
        confidence = np.full(len(behaviour), np.nan)
        for branch in BRANCHES:
            mine = behaviour.in_branch(branch)
            if branch in self.reliability:
                confidence[mine] = self.reliability[branch](assigned.margin[mine])
        return confidence

    def value_rank(self, behaviour: Behaviour) -> FloatArray:
        """Return the rank by value among repeat customers, in [0, 1]; NaN for one-time buyers."""
        score = value_score(behaviour, self.space.frequency_weight)
        rank = np.interp(score, self.value_quantiles, np.linspace(0, 1, len(self.value_quantiles)))
        return np.where(behaviour.in_branch("repeat"), rank, np.nan)
