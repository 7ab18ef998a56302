"""What a customer's id is: every reader, table and route asks here.

An id is its text. A shop that numbers its customers writes them in decimal, so 7 in a column of
integers and "7" in a column of text are one customer, and "007", "+7", "7.0", "-0" and digits of
other scripts are not that customer. Texts are compared character by character: case, accents and
blanks tell them apart.

The ids of a shop are kept as 64-bit integers where all of them are such, else as text; so numbers
from 2⁶³ on, which MySQL's BIGINT UNSIGNED has, make them text. What our own tables could not keep
is nobody's id: an empty text, one longer than 255 characters, one with a NUL or half a character.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import distinct

CustomerIdType = Literal["integer", "text"]

LONGEST_ID = 255
UNKNOWN = -1
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,19}")
UNKEEPABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class CustomerId:
    """One customer's id.

    Attributes
    ----------
    text
        1 to 255 characters; `parse` sees to it.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what somebody wrote, of any length; None where it can be nobody's id."""
        return cls(text) if _is_id(text) else None

    @property
    def number(self) -> int | None:
        """The integer that is written so, of at most twenty digits; None for any other text."""
        return int(self.text) if DECIMAL.fullmatch(self.text) else None

    def stored_as(self, kind: CustomerIdType) -> int | str | None:
        """Return what a column of this type holds for the id; None where it cannot hold it."""
        if kind == "text":
            return self.text
        number = self.number
        fits = number is not None and SMALLEST_INTEGER <= number <= LARGEST_INTEGER
        return number if fits else None

    def __str__(self) -> str:
        """Return the id as it is shown."""
        return self.text


@dataclass(frozen=True)
class CustomerIds:
    """Ids in bulk, such as all customers of a shop.

    Attributes
    ----------
    values
        Shape (customers,), ascending, each once: int64, or str as objects by code points.
    """

    values: NDArray[Any]

    @classmethod
    def of(cls, ids: NDArray[Any]) -> Self:
        """Put ids, in any order and some of them more than once, in order."""
        return cls(distinct(ids))

    @property
    def kind(self) -> CustomerIdType:
        """How they are kept."""
        return "text" if self.values.dtype == object else "integer"

    def places_of(self, keys: NDArray[Any]) -> NDArray[np.int64]:
        """Return where each key stands among the ids, `UNKNOWN` where it does not.

        Parameters
        ----------
        keys
            Shape (rows,), int64, or str and None as objects; of either type, whatever the ids are.
        """
        if self.kind == "integer" and keys.dtype != object:
            return self._places_of_integers(keys)
        place, texts = self._place_of_text, as_text(keys).tolist()
        return np.fromiter((place.get(text, UNKNOWN) for text in texts), np.int64, len(texts))

    def _places_of_integers(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        if not len(self.values):
            return np.full(len(keys), UNKNOWN)
        places = np.minimum(np.searchsorted(self.values, keys), len(self.values) - 1)
        return np.where(self.values[places] == keys, places, UNKNOWN)

    @cached_property
    def _place_of_text(self) -> dict[str, int]:
        return {text: place for place, text in enumerate(as_text(self.values).tolist())}


def are_ids(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which values of a column are ids; it has int64, or str and None as objects."""
    if column.dtype != object:
        return np.ones(len(column), dtype=bool)
    return np.array([text is not None and _is_id(text) for text in column.tolist()], dtype=bool)


def as_text(ids: NDArray[Any]) -> NDArray[Any]:
    """Return ids as texts, shape and order as they are."""
    return ids if ids.dtype == object else ids.astype(str).astype(object)


def _is_id(text: str) -> bool:
    return 0 < len(text) <= LONGEST_ID and not UNKEEPABLE.search(text)
