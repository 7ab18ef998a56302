"""What a run says of itself: what it read, left out, learnt and moved."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import compress
from typing import Any

import numpy as np

from backend.core.glossary import left_out
from backend.readiness.finding import Readiness
from backend.run.learn import Learned
from backend.run.run_config import RunConfig
from backend.segments.lineage import LineageEvent
from backend.segments.picture import picture
from backend.segments.profiles import known_name
from backend.shop.mapping.layers import load_mapping
from backend.shop.orders import ShopColumns
from backend.store.publication import SegmentMoves
from backend.store.runs import Run


def run_report(
    run: Run,
    as_of: datetime,
    shop: ShopColumns,
    learned: Learned,
    moves: SegmentMoves,
    lineage: Sequence[LineageEvent],
    readiness: Readiness,
    config: RunConfig,
) -> dict[str, Any]:
    """Put together the report that is stored with the run, in plain JSON values."""
    return {
        "run_id": run.id,
        "as_of": as_of.isoformat(),
        "horizons": {
            "prediction_days": config.prediction_horizon_days,
            "churn_days": config.churn_horizon_days,
        },
        "customers": _customers(learned),
        "orders": _orders(shop),
        "readiness": readiness.as_dict(),
        "forecast": learned.forecast.report.as_dict(),
        "clustering": dict(learned.membership.report),
        "picture": picture(learned.membership, learned.history),
        "segments": [segment.as_dict() for segment in learned.segments if not segment.is_group],
        "groups": [segment.as_dict() for segment in learned.segments if segment.is_group],
        "lineage": [asdict(event) for event in lineage],
        "moves": _moves(moves),
        "names": _names(learned, moves, lineage),
        "notes": [
            *load_mapping(config.shop_variables).notes,
            *learned.forecast.report.notes,
            *learned.membership.notes,
            *_left_out(shop.rejected),
        ],
    }


def _customers(learned: Learned) -> dict[str, int]:
    with_orders = int(np.count_nonzero(learned.history.frequency))
    return {"total": learned.history.customer_count, "with_orders": with_orders}


def _orders(shop: ShopColumns) -> dict[str, Any]:
    return {
        "counted": len(shop.created_at),
        "left_out": dict(shop.rejected),
    }


def _left_out(rejected: Mapping[str, int]) -> list[str]:
    return [
        f"{count:,} {'order' if count == 1 else 'orders'} left out: {left_out(reason)}."
        for reason, count in sorted(rejected.items())
        if count
    ]


def _names(
    learned: Learned, moves: SegmentMoves, lineage: Sequence[LineageEvent]
) -> dict[str, str]:
    """Return what every segment is called that this report speaks of, those gone included."""
    called = {segment.id: segment.name for segment in learned.segments}
    called = {**{identity: given.name for identity, given in learned.names.items()}, **called}
    spoken = {*moves.from_segment_id, *moves.to_segment_id}
    for event in lineage:
        spoken |= {event.segment_id, *event.relatives}
    return {one: called.get(one) or known_name(one) for one in spoken | set(called) if one}


def _moves(moves: SegmentMoves) -> dict[str, Any]:
    """Count who changed segment, apart from who appeared and who is gone."""
    ends = list(zip(moves.from_segment_id, moves.to_segment_id, strict=True))
    changed = [None not in end for end in ends]
    flows = Counter(end for end, both in zip(ends, changed, strict=True) if both)
    return {
        "total": sum(changed),
        "appeared": sum(origin is None for origin, _ in ends),
        "gone": sum(target is None for _, target in ends),
        "by_cause": dict(Counter(compress(moves.cause, changed))),
        "flows": [
            {"from": origin, "to": target, "customers": count}
            for (origin, target), count in flows.most_common()
        ],
    }
