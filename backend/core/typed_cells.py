"""Columns on their way into a table: typed arrays beside which of their values are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import BoolArray, FloatArray, IntArray

DOUBTFUL_SPACINGS = 4.0
MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class TypedCells:
    """One column; arrays of shape (rows,).

    Attributes
    ----------
    values
        int64, float64, bool, datetime64[us] in UTC, or str as objects; anything where unknown.
    known
        Which of them are; the others are NULL.
    places
        Of decimal numbers, which are whole `values` of the unit of their last place; else None.
    """

    values: NDArray[Any]
    known: BoolArray
    places: int | None = None

    def as_python(self) -> list[Any]:
        """Return the values as a driver takes them, decimals and aware instants; None unknown."""
        known = zip(self.values.tolist(), self.known.tolist(), strict=True)
        return [self._python(value) if is_known else None for value, is_known in known]

    def _python(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC)
        return value if self.places is None else Decimal(value).scaleb(-self.places)

    @classmethod
    def of_texts(cls, texts: NDArray[Any]) -> "TypedCells":
        """Take str and None as objects."""
        return cls(texts, np.asarray(texts != None, dtype=bool))  # noqa: E711, one by one

    @classmethod
    def of_integers(cls, numbers: Sequence[int | None]) -> "TypedCells":
        """Take whole numbers of 64 bits, and None where one is unknown."""
        known = np.array([number is not None for number in numbers], dtype=bool)
        return cls(np.array([number or 0 for number in numbers], dtype=np.int64), known)

    @classmethod
    def alike(cls, value: Any, rows: int) -> "TypedCells":
        """Say the same in every row."""
        told = instant64(value) if isinstance(value, datetime) else value
        dtype = object if isinstance(value, str) else None
        return cls(np.full(rows, told, dtype=dtype), np.ones(rows, dtype=bool))


def instant64(moment: datetime) -> np.datetime64:
    """Return an aware moment as arrays hold it."""
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")


def decimals(column: FloatArray, places: int) -> TypedCells:
    """Round floats, NaN unknown, to decimal places as Python formats them: half to even, exactly.

    Where multiplying may have hidden on which side of a half a number is, Python is asked.
    """
    known = ~np.isnan(column)
    numbers = np.where(known, column, 0.0)
    scaled = numbers * 10**places
    doubtful = _may_be_a_half(scaled)
    if not doubtful.any():  # as with most customers who are scored alone
        return TypedCells(np.rint(scaled).astype(np.int64), known, places)
    values = np.rint(np.where(doubtful, 0.0, scaled)).astype(np.int64)
    values[doubtful] = [_exactly(one, places) for one in numbers[doubtful].tolist()]
    return TypedCells(values, known, places)


def _exactly(number: float, places: int) -> int:
    """Round one number; what 64 bits do not hold no column holds either, and is refused there."""
    return min(int(Decimal(f"{number:.{places}f}").scaleb(places)), MOST)


def _may_be_a_half(scaled: FloatArray) -> BoolArray:
    from_half = np.abs(scaled - np.floor(scaled) - 0.5)
    return np.asarray(from_half <= DOUBTFUL_SPACINGS * np.spacing(np.abs(scaled)))


def divided(number: IntArray, by: IntArray | int) -> IntArray:
    """Divide whole numbers by positive ones, to the nearest whole number, a half to the even."""
    quotient, rest = np.divmod(number, by)
    is_odd = quotient % 2 == 1
    up = (2 * rest > by) | ((2 * rest == by) & is_odd)
    return np.asarray(quotient + up, dtype=np.int64)
