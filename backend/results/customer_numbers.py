"""The numbers of a customer, each declared once.

A column of `customer_intelligence`, what publishing puts there, a field of the profile with its
description and example, and a line of the table in docs/architecture.md are made from each
declaration. A new number is one more field here, and a migration that adds its column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.core.customer_id import CustomerId
from backend.core.glossary import Status
from backend.core.typed_cells import instant64
from backend.results import origins
from backend.results.declared import (
    AT_CHANGE,
    CHANCE,
    EXPECTED_COUNT,
    MONEY,
    AnyChange,
    Column,
    Count,
    Flag,
    Instant,
    Label,
    Number,
    Quantity,
    Real,
    Tolerance,
    number,
)
from backend.results.publishing import Publishing

CURRENCY, DAYS, PROBABILITY, ORDERS = "currency", "days", "probability", "orders"
ALWAYS = None


def at_last_move(kind: Quantity, name: str) -> Any:
    """Declare what a number was when the customer last moved."""

    def at_change(publishing: Publishing) -> Column:
        was = publishing.last.values[name + AT_CHANGE]
        return np.where(publishing.moved, _number(name).array(publishing), was)

    return number(
        kind, f"{name} at changed_at: what the next is compared with", of=at_change, shown_as=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerNumbers:
    """All that was published of one customer."""

    customer_id: CustomerId
    archetype_id: str | None = number(
        Label(100),
        "segment the customer is in, by its permanent id",
        null_when="not_scored_yet",
        of=lambda this: origins.segment(this, "id"),
        example="high_value_repeat",
        shown_as="archetype.id",
        follows=AnyChange(),
    )
    archetype_name: str | None = number(
        Label(255, is_free=True),
        "what the segment is called",
        null_when="not_scored_yet",
        of=lambda this: origins.segment(this, "name"),
        example="Loyal High Spenders",
        shown_as="archetype.name",
    )
    archetype_level: int | None = number(
        Count(),
        "depth of the segment in the hierarchy: 1 = top branch, 2 = inside it",
        null_when="not_scored_yet",
        of=lambda this: origins.segment(this, "level"),
        example=2,
        shown_as="archetype.level",
    )
    ltv: Decimal | None = number(
        Quantity(10, 2),
        "historical_value + predicted_value",
        unit=CURRENCY,
        null_when="no_orders, value_out_of_range",
        of=origins.ltv,
        example=2450.00,
        in_totals="sum",
    )
    churn_risk: Decimal | None = number(
        CHANCE,
        "probability in [0, 1] of no counted order in (as_of, as_of + CHURN_HORIZON_DAYS]. "
        "Calibrated: of the customers scored 0.8, 80 % do not come back",
        unit=PROBABILITY,
        of=lambda this: this.customers.churn_risk,
        example=0.12,
        follows=Tolerance(0.05),
        in_totals="mean",
    )
    no_order_chance: Decimal | None = number(
        CHANCE,
        "probability in [0, 1] of no counted order in (as_of, as_of + PREDICTION_HORIZON_DAYS]",
        unit=PROBABILITY,
        of=lambda this: this.customers.no_order_chance,
        example=0.07,
        in_totals="mean",
    )
    frequency: int | None = number(
        Count(),
        "number of counted orders",
        unit=ORDERS,
        null_when="not_scored_yet",
        of=lambda this: this.customers.frequency,
        example=15,
        shown_as="total_orders",
        in_totals="sum",
    )
    avg_order_value: Decimal | None = number(
        MONEY,
        "historical_value / number of counted orders",
        unit=CURRENCY,
        of=origins.avg_order_value,
        example=163.33,
        in_totals="mean",
    )
    status: str = number(
        Label(32),
        "scored, or why numbers are null: no_orders, not_scored_yet, insufficient_history (base "
        "rates only), value_out_of_range",
        null_when=ALWAYS,
        of=origins.status,
        example="scored",
        follows=AnyChange(),
        filled=True,
    )
    historical_value: Decimal | None = number(
        MONEY,
        "sum of counted total_price; a partial refund known to the source is subtracted",
        unit=CURRENCY,
        of=origins.historical_value,
        example=2449.95,
        in_totals="sum",
    )
    predicted_value: Decimal | None = number(
        MONEY,
        "expected sum of counted orders in (as_of, as_of + PREDICTION_HORIZON_DAYS]",
        unit=CURRENCY,
        of=lambda this: this.customers.predicted_value,
        example=810.40,
        follows=Tolerance(5.0, share=0.2),
        in_totals="sum",
    )
    predicted_value_low: Decimal | None = number(
        MONEY,
        "lower end of the 80 % interval of predicted_value",
        unit=CURRENCY,
        of=lambda this: this.customers.predicted_value_low,
        example=120.00,
    )
    predicted_value_high: Decimal | None = number(
        MONEY,
        "upper end of the 80 % interval of predicted_value",
        unit=CURRENCY,
        of=lambda this: this.customers.predicted_value_high,
        example=1640.00,
    )
    predicted_orders: Decimal | None = number(
        EXPECTED_COUNT,
        "expected number of counted orders in (as_of, as_of + PREDICTION_HORIZON_DAYS]",
        unit=ORDERS,
        of=lambda this: this.customers.predicted_orders,
        example=4.9,
        follows=Tolerance(0.05, share=0.2),
        in_totals="sum",
    )
    predicted_orders_low: Decimal | None = number(
        EXPECTED_COUNT,
        "lower end of the 80 % interval of predicted_orders",
        unit=ORDERS,
        of=lambda this: this.customers.predicted_orders_low,
        example=1.0,
    )
    predicted_orders_high: Decimal | None = number(
        EXPECTED_COUNT,
        "upper end of the 80 % interval of predicted_orders",
        unit=ORDERS,
        of=lambda this: this.customers.predicted_orders_high,
        example=9.0,
    )
    value_at_risk: Decimal | None = number(
        MONEY,
        "what the customer would bring within the prediction horizon if they stay, times the "
        "chance that they do not: churn_risk times predicted_value / (1 - no_order_chance) where "
        "churn_risk is at most .8, 0 above",
        unit=CURRENCY,
        of=lambda this: origins.value_at_risk(
            this.customers.churn_risk,
            this.customers.no_order_chance,
            this.customers.predicted_value,
        ),
        example=104.57,
        in_totals="sum",
    )
    lost: bool | None = number(
        Flag(),
        "whether churn_risk is above .8, so that no value is left to be at risk",
        of=origins.lost,
        example=False,
    )
    next_order_p10: datetime | None = number(
        Instant(),
        "10 % quantile of the next order's time",
        null_when="no_orders, or later than the forecast reaches",
        of=lambda this: origins.next_order(this, 0),
        example="2011-12-13T00:00:00Z",
    )
    next_order_p50: datetime | None = number(
        Instant(),
        "median of the next order's time",
        null_when="no_orders, or later than the forecast reaches",
        of=lambda this: origins.next_order(this, 1),
        example="2011-12-30T00:00:00Z",
    )
    next_order_p90: datetime | None = number(
        Instant(),
        "90 % quantile of the next order's time",
        null_when="no_orders, or later than the forecast reaches",
        of=lambda this: origins.next_order(this, 2),
        example="2012-03-09T00:00:00Z",
    )
    last_order_at: datetime | None = number(
        Instant(),
        "when the last counted order was created",
        of=origins.last_order_at,
        example="2011-11-28T00:00:00Z",
    )
    first_order_at: datetime | None = number(
        Instant(),
        "when the first counted order was created",
        of=origins.first_order_at,
        example="2010-12-04T00:00:00Z",
    )
    recency_days: int | None = number(
        Count(),
        "days from the last counted order to as_of",
        unit=DAYS,
        of=lambda this: this.customers.recency_days,
        example=12,
        in_totals="mean",
    )
    age_days: int | None = number(
        Count(),
        "days from the first counted order to as_of",
        unit=DAYS,
        of=lambda this: this.customers.age_days,
        example=371,
        in_totals="mean",
    )
    usual_gap_days: float | None = number(
        Real(places=2),
        "arithmetic mean of the days between a customer's order days",
        unit=DAYS,
        null_when="fewer than two order days",
        of=lambda this: this.customers.usual_gap_days,
        example=26.5,
        in_totals="mean",
    )
    order_days: int | None = number(
        Count(),
        "number of days with counted orders",
        unit=DAYS,
        null_when="not_scored_yet",
        of=lambda this: this.customers.order_days,
        example=14,
    )
    typical_order_value: float | None = number(
        Real(),
        "geometric mean of counted total_price",
        unit=CURRENCY,
        of=lambda this: this.customers.typical_order_value,
        example=151.20,
    )
    cluster_confidence: Decimal | None = number(
        CHANCE,
        "calibrated share of refits in which the customer keeps this segment",
        unit="share",
        of=lambda this: this.customers.confidence,
        example=0.97,
        in_totals="mean",
    )
    run_id: str | None = number(
        Label(32),
        "the run that said so",
        null_when="not_scored_yet",
        of=lambda this: this.alike(this.run_id),
        example="5f0c2a9be1d34c77",
        filled=True,
    )
    as_of: datetime | None = number(
        Instant(),
        "the instant the row describes; only orders created before it count",
        null_when="not_scored_yet",
        of=lambda this: this.as_of,
        example="2011-12-10T00:00:00Z",
    )
    updated_at: datetime | None = number(
        Instant(printed=True),
        "when the row was published",
        null_when="not_scored_yet",
        of=lambda this: this.alike(instant64(this.at)),
        example="2011-12-10T02:00:41Z",
    )
    changed_at: datetime | None = number(
        Instant(),
        "when segment, status or a number last moved by more than its stated tolerance from what "
        "it was at the last move: what a follower has to copy",
        null_when="not_scored_yet",
        of=origins.changed_at,
        example="2011-12-04T02:00:39Z",
    )
    held_out_until: datetime | None = number(
        Instant(),
        "until when a campaign holds the customer out: they are not to be reached, so that it can "
        "be told what reaching the others brings; the last day of 9999 where it has no end",
        null_when="no campaign holds them out",
        of=lambda this: this.held_out_until,
        example="2012-01-09T00:00:00Z",
    )
    churn_risk_at_change: Decimal | None = at_last_move(CHANCE, "churn_risk")
    predicted_value_at_change: Decimal | None = at_last_move(MONEY, "predicted_value")
    predicted_orders_at_change: Decimal | None = at_last_move(EXPECTED_COUNT, "predicted_orders")

    @classmethod
    def unknown(cls, customer_id: CustomerId) -> CustomerNumbers:
        """Say of a customer whom no run has seen that nothing is known."""
        known: dict[str, Any] = {"customer_id": customer_id, "status": str(Status.NOT_SCORED_YET)}
        return cls(**{**dict.fromkeys(one.name for one in NUMBERS), **known})

    @property
    def shown(self) -> Shown:
        """What a profile has of them."""
        return tuple(in_json(getattr(self, one.name)) for one in SHOWN)


def in_json(value: Any) -> Any:
    """Return a value as JSON has it."""
    return float(value) if isinstance(value, Decimal) else value


def _declared() -> tuple[Number, ...]:
    """Return the declarations with the names of their fields."""
    found = []
    for one in fields(CustomerNumbers):
        if (told := one.metadata.get("number")) is not None:
            shown = one.name if told.shown_as == "" else told.shown_as
            found.append(replace(told, name=one.name, shown_as=shown))
    return tuple(found)


NUMBERS: tuple[Number, ...] = _declared()
"""Every declared number, in the order of a profile."""

SHOWN: tuple[Number, ...] = tuple(one for one in NUMBERS if one.shown_as is not None)
"""Those that a profile has."""

Shown = Sequence[Any]
"""Values of `SHOWN`, of one customer, as JSON has them: a quantity is a float."""

FOLLOWED: tuple[Number, ...] = tuple(one for one in NUMBERS if one.follows is not None)
"""Those that move `changed_at`."""

SUMMED: tuple[Number, ...] = tuple(one for one in NUMBERS if one.in_totals == "sum")
"""Those that add up over customers."""

AVERAGED: tuple[Number, ...] = tuple(one for one in NUMBERS if one.in_totals is not None)
"""Those whose mean over customers says something; those that add up are among them."""


def _number(name: str) -> Number:
    return next(one for one in NUMBERS if one.name == name)


def moved(publishing: Publishing) -> NDArray[np.bool_]:
    """Tell who moved by more than is tolerated since they last did, and who is new.

    Whom a campaign holds out, or no longer, moved too: whoever copies lists has to know.
    """
    since = ~publishing.last.known
    since = since | _is_another(publishing.held_out_until, publishing.last.held_out_until)
    for one in FOLLOWED:
        assert one.follows is not None
        was = publishing.last.values[one.compared_with]
        since = since | one.follows.exceeded(_as_published(one, publishing), was)
    return since


def _is_another(now: NDArray[np.datetime64], was: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    another: NDArray[np.bool_] = (now != was) & ~(np.isnat(now) & np.isnat(was))
    return another


def _as_published(one: Number, publishing: Publishing) -> Column:
    """Return the column with the digits that are published: what it will be compared with."""
    column = one.array(publishing)
    return np.round(column, one.kind.places) if isinstance(one.kind, Quantity) else column
