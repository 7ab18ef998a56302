"""A row of a list: a profile, or the fields of it that were asked for; flat for a file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from backend.api.customers.shape import Shape
from backend.core.errors import UnknownField
from backend.files.list_files import FileColumn
from backend.results.customer_numbers import SHOWN, CustomerNumbers, in_json
from backend.results.declared import Label
from backend.shop.customers import Customer
from backend.store.lists import Listed

TEXT = Label(255, is_free=True)
ID, PERSON = "customer_id", ("email", "first_name", "last_name")
UNKNOWN = (None,) * len(PERSON)
ATTRIBUTES: Mapping[str, str] = {str(one.shown_as): one.name for one in SHOWN}
FIELDS: tuple[str, ...] = (ID, *PERSON, *ATTRIBUTES)
"""All that a row may have, dots between levels, in a profile's order."""


@dataclass(frozen=True)
class Columns:
    """The fields that are asked for, in a profile's order."""

    names: tuple[str, ...]

    @classmethod
    def parse(cls, names: Sequence[str]) -> "Columns":
        """Read the names of fields; the id is always one of them, and none given are all.

        Raises
        ------
        UnknownField
            When a profile has no such field.
        """
        asked = {field for name in names for field in _fields(name)} if names else set(FIELDS)
        return cls(tuple(one for one in FIELDS if one == ID or one in asked))

    @property
    def need_the_shop(self) -> bool:
        """Whether names or e-mails are among them."""
        return not set(PERSON).isdisjoint(self.names)

    @property
    def in_tables(self) -> list[str]:
        """The same by the names of our columns and of the shop's."""
        return [ATTRIBUTES.get(name, name) for name in self.names]

    @property
    def of_file(self) -> list[FileColumn]:
        """The same as columns of a file: dots become _."""
        kinds = {str(one.shown_as): one.kind for one in SHOWN}
        return [FileColumn(one.replace(".", "_"), kinds.get(one, TEXT)) for one in self.names]

    def values(self, numbers: CustomerNumbers, person: Customer | None) -> list[Any]:
        """Return a customer's, in order and exact; of who left the shop no name is known."""
        told: list[Any] = [str(numbers.customer_id)]
        told += [None if person is None else getattr(person, name) for name in self._of_person]
        told += [getattr(numbers, name) for name in self._of_numbers]
        return told

    def row(self, listed: Listed, person: Customer | None) -> dict[str, Any]:
        """Return a customer's in the shape of a profile."""
        words = UNKNOWN if person is None else (person.email, person.first_name, person.last_name)
        all_fields = (listed.customer_id.text, *words, *listed.shown)
        return self._shape.filled([all_fields[at] for at in self._places])

    # Worked out once for all rows: most of what a page took was taking names apart.
    @cached_property
    def _of_person(self) -> list[str]:
        return [name for name in self.names if name in PERSON]

    @cached_property
    def _of_numbers(self) -> list[str]:
        return [ATTRIBUTES[name] for name in self.names if name in ATTRIBUTES]

    @cached_property
    def _places(self) -> list[int]:
        """Where they are among all fields."""
        return [FIELDS.index(name) for name in self.names]

    @cached_property
    def _shape(self) -> Shape:
        return Shape.of(self.names)


def _fields(name: str) -> Iterable[str]:
    """Return the field of this name, or all of an object of this name."""
    found = [one for one in FIELDS if one == name or one.startswith(f"{name}.")]
    if not found:
        raise UnknownField(name)
    return found


def as_shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by the names under which a profile shows their numbers."""
    named = {one.name: str(one.shown_as) for one in SHOWN}
    return {named[name]: in_json(value) for name, value in values.items()}
