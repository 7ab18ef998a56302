"""A list as PostgreSQL writes it to a file: the same bytes as `files/list_files.py` makes.

What is compared by a text is compared in the collation C.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    case,
    cast,
    func,
    literal,
    null,
    type_coerce,
)

from backend.core.customer_id import DECIMAL, CustomerIdType
from backend.results.customer_filter import CustomerFilter
from backend.results.customer_numbers import NUMBERS
from backend.results.declared import Flag, Instant, Kind, Label
from backend.results.sorting import ListPlace, Sorting
from backend.store.lists import whole
from backend.store.tables import customer_intelligence

Column = ColumnElement[Any]
IDS = customer_intelligence.c.customer_id
SECONDS, MICROS = 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'
# What begins with one is no formula, in every encoding; asked first, it takes a tenth off a file.
LETTERS = "A", "{"
KINDS = {one.name: one.kind for one in NUMBERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenList:
    """How a list is written.

    Attributes
    ----------
    names
        Of the columns: `customer_id`, of numbers, and of `people`.
    people
        Who is in the shop, by `customer_id`; None where nobody's name is to be told.
    ids
        Of which type ours are.
    formula_starts
        What no text may begin with, as far as the database can hold it.
    """

    names: Sequence[str]
    people: FromClause | None
    ids: CustomerIdType
    formula_starts: Sequence[str]

    def statement(
        self,
        chosen: CustomerFilter,
        sorting: Sorting,
        after: ListPlace | None,
        told: ColumnElement[bool],
    ) -> Select[Any]:
        """Return a statement whose rows are the list from a place on; else as `lists.whole`."""
        cells = [self._cell(name).label(f"cell_{at}") for at, name in enumerate(self.names)]
        listed = whole(chosen, sorting, after, told)
        return listed.with_only_columns(*cells).select_from(self._source)

    @property
    def _source(self) -> FromClause:
        if self.people is None:
            return customer_intelligence
        theirs = self.people.c.customer_id
        are_integers = self.ids == "integer" and isinstance(theirs.type, Integer)
        ours = IDS if are_integers else self._id_as_text.collate("C")
        return customer_intelligence.outerjoin(self.people, ours == theirs)

    @property
    def _id_as_text(self) -> ColumnElement[str]:
        return type_coerce(IDS, String()) if self.ids == "text" else cast(IDS, String())

    def _cell(self, name: str) -> Column:
        if name == "customer_id":
            return IDS if self.ids == "integer" else self._no_formula(self._id_as_text)
        if (kind := KINDS.get(name)) is not None:
            return self._number(customer_intelligence.c[name], kind)
        if self.people is None:
            return cast(null(), String())
        return self._no_formula(self.people.c[name])

    def _number(self, column: Column, kind: Kind) -> Column:
        match kind:
            case Label(is_free=True):
                return self._no_formula(column)
            case Instant():
                return _instant(column)
            case Flag():
                return cast(column, String())
        return column

    def _no_formula(self, value: ColumnElement[str]) -> Column:
        plain = value.collate("C")
        begins = func.left(plain, 1).in_(self.formula_starts)
        is_formula = begins & ~plain.regexp_match(f"^({DECIMAL.pattern})$")
        # An empty text would be quoted, an unknown one is not; a file has one for both.
        return case(
            ((plain >= LETTERS[0]) & (plain < LETTERS[1]), plain),
            (is_formula, literal("'", String()).concat(plain)),
            else_=func.nullif(plain, ""),
        )


def _instant(column: Column) -> Column:
    is_whole = func.date_trunc("second", column) == column
    return case((is_whole, func.to_char(column, SECONDS)), else_=func.to_char(column, MICROS))
