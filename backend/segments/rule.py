"""A segment's rule in words: the plainest box of recency and value that holds its customers.

A segment's borders run in the space it was clustered in; people think in days and ranks. So the
box is fitted to who is in it: bounds at a few quantiles of its own customers, the ones with the
best F1, rounded as people say them. How well the rule holds is part of it.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from backend.core.glossary import NO_ORDERS
from backend.results.segment import Rule
from backend.segments.buyers import Behaviour
from backend.segments.vocabulary import ALL, TRAIT_IDS, Trait

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MOST_ROWS = 5_000
LOW_QUANTILES, HIGH_QUANTILES = (0.0, 0.03, 0.1, 0.2), (1.0, 0.97, 0.9, 0.8)
# A bound that leaves out hardly anybody is not worth saying.
WORTH_SAYING = 0.03
HABITS: dict[Trait, str] = {
    "subscription": "orders at nearly even intervals",
    "bulk": "buys many units per order",
    "holiday": "orders mostly from 10 November to the year's end",
    "weekend": "orders mostly on weekends",
}
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}
TOP = {5: "top twentieth", 10: "top tenth", 20: "top fifth", 25: "top quarter", 50: "upper half"}


def rule_of(identity: str, behaviour: Behaviour, value_rank: FloatArray, chosen: BoolArray) -> Rule:
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
        return Rule(least_order_days=None, sentence="Has not ordered yet.")
    if identity == ALL or not chosen.any():
        return Rule(least_order_days=1, sentence="Has ordered at least once.")
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
    return Rule(
        least_order_days=least,
        recency_from_days=box.recency[0] if (recency < box.recency[0]).any() else None,
        recency_to_days=box.recency[1] if (recency > box.recency[1]).any() else None,
        value_from=box.value[0] if box.value[0] > 0 else None,
        value_to=box.value[1] if box.value[1] < 1 else None,
        precision=None if habit else round(hits / max(float(inside.sum()), 1.0), 3),
        recall=None if habit else round(hits / max(float(mine.sum()), 1.0), 3),
        sentence=_sentence(once, least, box.said(recency, rank), habit),
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

    def said(self, recency: FloatArray, rank: FloatArray) -> list[str]:
        """Put into words the bounds that leave out enough customers to be worth it."""
        shares = (
            (recency < self.recency[0]).mean(),
            (recency > self.recency[1]).mean(),
            (rank < self.value[0]).mean(),
            (rank > self.value[1]).mean(),
        )
        after, before, above, below = (bool(share > WORTH_SAYING) for share in shares)
        words = [_days_in_words(*self.recency, after=after, before=before)]
        words.append(_value_in_words(*self.value, above=above, below=below))
        return [word for word in words if word]


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


def _sentence(once: bool, least: int, bounds: list[str], habit: Trait | None) -> str:
    if once:
        ordered = "Ordered on one day only"
    elif least < 2:
        ordered = "Has ordered"
    else:
        ordered = f"Ordered on at least {NUMBERS.get(least, str(least))} days"
    return ", ".join([ordered, *bounds, *([HABITS[habit]] if habit else [])]) + "."


def _days_in_words(low: int, high: int, *, after: bool, before: bool) -> str:
    if after and before:
        return f"last order {low} to {high} days ago"
    if before:
        return f"last order within {high} days"
    return f"last order more than {low} days ago" if after else ""


def _value_in_words(bottom: float, top: float, *, above: bool, below: bool) -> str:
    lowest, highest = round(100 * bottom), round(100 * (1 - top))
    if above and below:
        return f"between the lowest {lowest} % and the top {highest} % by value"
    if above:
        return f"{TOP.get(100 - lowest, f'top {100 - lowest} %')} by value"
    if below:
        return f"{'lower half' if highest == 50 else f'lower {100 - highest} %'} by value"
    return ""
