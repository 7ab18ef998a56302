"""Ranges of customer ids: whose rows are read together, in SQL."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, and_, literal, true

from backend.core.customer_id import CustomerIdType
from backend.database.expressions import as_text, exact, has_no_id
from backend.database.kinds import Kind

Bound = int | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdRange:
    """All ids above one and up to another, in the order in which ids are kept.

    Attributes
    ----------
    kind
        What the shop's ids are.
    after, up_to
        The bounds; None: there is none. Who has no id at all is in the range without `after`.
    """

    kind: CustomerIdType
    after: Bound = None
    up_to: Bound = None

    def holds(self, dialect: str, column: ColumnElement[Any], kind: Kind) -> ColumnElement[bool]:
        """Return the condition that a column's id is in the range.

        Parameters
        ----------
        dialect
            The database's name.
        column, kind
            The ids, and what they are there; integers, unless the range is of texts.
        """
        value = column if self.kind == "integer" else _sorted(dialect, column, kind)
        above = true() if self.after is None else value > self._bound(dialect, self.after)
        below = true() if self.up_to is None else value <= self._bound(dialect, self.up_to)
        return and_(above, below)

    def holds_or_nobody(
        self, dialect: str, column: ColumnElement[Any], kind: Kind
    ) -> ColumnElement[bool]:
        """Return the same, and that the column names nobody where the range begins nowhere."""
        inside = self.holds(dialect, column, kind)
        return inside if self.after is not None else inside | has_no_id(dialect, column, kind)

    def _bound(self, dialect: str, bound: int | str) -> ColumnElement[Any]:
        if self.kind == "integer":
            return literal(int(bound))
        return exact(dialect, literal(str(bound), String()))


def _sorted(dialect: str, column: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
    """Return an id as a text that is compared by code points, as ids of text are sorted."""
    words = as_text(dialect, column, kind)
    return words.collate("C") if dialect == "postgresql" else exact(dialect, words)
