"""Findings become what is published: columns, segments, moves, and the run's report."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.core.words import NO_ORDERS
from backend.data.intelligence import Cause, CustomerColumns, Publication, SegmentMoves, SegmentRow
from backend.data.orders import ShopColumns
from backend.data.runs import Run
from backend.modelling.segmentation import Segment
from backend.pipeline.config import RunConfig
from backend.pipeline.findings import Findings, Standing
from backend.pipeline.report import run_report


def publication(
    run: Run,
    token: str,
    as_of: datetime,
    shop: ShopColumns,
    standing: Standing,
    found: Findings,
    config: RunConfig,
) -> Publication:
    """Put together everything that one transaction publishes."""
    moves = _moves(shop, standing, found)
    model, explainer = found.segmentation.model, found.forecast.explainer
    return Publication(
        run_id=run.id,
        token=token,
        as_of=as_of,
        customers=_customers(shop, found),
        segments=[_segment_row(segment) for segment in found.segmentation.segments],
        moves=moves,
        new_names=found.new_names,
        report=json.dumps(run_report(run, as_of, shop, found, moves, config)),
        explainer=None if explainer is None else json.dumps(explainer.as_dict()),
        model=None if model is None else json.dumps(model.as_dict()),
        retention=timedelta(days=config.history_retention_days),
    )


def _customers(shop: ShopColumns, found: Findings) -> CustomerColumns:
    predicted = found.forecast
    return CustomerColumns(
        customer_id=shop.customer_ids,
        segment=found.segmentation.membership,
        confidence=found.segmentation.confidence,
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
    )


def _status(found: Findings) -> NDArray[np.str_]:
    return np.where(found.history.frequency == 0, NO_ORDERS, found.forecast.report.status)


def _sum_per_customer(shop: ShopColumns) -> NDArray[np.int64]:
    """Sum in whole millionths: floats would lose cents."""
    sums = np.zeros(len(shop.customer_ids), dtype=np.int64)
    np.add.at(sums, shop.customer_index, shop.amount_micros)
    return sums


def _segment_row(segment: Segment) -> SegmentRow:
    """Split a segment into the columns of its row and the facts beside them."""
    facts = segment.as_dict()
    avg_ltv = facts.pop("avg_ltv")
    columns = {
        name: facts.pop(name)
        for name in (
            "id",
            "parent_id",
            "level",
            "name",
            "description",
            "customer_count",
            "churn_risk_avg",
        )
    }
    return SegmentRow(
        **columns, avg_ltv=None if avg_ltv is None else Decimal(f"{avg_ltv:.2f}"), profile=facts
    )


def _moves(shop: ShopColumns, standing: Standing, found: Findings) -> SegmentMoves:
    """Compare who is where with who was where; customers new or gone have no other side."""
    ids = shop.customer_ids
    names = np.array([segment.id for segment in found.segmentation.segments], dtype=object)
    after = names[found.segmentation.membership]
    before = np.full(len(ids), None, dtype=object)
    known, place = _places(ids, standing.customer_ids)
    before[known] = standing.segment_ids[place]
    moved = np.flatnonzero(before != after)
    gone = np.flatnonzero(~np.isin(standing.customer_ids, ids))
    by_model = found.segmentation.moved_by_model[moved]
    causes: list[Cause] = ["model" if model else "behaviour" for model in by_model]
    return SegmentMoves(
        customer_id=np.concatenate([ids[moved], standing.customer_ids[gone]]),
        from_segment_id=[*before[moved], *standing.segment_ids[gone]],
        to_segment_id=[*after[moved], *[None] * len(gone)],
        cause=causes + ["behaviour"] * len(gone),
    )


def _places(
    ids: NDArray[Any], standing_ids: NDArray[Any]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which ids stand in `standing_ids`, which is sorted, and where those are."""
    if len(standing_ids) == 0 or standing_ids.dtype.kind != ids.dtype.kind:
        return np.zeros(len(ids), dtype=bool), np.empty(0, dtype=np.int64)
    place = np.minimum(np.searchsorted(standing_ids, ids), len(standing_ids) - 1)
    known = standing_ids[place] == ids
    return known, place[known]
