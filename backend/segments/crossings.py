"""How far a customer is from another segment: what would move them, tried on the model itself."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from backend.core.arrays import IntArray
from backend.segments.buyers import Behaviour
from backend.segments.segment_model import REFIT_AFTER_DAYS, Ids, SegmentModel
from backend.segments.vocabulary import ENGAGED_STAGES, TRAIT_IDS, stage_of

MOST_ORDERS = 3
MOST_DAYS = 730


@dataclass(frozen=True, slots=True)
class NextBorder:
    """What takes a customer to another segment.

    Attributes
    ----------
    by
        "orders": so many more on different days, of the usual value; "silence": so many days
        without one.
    amount
        Orders, at least 1, or days, at least 1.
    segment_id
        Where they are then.
    within_days
        For one more order, how soon: as long as the customer stays here without it, and at most as
        long as borders stand. None for more orders, and for silence.
    """

    by: Literal["orders", "silence"]
    amount: int
    segment_id: str
    within_days: int | None = None


def behaviour_of_one(recency_days: float, order_days: int, typical_order_value: float) -> Behaviour:
    """Hold the behaviour of a single customer; the order value is the geometric mean."""
    return Behaviour(
        customer=np.zeros(1, dtype=np.int64),
        recency_days=np.array([float(recency_days)]),
        order_days=np.array([order_days]),
        mean_log_value=np.log(np.array([typical_order_value])),
        typical_gap_days=np.full(1, np.nan),
    )


def crossings(model: SegmentModel, customer: Behaviour, segment_id: str) -> tuple[NextBorder, ...]:
    """Find the fewest orders, and the fewest silent days, that change a customer's segment.

    Every answer is the standing model's own, for the customer as they would then be; whoever is
    in a segment of a habit stays in it while active or slipping.

    Parameters
    ----------
    model
        The standing segmentation.
    customer
        One customer with orders.
    segment_id
        Where they are now.
    """
    more = np.arange(1, MOST_ORDERS + 1)
    ordered = _copies(customer, len(more))
    ordered = replace(
        ordered, order_days=ordered.order_days + more, recency_days=np.zeros(len(more))
    )
    days = np.arange(1, MOST_DAYS + 1)
    silent = _copies(customer, len(days))
    silent = replace(silent, recency_days=silent.recency_days + days)
    by_orders = _first("orders", more, _assigned(model, ordered, segment_id), segment_id)
    by_silence = _first("silence", days, _assigned(model, silent, segment_id), segment_id)
    if by_orders is not None and by_orders.amount == 1:
        stays = MOST_DAYS if by_silence is None else by_silence.amount
        by_orders = replace(by_orders, within_days=min(stays, REFIT_AFTER_DAYS))
    return tuple(crossing for crossing in (by_orders, by_silence) if crossing is not None)


def first_order(model: SegmentModel) -> NextBorder:
    """Find where a customer without orders is after the first; its value does not matter."""
    customer = behaviour_of_one(recency_days=0, order_days=1, typical_order_value=1.0)
    return NextBorder("orders", 1, str(model.assign(customer).ids[0]))


def _copies(customer: Behaviour, count: int) -> Behaviour:
    return customer.of(np.zeros(count, dtype=np.int64))


def _assigned(model: SegmentModel, customers: Behaviour, segment_id: str) -> Ids:
    before = np.full(len(customers), segment_id, dtype=object)
    ids = model.assign(customers, before).ids
    if segment_id in TRAIT_IDS:
        engaged = [stage_of(identity) in ENGAGED_STAGES for identity in ids.tolist()]
        ids = np.where(engaged, segment_id, ids)
    return ids


def _first(
    by: Literal["orders", "silence"], amounts: IntArray, ids: Ids, segment_id: str
) -> NextBorder | None:
    elsewhere = np.flatnonzero(ids != segment_id)
    if not len(elsewhere):
        return None
    return NextBorder(by, int(amounts[elsewhere[0]]), str(ids[elsewhere[0]]))
