"""The address of a list: what is asked for, as it was written, and the lists beside it."""

from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from backend.api.lists.list_query import ListQuery
from backend.results.customer_filter import CONDITIONS, Comparison
from backend.web.entrance import APP

LIST = f"{APP}/customers"
SEARCH, CURSOR, FIELDS, SORT, TOTALS = "q", "cursor", "fields", "sort", "totals"
SEVERAL = {FIELDS, *(one.name for one in CONDITIONS if one.comparison is Comparison.ONE_OF)}
"""What may be given more than once, or several by comma."""


@dataclass(frozen=True, slots=True)
class ListAddress:
    """What the address of a list says; fields of a form that were left empty say nothing.

    Attributes
    ----------
    items
        Names and values, in their order; names may come again.
    """

    items: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, params: QueryParams) -> Self:
        """Read what a browser asks for."""
        written = ((name, value.strip()) for name, value in params.multi_items())
        return cls(tuple((name, value) for name, value in written if value))

    def words(self, name: str) -> list[str]:
        """Return what is said under a name, each of several by itself."""
        said = [value for one, value in self.items if one == name]
        parts = (part.strip() for value in said for part in value.split(","))
        return [part for part in parts if part] if name in SEVERAL else said

    def last(self, name: str) -> str:
        """Return what is said under a name, the last of several; "" where nothing is."""
        return next((value for one, value in reversed(self.items) if one == name), "")

    def without(self, *names: str) -> "ListAddress":
        """Leave out what is said under these names."""
        return ListAddress(tuple(one for one in self.items if one[0] not in names))

    def saying(self, name: str, value: str) -> str:
        """Return the address of the same list with one thing said otherwise."""
        return ListAddress((*self.without(name).items, (name, value))).path

    @property
    def path(self) -> str:
        """The address itself."""
        return self.below(LIST)

    def path_of_file(self, kind: str) -> str:
        """Where the whole list is a file: "csv" or "xlsx"."""
        return self.below(f"{LIST}/{kind}")

    @property
    def query(self) -> ListQuery:
        """The same as the API is asked.

        Raises
        ------
        ValidationError
            When something of it is unknown, or out of range.
        """
        asked: dict[str, Any] = {}
        for name, value in self.without(SEARCH).items:
            asked[name] = self.words(name) if name in SEVERAL else value
        return ListQuery.model_validate(asked)

    def below(self, path: str) -> str:
        """Return another path that is asked the same."""
        return f"{path}?{urlencode(self.items)}" if self.items else path
