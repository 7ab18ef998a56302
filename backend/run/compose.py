"""Findings become what is published: columns, segments, moves, and the run's report."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.core.glossary import NO_ORDERS
from backend.results.move import Cause, SegmentEvent
from backend.results.readiness import Readiness
from backend.run.learn import Findings, Standing
from backend.run.naming_words import named
from backend.run.run_config import RunConfig
from backend.run.run_report import run_report
from backend.segments.buyers import behaviour_of
from backend.segments.lineage import lineage
from backend.segments.standing import StandingModel
from backend.shop.orders import ShopColumns
from backend.store.publication import CustomerColumns, Publication, SegmentMoves
from backend.store.runs import Run

# Decisions without an earlier model that could have moved anybody.
BORDERS_OF_NOTHING = frozenset({"first", "too_few"})


def publication(
    run: Run,
    token: str,
    as_of: datetime,
    shop: ShopColumns,
    standing: Standing,
    found: Findings,
    readiness: Readiness,
    config: RunConfig,
) -> Publication:
    """Put together everything that one transaction publishes."""
    was = standing.where(shop.customer_ids)
    moves = _moves(shop, standing, found, was)
    events = _lineage(standing, found, was)
    said = replace(found, segments=named(found))
    return Publication(
        run_id=run.id,
        token=token,
        as_of=as_of,
        customers=_customers(shop, found),
        segments=found.segments,
        lineage=events,
        moves=moves,
        new_names=found.new_names,
        report=run_report(run, as_of, shop, said, moves, events, readiness, config),
        explainer=found.forecast.explainer,
        model=found.membership.model,
        retention=timedelta(days=config.history_retention_days),
    )


def _customers(shop: ShopColumns, found: Findings) -> CustomerColumns:
    predicted = found.forecast
    order_days, typical_value = _behaviour(found)
    return CustomerColumns(
        customer_id=shop.customer_ids,
        segment=_places(found),
        confidence=found.membership.confidence,
        status=_status(found),
        historical_micros=_sum_per_customer(shop),
        frequency=found.history.frequency,
        recency_days=predicted.facts.recency_days,
        predicted_value=predicted.predicted_value,
        predicted_value_low=predicted.predicted_value_low,
        predicted_value_high=predicted.predicted_value_high,
        predicted_orders=predicted.predicted_orders,
        predicted_orders_low=predicted.predicted_orders_low,
        predicted_orders_high=predicted.predicted_orders_high,
        next_order_days=predicted.next_order_days,
        churn_risk=predicted.churn_risk,
        age_days=predicted.facts.age_days,
        usual_gap_days=predicted.facts.usual_gap_days,
        order_days=order_days,
        typical_order_value=typical_value,
    )


def _places(found: Findings) -> NDArray[np.int64]:
    """Return where each customer's segment stands among the published ones."""
    place = {segment.id: index for index, segment in enumerate(found.segments)}
    return np.array([place[identity] for identity in found.membership.ids.tolist()])


def _behaviour(found: Findings) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return days with orders, and the geometric mean of order values, of every customer."""
    behaviour = behaviour_of(found.history)
    order_days = np.zeros(found.history.customer_count, dtype=np.int64)
    typical_value = np.full(found.history.customer_count, np.nan)
    order_days[behaviour.customer] = behaviour.order_days
    typical_value[behaviour.customer] = np.exp(behaviour.mean_log_value)
    return order_days, typical_value


def _status(found: Findings) -> NDArray[np.str_]:
    return np.where(found.history.frequency == 0, NO_ORDERS, found.forecast.report.status)


def _sum_per_customer(shop: ShopColumns) -> NDArray[np.int64]:
    """Sum in whole millionths: floats would lose cents."""
    sums = np.zeros(len(shop.customer_ids), dtype=np.int64)
    np.add.at(sums, shop.customer_index, shop.amount_micros)
    return sums


def _moves(
    shop: ShopColumns, standing: Standing, found: Findings, before: NDArray[Any]
) -> SegmentMoves:
    """Compare who is where with who was where; customers new or gone have no other side."""
    ids, after = shop.customer_ids, found.membership.ids
    moved = np.flatnonzero(before != after)
    gone = standing.gone(ids)
    by_model = _is_by_model(found, before)[moved]
    causes: list[Cause] = ["model" if model else "behaviour" for model in by_model]
    causes += ["behaviour"] * len(gone.customer_ids)
    return SegmentMoves(
        customer_id=np.concatenate([ids[moved], gone.customer_ids]),
        from_segment_id=[*before[moved], *gone.segment_ids],
        to_segment_id=[*after[moved], *[None] * len(gone.customer_ids)],
        cause=causes,
    )


def _is_by_model(found: Findings, before: NDArray[Any]) -> NDArray[np.bool_]:
    """Return who is elsewhere because the borders are: not by a first order, or a first sight."""
    elsewhere = found.membership.moved_by_model
    if found.membership.report.refit in BORDERS_OF_NOTHING:
        elsewhere = np.ones(len(before), dtype=bool)
    had_orders = np.array([one not in (None, NO_ORDERS) for one in before.tolist()], dtype=bool)
    still: NDArray[np.bool_] = elsewhere & had_orders & (found.membership.ids != NO_ORDERS)
    return still


def _lineage(standing: Standing, found: Findings, before: NDArray[Any]) -> tuple[SegmentEvent, ...]:
    """Say which segments came and went; nothing did where the same model holds."""
    after = found.membership.ids
    known = _known_segments(standing.model, standing.segment_ids)
    now = _known_segments(found.membership.model, after)
    return lineage(known, now, before, after)


def _known_segments(model: StandingModel | None, ids: NDArray[Any]) -> frozenset[str]:
    """Return the segments of a run, also those that nobody is in; where none has borders, one."""
    return frozenset(ids.tolist()) - {NO_ORDERS} if model is None else model.segment_ids
