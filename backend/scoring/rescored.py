"""Customers scored between runs, as they may be published."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import BoolArray, IntArray
from backend.core.typed_cells import instant64
from backend.results.customer_numbers import moved
from backend.results.publishing import CustomerColumns, LastTold, Publishing, SegmentLabel


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescored:
    """What the model of a run says of some customers at a later instant.

    Attributes
    ----------
    run_id
        The run.
    as_of
        The instant, aware.
    customers
        Those customers, in any order.
    segments
        What their segments are called.
    """

    run_id: str
    as_of: datetime
    customers: CustomerColumns
    segments: Sequence[SegmentLabel]

    @property
    def segment_ids(self) -> NDArray[Any]:
        """Return the segment of each customer, str as objects."""
        ids = np.array([one.id for one in self.segments], dtype=object)
        found: NDArray[Any] = ids[self.customers.segment]
        return found

    def rows(self, chosen: BoolArray | IntArray) -> "Rescored":
        """Return some of the customers."""
        return replace(self, customers=self.customers.rows(chosen))

    def told(self, at: datetime, last: LastTold) -> Publishing:
        """Return the customers beside what was published of them, as if none had moved since."""
        return Publishing(
            customers=self.customers,
            segments=self.segments,
            run_id=self.run_id,
            as_of=np.full(len(self.customers.customer_id), instant64(self.as_of)),
            at=at,
            last=last,
            moved=~last.known,
            held_out_until=last.held_out_until,
        )

    def publishing(self, at: datetime, last: LastTold) -> Publishing:
        """Return the customers as they are published at an instant."""
        told = self.told(at, last)
        return replace(told, moved=moved(told))
