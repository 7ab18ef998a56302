"""What a run's columns add up to: money by segment, and who moved."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from backend.core.arrays import FloatArray
from backend.core.customer_id import UNKNOWN, CustomerIds
from backend.results.declared import MONEY
from backend.results.move import MoveCount
from backend.results.origins import value_at_risk
from backend.results.outlook import Outlook, RunBefore, SegmentMoney
from backend.results.publishing import CustomerColumns
from backend.results.segment import Segment
from backend.segments.life_stages import LifeStage, life_stage
from backend.segments.who_moved import who_moved
from backend.store.publication import SegmentMoves

MICROS = 1e6


def outlook_of(
    customers: CustomerColumns,
    segments: Sequence[Segment],
    moves: SegmentMoves,
    before: RunBefore | None,
) -> Outlook:
    """Add up what a run found, as it is published: to the cent.

    Parameters
    ----------
    customers
        All of the shop.
    segments
        What `customers.segment` counts places of, groups among them.
    moves
        Who changed segment.
    before
        What this is compared with; None in a first run.
    """
    at_risk = _at_risk(customers)
    spent = np.where(customers.frequency > 0, customers.historical_micros / MICROS, np.nan)
    money = (spent, customers.predicted_value, at_risk)
    sums = [_sums(customers, amounts, len(segments)) for amounts in money]
    quiet = _came_to_the_quiet(moves)
    return Outlook(
        money=tuple(
            SegmentMoney(
                segment_id=one.id,
                historical_revenue=brought,
                expected_revenue=expected,
                revenue_at_risk=risk,
            )
            for one, brought, expected, risk in zip(segments, *sums, strict=True)
            if not one.is_group
        ),
        moved=who_moved(
            _counted(moves), len(quiet.customer_id), _at_risk_with(quiet, customers, at_risk)
        ),
        before=before,
    )


def _at_risk(customers: CustomerColumns) -> FloatArray:
    return value_at_risk(customers.churn_risk, customers.no_order_chance, customers.predicted_value)


def _sums(customers: CustomerColumns, amounts: FloatArray, segments: int) -> list[float | None]:
    """Add amounts up by segment; None where nobody's is known."""
    known = ~np.isnan(amounts)
    cents, places = np.round(amounts[known], MONEY.places), customers.segment[known]
    sums = np.bincount(places, cents, segments).round(MONEY.places).tolist()
    counts = np.bincount(places, minlength=segments).tolist()
    return [value if count else None for value, count in zip(sums, counts, strict=True)]


def _came_to_the_quiet(moves: SegmentMoves) -> SegmentMoves:
    """Return whom the run before knew elsewhere: those whom the list behind the sentence holds."""
    ends = zip(moves.from_segment_id, moves.to_segment_id, strict=True)
    return moves.rows(np.array([one is not None and _is_quiet(to) for one, to in ends], dtype=bool))


def _is_quiet(segment_id: str | None) -> bool:
    return segment_id is not None and life_stage(segment_id) is LifeStage.QUIET


def _at_risk_with(
    moved: SegmentMoves, customers: CustomerColumns, at_risk: FloatArray
) -> float | None:
    if not len(moved.customer_id):
        return None
    places = CustomerIds(customers.customer_id).places_of(moved.customer_id)
    theirs = at_risk[places[places != UNKNOWN]]
    return round(float(np.nansum(np.round(theirs, MONEY.places))), MONEY.places)


def _counted(moves: SegmentMoves) -> list[MoveCount]:
    ways = Counter(zip(moves.from_segment_id, moves.to_segment_id, moves.cause, strict=True))
    return [
        MoveCount(from_segment_id=origin, to_segment_id=to, cause=cause, customers=customers)
        for (origin, to, cause), customers in ways.items()
    ]
