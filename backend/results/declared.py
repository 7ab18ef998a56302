"""How a number of a customer is declared: its kind, its words, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import BoolArray
from backend.core.typed_cells import TypedCells, decimals
from backend.results.publishing import Publishing

Column = NDArray[Any]
"""Shape (customers,): numbers with NaN, texts as objects with None, or datetime64[us] with NaT."""

AT_CHANGE = "_at_change"
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class ToldInCells:
    """What a kind makes of a column: it takes exact cells as they are."""

    def cells(self, column: Column | TypedCells) -> TypedCells:
        """Return the column as it is stored."""
        return column if isinstance(column, TypedCells) else self.rounded(column)

    def rounded(self, column: Column) -> TypedCells:
        """Return what is stored of a column that may say more."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Quantity(ToldInCells):
    """A decimal number, at least 0.

    Attributes
    ----------
    digits, places
        Decimal digits in all, and those behind the point.
    most
        The highest value there can be; None where there is no bound.
    """

    digits: int
    places: int
    most: float | None = None

    def rounded(self, column: Column) -> TypedCells:
        """Round floats to the places."""
        return decimals(column, self.places)


@dataclass(frozen=True, slots=True)
class Count(ToldInCells):
    """A whole number, at least 0."""

    def rounded(self, column: Column) -> TypedCells:
        """Cut fractions off: a day counts when it is over."""
        numbers = np.asarray(column, dtype=float)
        known = ~np.isnan(numbers)
        return TypedCells(np.where(known, numbers, 0).astype(np.int64), known)


@dataclass(frozen=True, slots=True)
class Real(ToldInCells):
    """A binary floating point number, at least 0.

    Attributes
    ----------
    places
        Decimal places kept, which single precision holds; None keeps all that a double does.
    """

    places: int | None = None

    def rounded(self, column: Column) -> TypedCells:
        """Round to the places."""
        known = ~np.isnan(column)
        if self.places is None:
            return TypedCells(column, known)
        return TypedCells(decimals(column, self.places).values / 10**self.places, known)


@dataclass(frozen=True, slots=True)
class Label(ToldInCells):
    """Text of at most so many characters.

    Attributes
    ----------
    is_free
        Whether people write it, so that it may be anything; others are words of ours.
    """

    length: int
    is_free: bool = False

    def rounded(self, column: Column) -> TypedCells:
        """Take it as it is."""
        return TypedCells.of_texts(column)


@dataclass(frozen=True, slots=True)
class Instant(ToldInCells):
    """A moment, aware, in UTC.

    Attributes
    ----------
    printed
        Whether the guide prints it as TIMESTAMP, which MySQL keeps in whole seconds.
    """

    printed: bool = False

    def rounded(self, column: Column) -> TypedCells:
        """Take it as it is."""
        return TypedCells(column, ~np.isnat(column))


@dataclass(frozen=True, slots=True)
class Flag(ToldInCells):
    """True, false or unknown."""


Kind = Quantity | Count | Real | Label | Instant | Flag

MONEY = Quantity(18, 2)
CHANCE = Quantity(5, 4, most=1)
EXPECTED_COUNT = Quantity(12, 4)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """By how much a number moves before a follower has to copy it.

    Attributes
    ----------
    least
        At least so much, in the unit of the number.
    share
        And at least this share of the value at the last move.
    """

    least: float
    share: float = 0.0

    def exceeded(self, now: Column, was: Column) -> BoolArray:
        """Tell who moved; to become known, or unknown, is a move."""
        bound = np.maximum(self.least, self.share * np.abs(was)) - ROUNDING
        moved: BoolArray = (np.abs(now - was) >= bound) | (np.isnan(now) != np.isnan(was))
        return moved


@dataclass(frozen=True, slots=True)
class AnyChange:
    """Whatever is different is a move."""

    def exceeded(self, now: Column, was: Column) -> BoolArray:
        """Tell whose is another."""
        return np.asarray(now != was, dtype=bool)


Source = Callable[[Publishing], Column | TypedCells]
InTotals = Literal["sum", "mean"]
"""What of a number a list of customers tells: its sum and its mean, or its mean alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number of a customer, or a word or an instant, with all that is to be said of it.

    Attributes
    ----------
    name
        Of the field and of the column.
    kind
        What it is made of; decides the column's type and the JSON's.
    meaning
        What it says, in the words of docs, OpenAPI and the column's comment.
    unit
        What it is counted in; empty for words.
    null_when
        When it is unknown; None where it is always known.
    of
        Where it comes from.
    example
        As the documentation shows it.
    shown_as
        Its name in a profile, dots between levels; None where only we look at it.
    follows
        By how much it moves before `changed_at` does; None where it has no say.
    filled
        Whether every row has it, so that its column is NOT NULL.
    in_totals
        Whether a list of customers has a sum of it, or a mean alone; None: neither.
    """

    kind: Kind
    meaning: str
    of: Source
    example: Any
    name: str = ""
    unit: str = ""
    null_when: str | None = None
    shown_as: str | None = None
    follows: Tolerance | AnyChange | None = None
    filled: bool = False
    in_totals: InTotals | None = None

    @property
    def description(self) -> str:
        """All that the API's documentation says of it."""
        unit = f"; unit: {self.unit}" if self.unit else ""
        return self.meaning + unit + (f"; null when: {self.null_when}" if self.null_when else "")

    def array(self, publishing: Publishing) -> Column:
        """Return where it comes from, of a number that `changed_at` or we reckon with."""
        column = self.of(publishing)
        assert not isinstance(column, TypedCells)
        return column

    @property
    def compared_with(self) -> str:
        """The column that holds what it is compared with: the value at the last move."""
        return self.name + AT_CHANGE if isinstance(self.follows, Tolerance) else self.name


def number(
    kind: Kind,
    meaning: str,
    *,
    of: Source,
    example: Any = None,
    unit: str = "",
    null_when: str | None = "no_orders",
    shown_as: str | None = "",
    follows: Tolerance | AnyChange | None = None,
    filled: bool = False,
    in_totals: InTotals | None = None,
) -> Any:
    """Declare a field of `CustomerNumbers`; see `Number`.

    `shown_as` is the field's own name unless another is given.
    """
    declared = Number(
        kind=kind,
        meaning=meaning,
        of=of,
        example=example,
        unit=unit,
        null_when=null_when,
        shown_as=shown_as,
        follows=follows,
        filled=filled,
        in_totals=in_totals,
    )
    return field(metadata={"number": declared})
