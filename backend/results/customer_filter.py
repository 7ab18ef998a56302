"""Who is in a list of customers: each condition declared once, for the API, commands and SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum, auto
from typing import Any

from backend.core.glossary import HeldOut


class Comparison(Enum):
    """How a condition compares a customer's number with what is asked for."""

    ONE_OF = auto()
    AT_LEAST = auto()
    AT_MOST = auto()
    BEFORE = auto()
    """Strictly earlier."""
    SINCE = auto()
    """At this instant or later."""
    HELD_OUT = auto()
    """Included, left out, or alone: those who have the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of a list. Who has no such number does not meet it.

    Attributes
    ----------
    name
        Of the field, of the API's parameter and of the command's option.
    of
        The declared number that is compared; for groups and moves, what is looked for there.
    comparison
        How.
    meaning
        What customers meet it, as documentation says.
    example
        What may be asked for.
    """

    of: str
    comparison: Comparison
    meaning: str
    example: str | float
    name: str = ""


GROUP, MOVED_AT = "group", "moved_at"


def condition(of: str, comparison: Comparison, meaning: str, example: str | float) -> Any:
    """Declare a field of `CustomerFilter`; see `Condition`."""
    told = Condition(of=of, comparison=comparison, meaning=meaning, example=example)
    default: tuple[()] | None = () if comparison is Comparison.ONE_OF else None
    return field(default=default, metadata={"condition": told})


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    """What all customers of a list have in common; conditions that are not given say nothing."""

    segment: tuple[str, ...] = condition(
        "archetype_id", Comparison.ONE_OF, "In one of these segments, by id", "high_value_repeat"
    )
    group: tuple[str, ...] = condition(
        GROUP,
        Comparison.ONE_OF,
        "In a segment of one of these groups, by the group's id",
        "one_time",
    )
    status: tuple[str, ...] = condition(
        "status", Comparison.ONE_OF, "Of one of these statuses", "scored"
    )
    min_churn_risk: Decimal | None = condition(
        "churn_risk", Comparison.AT_LEAST, "churn_risk at least so high", 0.4
    )
    max_churn_risk: Decimal | None = condition(
        "churn_risk", Comparison.AT_MOST, "churn_risk at most so high", 0.8
    )
    min_ltv: Decimal | None = condition("ltv", Comparison.AT_LEAST, "ltv at least so high", 500.0)
    max_ltv: Decimal | None = condition("ltv", Comparison.AT_MOST, "ltv at most so high", 2000.0)
    min_predicted_value: Decimal | None = condition(
        "predicted_value", Comparison.AT_LEAST, "predicted_value at least so high", 100.0
    )
    min_value_at_risk: Decimal | None = condition(
        "value_at_risk", Comparison.AT_LEAST, "value_at_risk at least so high", 20.0
    )
    min_frequency: int | None = condition(
        "frequency", Comparison.AT_LEAST, "At least so many counted orders", 2
    )
    max_recency_days: int | None = condition(
        "recency_days", Comparison.AT_MOST, "At most so many days since the last counted order", 90
    )
    ordered_before: datetime | None = condition(
        "last_order_at", Comparison.BEFORE, "Whose last counted order is earlier", "2024-01-01"
    )
    first_ordered_since: datetime | None = condition(
        "first_order_at",
        Comparison.SINCE,
        "Whose first counted order is this instant or later",
        "2024-03-01",
    )
    first_ordered_before: datetime | None = condition(
        "first_order_at", Comparison.BEFORE, "Whose first counted order is earlier", "2024-04-01"
    )
    next_order_before: datetime | None = condition(
        "next_order_p50",
        Comparison.BEFORE,
        "Whose next order is more likely than not earlier",
        "2024-07-01",
    )
    moved_since: datetime | None = condition(
        MOVED_AT,
        Comparison.SINCE,
        "Who went from one segment to another at this instant or later",
        "2024-05-01",
    )
    changed_since: datetime | None = condition(
        "changed_at",
        Comparison.SINCE,
        "Whose changed_at is this instant or later",
        "2024-05-31T22:00:00+02:00",
    )
    held_out: HeldOut | None = condition(
        "held_out_until",
        Comparison.HELD_OUT,
        "Those whom a campaign holds out: include (unless said), exclude, or only them",
        "exclude",
    )

    @property
    def left_out(self) -> CustomerFilter | None:
        """Who would be in the list were they not held out; None where nobody is left out."""
        if self.held_out is not HeldOut.EXCLUDE:
            return None
        return replace(self, held_out=HeldOut.ONLY)

    def given(self) -> Iterator[tuple[Condition, Any]]:
        """Return the conditions that say something, each with what it asks for."""
        for one in CONDITIONS:
            if (asked := getattr(self, one.name)) not in ((), None, HeldOut.INCLUDE):
                yield one, asked


CONDITIONS: tuple[Condition, ...] = tuple(
    replace(one.metadata["condition"], name=one.name) for one in fields(CustomerFilter)
)
"""Every condition, in the order in which documentation shows them."""
