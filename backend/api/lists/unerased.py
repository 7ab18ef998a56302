"""What is left of a long list without those who are erased while it is given."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from backend.core.customer_id import CustomerId
from backend.files.list_files import in_csv
from backend.results.customer_numbers import CustomerNumbers


@dataclass(frozen=True, slots=True)
class Unerased:
    """Keeps who is not erased; nobody is looked at where nobody was erased meanwhile.

    Attributes
    ----------
    erased
        Since the list began: who was erased before is not in it.
    """

    erased: frozenset[CustomerId]

    def customers(self, listed: Sequence[CustomerNumbers]) -> Sequence[CustomerNumbers]:
        """Return those of them who are not erased."""
        if not self.erased:
            return listed
        return [one for one in listed if one.customer_id not in self.erased]

    def rows(self, piece: bytes) -> bytes:
        """Return those rows of a CSV whose customers are not erased; each begins with the id."""
        if not self.erased:
            return piece
        rows = csv.reader(io.StringIO(piece.decode(), newline=""))
        return in_csv([row for row in rows if not self._has_any(row[0])]).encode()

    def _has_any(self, cell: str) -> bool:
        # Whose id would be a formula has an apostrophe ahead of it. Of two who are written alike
        # both are left out, rather than neither.
        written = {CustomerId(cell), CustomerId(cell.removeprefix("'"))}
        return not self.erased.isdisjoint(written)
