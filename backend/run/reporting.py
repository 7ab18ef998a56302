"""What a run says of itself: what it read, left out, learnt and moved."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from backend.behaviour.monthly_cohorts import MonthlyCohorts, monthly_cohorts
from backend.core.glossary import Cause
from backend.results.cohorts import Cohort, Cohorts
from backend.results.move import MoveCounts, MovesByCause, SegmentEvent, SegmentFlow
from backend.results.run_report import CustomerCounts, OrderCounts, RunReport
from backend.run.earlier_forecasts import EarlierForecast, due_forecasts
from backend.run.learn import Learned
from backend.run.run_context import RunContext
from backend.segments.picture import picture
from backend.shop.seen import Seen
from backend.store.publication import SegmentMoves
from backend.wording.forecast_sentences import forecast_in_words
from backend.wording.order_reasons import left_out_notes
from backend.wording.readiness_sentences import readiness_in_words
from backend.wording.segment_names import known_name
from backend.wording.segment_sentences import clustering_note


def run_report(
    context: RunContext,
    seen: Seen,
    learned: Learned,
    moves: SegmentMoves,
    lineage: Sequence[SegmentEvent],
    earlier: Sequence[EarlierForecast],
) -> RunReport:
    """Put together the report that is stored with the run."""
    shop = seen.columns
    forecast = forecast_in_words(learned.forecast.report)
    spent = learned.forecast.facts.frequency * learned.forecast.facts.avg_order_value
    left_out = {str(reason): count for reason, count in shop.rejected.items()}
    return RunReport(
        run_id=context.run.id,
        as_of=context.as_of,
        horizons=context.horizons,
        customers=CustomerCounts(
            total=learned.history.customer_count,
            with_orders=int(np.count_nonzero(learned.history.frequency)),
        ),
        orders=OrderCounts(counted=len(shop.created_at), left_out=left_out),
        readiness=readiness_in_words(learned.judgements),
        forecast=forecast,
        clustering=learned.membership.report,
        picture=picture(learned.membership, learned.behaviour, spent),
        segments=tuple(segment for segment in learned.segments if not segment.is_group),
        groups=tuple(segment for segment in learned.segments if segment.is_group),
        lineage=tuple(lineage),
        moves=_moves(moves),
        names=_names(learned, moves, lineage),
        notes=(
            *seen.mapping.notes,
            *forecast.notes,
            *map(clustering_note, learned.membership.notes),
            *left_out_notes(left_out),
        ),
        currency=next((segment.currency for segment in learned.segments), None),
        cohorts=_cohorts(monthly_cohorts(learned.history, seen.mapping.zone)),
        due=due_forecasts(
            earlier,
            learned.history,
            context.as_of,
            context.horizons,
        ),
    )


def _cohorts(found: MonthlyCohorts) -> Cohorts:
    count = len(found.months)
    return Cohorts(
        until=str(found.months[-1]),
        months=tuple(
            Cohort(
                month=str(month),
                customers=int(found.customers[at]),
                buyers=tuple(found.buyers[at, : count - at].tolist()),
                revenue=tuple(found.revenue[at, : count - at].round(2).tolist()),
            )
            for at, month in enumerate(found.months)
            if found.customers[at]
        ),
        earlier_customers=found.earlier,
        newer_customers=found.newer,
    )


def _names(
    learned: Learned, moves: SegmentMoves, lineage: Sequence[SegmentEvent]
) -> dict[str, str]:
    """Return what every segment is called that this report speaks of, those gone included."""
    called = {segment.id: segment.name for segment in learned.segments}
    called = {**{identity: given.name for identity, given in learned.names.items()}, **called}
    spoken = {*moves.from_segment_id, *moves.to_segment_id}
    for event in lineage:
        spoken |= {event.segment_id, *event.relatives}
    return {one: called.get(one) or known_name(one) for one in spoken | set(called) if one}


def _moves(moves: SegmentMoves) -> MoveCounts:
    """Count who changed segment, apart from who appeared and who is gone."""
    ends = list(zip(moves.from_segment_id, moves.to_segment_id, moves.cause, strict=True))
    changed = [(origin, target, cause) for origin, target, cause in ends if origin and target]
    flows = Counter((origin, target) for origin, target, _ in changed)
    return MoveCounts(
        total=len(changed),
        appeared=sum(origin is None for origin, _, _ in ends),
        gone=sum(target is None for _, target, _ in ends),
        by_cause=_by_cause(cause for _, _, cause in changed),
        flows=tuple(
            SegmentFlow(from_=origin, to=target, customers=count)
            for (origin, target), count in flows.most_common()
        ),
    )


def _by_cause(causes: Iterable[Cause]) -> MovesByCause:
    counts = Counter(causes)
    return MovesByCause(behaviour=counts[Cause.BEHAVIOUR], model=counts[Cause.MODEL])
