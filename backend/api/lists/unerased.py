"""What is left of a long list without those who are erased."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from backend.core.customer_id import CustomerId
from backend.core.secret_keys import Marker
from backend.files.list_files import in_csv
from backend.results.customer_numbers import CustomerNumbers


@dataclass(frozen=True, slots=True)
class Unerased:
    """Keeps who has no tombstone; nobody is looked at where none stands.

    Attributes
    ----------
    marker
        Marks customers as the tombstones do.
    marks
        The tombstones that stand.
    """

    marker: Marker
    marks: frozenset[str]

    def customers(self, listed: Sequence[CustomerNumbers]) -> Sequence[CustomerNumbers]:
        """Return those of them who are not erased."""
        if not self.marks:
            return listed
        return [one for one in listed if not self._has(one.customer_id)]

    def rows(self, piece: bytes) -> bytes:
        """Return those rows of a CSV whose customers are not erased; each begins with the id."""
        if not self.marks:
            return piece
        rows = csv.reader(io.StringIO(piece.decode(), newline=""))
        return in_csv([row for row in rows if not self._has_any(row[0])]).encode()

    def _has_any(self, cell: str) -> bool:
        # Whose id would be a formula has an apostrophe ahead of it. Of two who are written alike
        # both are left out, rather than neither.
        return any(map(self._has, {CustomerId(cell), CustomerId(cell.removeprefix("'"))}))

    def _has(self, customer_id: CustomerId) -> bool:
        return not self.marks.isdisjoint(self.marker.marks(customer_id))
