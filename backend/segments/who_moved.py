"""Who came, who came back, who went quiet: moves between segments as a shop owner counts them."""

from collections.abc import Container, Iterable

from backend.core.glossary import Cause
from backend.results.move import MoveCount
from backend.results.outlook import WhoMoved
from backend.segments.life_stages import LifeStage, life_stage

# Whom a run sees for the first time comes from nowhere.
NOBODY_YET = frozenset({None, LifeStage.NOT_YET})
HAS_ORDERED = frozenset(set(LifeStage) - {LifeStage.NOT_YET})


def who_moved(moves: Iterable[MoveCount], quiet: int, quiet_at_risk: float | None) -> WhoMoved:
    """Count who did what since the run before.

    Parameters
    ----------
    moves
        All of one run.
    quiet
        How many came to a quiet segment whom the run before knew.
    quiet_at_risk
        Sum of their value at risk, currency units.
    """
    known = list(moves)
    by_behaviour = [one for one in known if one.cause is Cause.BEHAVIOUR]
    by_border = [one for one in known if one.cause is Cause.MODEL]
    return WhoMoved(
        first=_count(by_behaviour, NOBODY_YET, HAS_ORDERED),
        second=_count(by_behaviour, {LifeStage.ONCE}, {LifeStage.ORDERING}),
        back=_count(by_behaviour, {LifeStage.QUIET, LifeStage.LAPSED}, {LifeStage.ORDERING}),
        lapsed=_count(by_behaviour, HAS_ORDERED - {LifeStage.LAPSED}, {LifeStage.LAPSED}),
        gone=_count(known, HAS_ORDERED, {None}),
        quiet=quiet,
        quiet_by_border=_count(by_border, HAS_ORDERED, {LifeStage.QUIET}),
        quiet_at_risk=quiet_at_risk,
    )


def _count(
    moves: Iterable[MoveCount],
    before: Container[LifeStage | None],
    after: Container[LifeStage | None],
) -> int:
    return sum(
        one.customers
        for one in moves
        if _stage(one.from_segment_id) in before and _stage(one.to_segment_id) in after
    )


def _stage(segment_id: str | None) -> LifeStage | None:
    """Return what the customers of a segment do; None where it is none: not known, or gone."""
    return None if segment_id is None else life_stage(segment_id)
