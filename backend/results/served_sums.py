"""What the customers who are served add up to, and who moved: counted once, then corrected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from backend.core.glossary import Cause
from backend.results.move import MoveCount
from backend.results.root import Result

N = TypeVar("N", int, Decimal)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSums(Result):
    """What some customers add up to, by the names of numbers, to the last digit."""

    total: int
    """Customers."""
    known: Mapping[str, int]
    """Of how many each number is known."""
    sums: Mapping[str, Decimal]
    """Of those; 0 where nobody's is."""

    def plus(self, other: ListSums, times: int = 1) -> ListSums:
        """Add what others come to; take it away with -1 times."""
        return ListSums(
            total=self.total + times * other.total,
            known=_added(self.known, other.known, times, 0),
            sums=_added(self.sums, other.sums, times, Decimal(0)),
        )


NOBODY = ListSums(total=0, known={}, sums={})


def _added(one: Mapping[str, N], other: Mapping[str, N], times: int, nothing: N) -> dict[str, N]:
    names = dict.fromkeys([*one, *other])
    return {name: one.get(name, nothing) + times * other.get(name, nothing) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class SumsOfPart(Result):
    """Those of one segment who came to it with the run that is served, or all others of it."""

    segment_id: str | None
    """Null: in none."""
    moved: bool
    """Whether they were in another before."""
    sums: ListSums
    """What they add up to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedSums(Result):
    """What all who are served add up to, in parts, and who moved with the run."""

    published_at: datetime
    """When the run was published."""
    moves: tuple[MoveCount, ...]
    """From where to where and why, since then."""
    parts: tuple[SumsOfPart, ...]
    """Everybody is in one of them."""

    @property
    def nothing(self) -> ServedSums:
        """Return that nobody is in any part, and nobody moved."""
        return ServedSums(published_at=self.published_at, moves=(), parts=())

    def of(self, segment_ids: Collection[str] | None, *, moved: bool) -> ListSums:
        """Add up segments, all where none are named; of those who moved alone, or of all."""
        found = NOBODY
        for one in self.parts:
            inside = segment_ids is None or one.segment_id in segment_ids
            if inside and (one.moved or not moved):
                found = found.plus(one.sums)
        return found

    def corrected(self, before: ServedSums, after: ServedSums) -> ServedSums:
        """Put what some customers come to after a correction in the place of what they did."""
        return ServedSums(
            published_at=self.published_at,
            moves=_moves_of(self.moves, before.moves, after.moves),
            parts=_parts_of(self.parts, before.parts, after.parts),
        )


def _moves_of(
    now: Iterable[MoveCount], before: Iterable[MoveCount], after: Iterable[MoveCount]
) -> tuple[MoveCount, ...]:
    counts = Counter({_way(one): one.customers for one in now})
    for one in before:
        counts[_way(one)] -= one.customers
    for one in after:
        counts[_way(one)] += one.customers
    return tuple(
        MoveCount(from_segment_id=way[0], to_segment_id=way[1], cause=way[2], customers=customers)
        for way, customers in counts.items()
        if customers > 0
    )


def _way(one: MoveCount) -> tuple[str | None, str | None, Cause]:
    return one.from_segment_id, one.to_segment_id, one.cause


def _parts_of(
    now: Iterable[SumsOfPart], before: Iterable[SumsOfPart], after: Iterable[SumsOfPart]
) -> tuple[SumsOfPart, ...]:
    sums: dict[tuple[str | None, bool], ListSums] = {}
    for some, times in ((now, 1), (before, -1), (after, 1)):
        for one in some:
            part = one.segment_id, one.moved
            sums[part] = sums.get(part, NOBODY).plus(one.sums, times)
    return tuple(
        SumsOfPart(segment_id=segment_id, moved=moved, sums=one)
        for (segment_id, moved), one in sums.items()
        if one.total > 0
    )
