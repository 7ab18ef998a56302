"""A segment's rule: the plainest box of recency and value that holds its customers.

A segment's borders run in the space it was clustered in; people think in days and ranks. So the
box is fitted to who is in it: bounds at a few quantiles of its own customers, the ones with the
best F1, rounded as people say them. How well the rule holds is part of it.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import BoolArray, FloatArray
from backend.core.glossary import NO_ORDERS
from backend.segments.buyers import Behaviour
from backend.segments.vocabulary import ALL, TRAIT_IDS, Trait

MOST_ROWS = 5_000
LOW_QUANTILES, HIGH_QUANTILES = (0.0, 0.03, 0.1, 0.2), (1.0, 0.97, 0.9, 0.8)
# A bound that leaves out hardly anybody is not worth saying.
WORTH_SAYING = 0.03


class Bound(StrEnum):
    """One side of a rule's box."""

    RECENCY_FROM = "recency_from"
    RECENCY_TO = "recency_to"
    VALUE_FROM = "value_from"
    VALUE_TO = "value_to"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """Who is in a segment, as numbers; `wording` makes a `Rule` of them.

    Attributes
    ----------
    everybody
        Whether it is all who have ordered, without a bound.
    once
        Whether all of it ordered on one day only.
    least_order_days, recency_from_days, recency_to_days, value_from, value_to, precision, recall
        As in `Rule`.
    worth_saying
        The bounds that leave out more than `WORTH_SAYING` of the customers.
    habit
        What they have in common besides; None where it is no habit.
    """

    everybody: bool = False
    once: bool = False
    least_order_days: int | None
    recency_from_days: int | None = None
    recency_to_days: int | None = None
    value_from: float | None = None
    value_to: float | None = None
    precision: float | None = None
    recall: float | None = None
    worth_saying: frozenset[Bound] = frozenset()
    habit: Trait | None = None


def rule_of(
    identity: str, behaviour: Behaviour, value_rank: FloatArray, chosen: BoolArray
) -> RuleFacts:
    """Fit the rule of one segment.

    Parameters
    ----------
    identity
        The segment's id.
    behaviour
        Of all buyers.
    value_rank
        Shape (buyers,), in [0, 1], NaN for one-time buyers.
    chosen
        Shape (buyers,), who is in the segment.
    """
    if identity == NO_ORDERS:
        return RuleFacts(least_order_days=None)
    if identity == ALL or not chosen.any():
        return RuleFacts(everybody=True, least_order_days=1)
    once = bool((behaviour.order_days[chosen] == 1).all())
    least = max(int(np.quantile(behaviour.order_days[chosen], 0.02)), 1)
    peers = behaviour.in_branch("one_time" if once else "repeat")
    rows = _some(np.flatnonzero(peers | chosen))
    recency, mine = behaviour.recency_days[rows], chosen[rows]
    rank = np.nan_to_num(value_rank[rows], nan=0.5)
    box = _box(recency, rank, mine, with_value=not once)
    if (habit := TRAIT_IDS.get(identity)) is not None:
        box = box.of_a_habit()
    inside = box.holds(recency, rank)
    hits = float((inside & mine).sum())
    return RuleFacts(
        once=once,
        least_order_days=least,
        recency_from_days=box.recency[0] if (recency < box.recency[0]).any() else None,
        recency_to_days=box.recency[1] if (recency > box.recency[1]).any() else None,
        value_from=box.value[0] if box.value[0] > 0 else None,
        value_to=box.value[1] if box.value[1] < 1 else None,
        precision=None if habit else round(hits / max(float(inside.sum()), 1.0), 3),
        recall=None if habit else round(hits / max(float(mine.sum()), 1.0), 3),
        worth_saying=box.worth_saying(recency, rank),
        habit=habit,
    )


@dataclass(frozen=True, slots=True)
class _Box:
    """Bounds of recency in days and of the rank by value, both ends included."""

    recency: tuple[int, int]
    value: tuple[float, float]

    def of_a_habit(self) -> "_Box":
        """Leave what does not make a habit: whoever has one is lost when away too long, no more."""
        return _Box((0, self.recency[1]), (0.0, 1.0))

    def holds(self, recency: FloatArray, rank: FloatArray) -> BoolArray:
        inside: BoolArray = (recency >= self.recency[0]) & (recency <= self.recency[1])
        return inside & (rank >= self.value[0]) & (rank <= self.value[1])

    def worth_saying(self, recency: FloatArray, rank: FloatArray) -> frozenset[Bound]:
        """Return the bounds that leave out enough customers to be worth it."""
        left_out = {
            Bound.RECENCY_FROM: recency < self.recency[0],
            Bound.RECENCY_TO: recency > self.recency[1],
            Bound.VALUE_FROM: rank < self.value[0],
            Bound.VALUE_TO: rank > self.value[1],
        }
        return frozenset(bound for bound, out in left_out.items() if out.mean() > WORTH_SAYING)


def _some(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(rows) <= MOST_ROWS:
        return rows
    return np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False)


def _box(recency: FloatArray, rank: FloatArray, mine: BoolArray, *, with_value: bool) -> _Box:
    """Find the bounds with the best F1, those of recency and those of value in turn."""
    days, ranks = (0.0, float(recency.max())), (0.0, 1.0)
    for _ in range(2):
        others = (rank >= ranks[0]) & (rank <= ranks[1])
        days = _interval(recency, mine, others, days)
        if with_value:
            others = (recency >= days[0]) & (recency <= days[1])
            ranks = _interval(rank, mine, others, ranks)
    return _Box(
        (_rounded_days(days[0], up=False), _rounded_days(days[1], up=True)),
        (round(ranks[0] * 20) / 20, round(ranks[1] * 20) / 20),
    )


def _interval(
    values: FloatArray, mine: BoolArray, others: BoolArray, widest: tuple[float, float]
) -> tuple[float, float]:
    lows = [widest[0], *np.quantile(values[mine], LOW_QUANTILES)]
    highs = [widest[1], *np.quantile(values[mine], HIGH_QUANTILES)]

    def f1(bounds: tuple[float, float]) -> float:
        inside = others & (values >= bounds[0]) & (values <= bounds[1])
        return float(2 * (inside & mine).sum() / (inside.sum() + mine.sum()))

    return max(product(lows, highs), key=f1)


def _rounded_days(days: float, *, up: bool) -> int:
    """Round as people say it: to 5 days up to two months, to 10 up to a year, then to 30."""
    step = 1 if days <= 14 else 5 if days <= 60 else 10 if days <= 365 else 30
    return int((np.ceil if up else np.floor)(days / step)) * step
