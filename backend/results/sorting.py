"""How a list of customers is sorted, and where in it a page begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from backend.core.errors import UnknownField
from backend.results.customer_numbers import SHOWN
from backend.results.declared import Number

Sortable = Decimal | float | int | str | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Sorting:
    """By which number customers are sorted; ties by id, in the same direction.

    Attributes
    ----------
    by
        The number; None: the id.
    descending
        The highest first. Unknown numbers come last all the same.
    """

    by: Number | None
    descending: bool

    @classmethod
    def parse(cls, text: str) -> Sorting:
        """Read `ltv` or, for the highest first, `-ltv`.

        Raises
        ------
        UnknownField
            When a profile has no such number.
        """
        name = text.removeprefix("-")
        by = None if name == "customer_id" else number_shown_as(name)
        return cls(by, text.startswith("-"))


def number_shown_as(name: str) -> Number:
    """Return the number that a profile shows under this name, or that has it in the table.

    Raises
    ------
    UnknownField
        When there is none.
    """
    for one in SHOWN:
        if name in {one.shown_as, one.name}:
            return one
    raise UnknownField(name)


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A customer's place in a list: the next page begins after it.

    Attributes
    ----------
    value
        What the list is sorted by; None among those of whom it is unknown.
    customer_id
        As our table holds it.
    """

    value: Sortable
    customer_id: int | str
