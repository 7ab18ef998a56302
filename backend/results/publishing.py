"""What a run learnt of its customers, as it is published: what declared numbers are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import BoolArray, FloatArray, IntArray

CUSTOMERS_PER_PART = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerColumns:
    """What is known of every customer of the shop; arrays of shape (customers,), NaN unknown.

    Attributes
    ----------
    customer_id
        int64 or str, ascending.
    segment
        Index into the publication's segments.
    confidence
        Share of refits, in [0, 1].
    status
        Texts as objects: "scored", or why numbers are unknown.
    historical_micros
        Exact millionths of the currency unit.
    frequency
        Counted orders.
    recency_days, age_days, usual_gap_days
        Days since the last and the first counted order, and between days with orders.
    order_days
        Days with counted orders.
    typical_order_value
        Geometric mean of order values.
    predicted_value, predicted_value_low, predicted_value_high
        Currency units within the prediction horizon, and the ends of an 80 % interval.
    predicted_orders, predicted_orders_low, predicted_orders_high
        Counted orders likewise.
    next_order_days
        Shape (customers, 3), days from `as_of`: 10, 50 and 90 % quantiles.
    churn_risk, no_order_chance
        Chance of no counted order within the churn and within the prediction horizon.
    """

    customer_id: NDArray[Any]
    segment: IntArray
    confidence: FloatArray
    status: NDArray[Any]
    historical_micros: IntArray
    frequency: IntArray
    recency_days: FloatArray
    age_days: FloatArray
    usual_gap_days: FloatArray
    order_days: IntArray
    typical_order_value: FloatArray
    predicted_value: FloatArray
    predicted_value_low: FloatArray
    predicted_value_high: FloatArray
    predicted_orders: FloatArray
    predicted_orders_low: FloatArray
    predicted_orders_high: FloatArray
    next_order_days: FloatArray
    churn_risk: FloatArray
    no_order_chance: FloatArray

    def rows(self, chosen: slice | BoolArray | IntArray) -> CustomerColumns:
        """Return some of the customers."""
        return CustomerColumns(
            **{one.name: getattr(self, one.name)[chosen] for one in fields(self)}
        )

    def joined(self, others: CustomerColumns) -> CustomerColumns:
        """Return these customers, and others after them."""
        return CustomerColumns(
            **{
                one.name: np.concatenate([getattr(self, one.name), getattr(others, one.name)])
                for one in fields(self)
            }
        )


class SegmentLabel(Protocol):
    """What a customer's row says of their segment."""

    @property
    def id(self) -> str:
        """Its permanent id."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def level(self) -> int:
        """Depth in the hierarchy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTold:
    """What was published of the same customers before; arrays of shape (customers,).

    Attributes
    ----------
    known
        Whether anything was.
    changed_at
        datetime64[us]: when they last moved; NaT who was unknown.
    held_out_until
        datetime64[us]: as `Publishing` has it; NaT who was not held out, or unknown.
    values
        What numbers are compared with, by column; NaN or None who was unknown.
    """

    known: BoolArray
    changed_at: NDArray[Any]
    held_out_until: NDArray[np.datetime64]
    values: Mapping[str, NDArray[Any]]

    @classmethod
    def nothing(cls, customers: int, numbers: Sequence[str]) -> LastTold:
        """Return that nothing was published of so many customers, by the names of the columns."""
        return cls(
            known=np.zeros(customers, dtype=bool),
            changed_at=np.full(customers, "NaT", dtype="datetime64[us]"),
            held_out_until=np.full(customers, "NaT", dtype="datetime64[us]"),
            values={name: np.full(customers, np.nan) for name in numbers},
        )

    def rows(self, chosen: slice | BoolArray) -> LastTold:
        """Return some of the customers."""
        values = {name: column[chosen] for name, column in self.values.items()}
        return LastTold(
            known=self.known[chosen],
            changed_at=self.changed_at[chosen],
            held_out_until=self.held_out_until[chosen],
            values=values,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """What a run learnt of its customers, at the moment it is published.

    Attributes
    ----------
    customers
        In columns.
    segments
        As they are called now.
    as_of
        Shape (customers,), datetime64[us]: the instant that each row describes.
    at
        The moment.
    last
        What was published before.
    moved
        (customers,) who moved since by more than is tolerated.
    held_out_until
        Shape (customers,), datetime64[us]: until when campaigns hold each out; NaT of the others.
    """

    customers: CustomerColumns
    segments: Sequence[SegmentLabel]
    run_id: str
    as_of: NDArray[np.datetime64]
    at: datetime
    last: LastTold
    moved: BoolArray
    held_out_until: NDArray[np.datetime64]

    def __len__(self) -> int:
        """Return the number of customers."""
        return len(self.customers.customer_id)

    def parts(self) -> Iterator[Publishing]:
        """Give the same of some customers after others: what is made of them is made of a part."""
        for start in range(0, max(len(self), 1), CUSTOMERS_PER_PART):
            yield self.rows(slice(start, start + CUSTOMERS_PER_PART))

    def rows(self, chosen: slice) -> Publishing:
        """Return the same of some of the customers."""
        return replace(
            self,
            customers=self.customers.rows(chosen),
            as_of=self.as_of[chosen],
            last=self.last.rows(chosen),
            moved=self.moved[chosen],
            held_out_until=self.held_out_until[chosen],
        )

    def alike(self, value: str | np.datetime64) -> NDArray[Any]:
        """Return the same for every customer."""
        return np.full(len(self), value, dtype=object if isinstance(value, str) else None)
