"""Names for the arrays that the models pass around, and how they are written as JSON.

The classes below hold what pydantic asks an annotation for; they do not need it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
INSTANTS_AT_ONCE = 500_000


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Return each value once, ascending.

    As `np.unique` does; that one hashes whole numbers, which of a million took twenty times as
    long as to sort them.
    """
    ascending = np.sort(values)
    is_new = np.ones(len(ascending), dtype=bool)
    is_new[1:] = ascending[1:] != ascending[:-1]
    found: NDArray[Any] = ascending[is_new]
    return found


def are_distinct(values: NDArray[Any]) -> bool:
    """Tell whether no value is there twice; those that ascend already are not sorted for it."""
    if (values[1:] > values[:-1]).all():
        return True
    ascending = np.sort(values)
    return bool((ascending[1:] != ascending[:-1]).all())


def counted_by(instants: NDArray[np.datetime64], unit: str) -> tuple[NDArray[Any], IntArray]:
    """Return the hours (h), months (M) … that instants are in, ascending, and how many are in each.

    Many instants are looked at a part at a time.
    """
    parts = [
        np.unique(part.astype(f"datetime64[{unit}]"), return_counts=True)
        for part in np.array_split(instants, 1 + len(instants) // INSTANTS_AT_ONCE)
    ]
    found, counts = map(np.concatenate, zip(*parts, strict=True))
    each, place = np.unique(found, return_inverse=True)
    return each, np.bincount(place, counts, len(each)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class JsonNumbers:
    """Stores an array as lists, or a number that may be infinite.

    Attributes
    ----------
    null
        What null stands for: an infinity, which JSON has no number for.
    """

    null: float = np.nan

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return _stored(self._read, self._write)

    def _read(self, stored: float | Sequence[Any] | None) -> Any:
        values = np.array(stored, dtype=np.float64)
        known = np.where(np.isnan(values), self.null, values)
        return known if known.ndim else float(known)

    def _write(self, values: FloatArray | float) -> Any:
        return _finite(np.asarray(values).tolist())


@dataclass(frozen=True, slots=True)
class JsonIntegers:
    """Stores an array of whole numbers as lists."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return _stored(_integers, np.ndarray.tolist)


@dataclass(frozen=True, slots=True)
class JsonInstant:
    """Stores numpy's instant as ISO 8601."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return _stored(_instant, str)


def _stored(read: Callable[[Any], Any], write: Callable[[Any], Any]) -> dict[str, Any]:
    return {
        "type": "function-plain",
        "function": {"type": "no-info", "function": read},
        "serialization": {"type": "function-plain", "function": write},
    }


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return value if np.isfinite(value) else None


def _integers(stored: Sequence[Any]) -> IntArray:
    return np.array(stored, dtype=np.int64)


def _instant(text: str) -> np.datetime64:
    return np.datetime64(text)


StoredFloats = Annotated[FloatArray, JsonNumbers()]
StoredInts = Annotated[IntArray, JsonIntegers()]
StoredInstant = Annotated[np.datetime64, JsonInstant()]
