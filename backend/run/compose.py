"""What was learned becomes what is published: columns, segments, moves, and the run's report."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.core.customer_id import as_text
from backend.core.glossary import NO_ORDERS, Cause, Decision, Departure
from backend.results.move import SegmentEvent
from backend.results.publishing import CustomerColumns
from backend.run.learn import Learned
from backend.run.naming_words import named
from backend.run.reporting import run_report
from backend.run.run_context import RunContext
from backend.run.standing import Standing
from backend.segments.lineage import lineage
from backend.segments.segment_model import SegmentModel
from backend.shop.orders import ShopColumns
from backend.shop.seen import Seen
from backend.store.outlook_of_run import outlook_of
from backend.store.publication import Publication, SegmentMoves

# Decisions without an earlier model that could have moved anybody.
BORDERS_OF_NOTHING = frozenset({Decision.FIRST, Decision.TOO_FEW})


def compose(context: RunContext, seen: Seen, standing: Standing, learned: Learned) -> Publication:
    """Put together everything that one transaction publishes."""
    shop, config = seen.columns, context.config
    was = standing.where(shop.customer_ids)
    moves = _moves(shop, standing, learned, was)
    events = _lineage(standing, learned, was)
    said = replace(learned, segments=named(learned))
    customers = _customers(context, learned)
    outlook = outlook_of(customers, learned.segments, moves, standing.told)
    report = run_report(context, seen, said, moves, events, standing.forecasts)
    return Publication(
        run_id=context.run.id,
        token=context.token,
        as_of=context.as_of,
        customers=customers,
        segments=learned.segments,
        lineage=events,
        moves=moves,
        new_names=learned.new_names,
        report=replace(report, outlook=outlook),
        explainer=learned.forecast.explainer,
        model=learned.membership.model,
        scoring=learned.model,
        retention=timedelta(days=config.history_retention_days),
        departures=_departures(seen, standing),
    )


def _departures(seen: Seen, standing: Standing) -> dict[str, Departure]:
    """Say why those whom the run before knew are there no longer."""
    gone = as_text(standing.gone(seen.columns.customer_ids).customer_ids).tolist()
    return {one: Departure.MERGED if one in seen.merged else Departure.DELETED for one in gone}


def _customers(context: RunContext, learned: Learned) -> CustomerColumns:
    places = {segment.id: place for place, segment in enumerate(learned.segments)}
    return learned.scored(context.as_of).columns(places)


def _moves(
    shop: ShopColumns, standing: Standing, learned: Learned, before: NDArray[Any]
) -> SegmentMoves:
    """Compare who is where with who was where; customers new or gone have no other side."""
    ids, after = shop.customer_ids, learned.membership.ids
    moved = np.flatnonzero(before != after)
    gone = standing.gone(ids)
    by_model = _is_by_model(learned, before)[moved]
    nowhere = np.full(len(gone.customer_ids), None, dtype=object)
    by_model = np.concatenate([by_model, np.zeros(len(nowhere), dtype=bool)])
    return SegmentMoves(
        customer_id=np.concatenate([ids[moved], gone.customer_ids]),
        from_segment_id=np.concatenate([before[moved], gone.segment_ids]),
        to_segment_id=np.concatenate([after[moved], nowhere]),
        cause=np.where(
            by_model, *(np.array(one, dtype=object) for one in (Cause.MODEL, Cause.BEHAVIOUR))
        ),
    )


def _is_by_model(learned: Learned, before: NDArray[Any]) -> NDArray[np.bool_]:
    """Return who is elsewhere because the borders are: not by a first order, or a first sight."""
    elsewhere = learned.membership.moved_by_model
    if learned.membership.report.refit in BORDERS_OF_NOTHING:
        elsewhere = np.ones(len(before), dtype=bool)
    had_orders = np.asarray((before != None) & (before != NO_ORDERS), dtype=bool)  # noqa: E711
    still: NDArray[np.bool_] = elsewhere & had_orders & (learned.membership.ids != NO_ORDERS)
    return still


def _lineage(
    standing: Standing, learned: Learned, before: NDArray[Any]
) -> tuple[SegmentEvent, ...]:
    """Say which segments came and went; nothing did where the same model holds."""
    after = learned.membership.ids
    known = _known_segments(standing.model, standing.segment_ids)
    now = _known_segments(learned.membership.model, after)
    return lineage(known, now, before, after)


def _known_segments(model: SegmentModel | None, ids: NDArray[Any]) -> frozenset[str]:
    """Return the segments of a run, also those that nobody is in; where none has borders, one."""
    return frozenset(ids.tolist()) - {NO_ORDERS} if model is None else model.segment_ids
