"""What one run publishes: customers in columns, segments in rows, moves, names, lineage."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import BoolArray
from backend.core.customer_id import CustomerIds, CustomerIdType
from backend.core.glossary import Departure
from backend.core.typed_cells import instant64
from backend.forecast.explainer import Explainer
from backend.results.campaign_life import CountedAnswer
from backend.results.customer_numbers import moved
from backend.results.move import SegmentEvent
from backend.results.publishing import (
    CUSTOMERS_PER_PART,
    CustomerColumns,
    LastTold,
    Publishing,
    SegmentLabel,
)
from backend.results.run_report import RunReport
from backend.results.segment import Segment
from backend.scoring.scoring_model import ScoringModel
from backend.segments.segment_model import SegmentModel
from backend.store.segment_counts import counted_more
from backend.store.tombstones import Erasures

GivenBy = Literal["person", "model"]


@dataclass(frozen=True, slots=True)
class GivenName:
    """A name that stays with a segment's id; without a description the rule's holds."""

    name: str
    description: str | None
    given_by: GivenBy


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentMoves:
    """Who changed segment; arrays of shape (moves,), ids as in the shop, None for no segment."""

    customer_id: NDArray[Any]
    from_segment_id: NDArray[Any]
    to_segment_id: NDArray[Any]
    cause: NDArray[Any]

    def parts(self) -> Iterator["SegmentMoves"]:
        """Give some moves after others: columns of text take much room while they are written."""
        for start in range(0, len(self.customer_id), CUSTOMERS_PER_PART):
            yield self.rows(slice(start, start + CUSTOMERS_PER_PART))

    def rows(self, chosen: BoolArray | slice) -> "SegmentMoves":
        """Return some of the moves."""
        return SegmentMoves(**{one.name: getattr(self, one.name)[chosen] for one in fields(self)})

    def joined(self, others: "SegmentMoves") -> "SegmentMoves":
        """Return these moves, and others after them."""
        each = {
            one.name: np.concatenate([getattr(self, one.name), getattr(others, one.name)])
            for one in fields(self)
        }
        return SegmentMoves(**each)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Everything one run publishes.

    Attributes
    ----------
    scoring
        What scores customers between runs, the borders of `model` among it.
    departures
        Why customers are there no longer who were, by id as text.
    erasures
        Who was erased when the run read the shop; who is erased since is left out too.
    row_as_of
        Shape (customers,), datetime64[us]: what each row describes, where some are of later than
        `as_of`; else None.
    campaign_answers
        What campaigns brought, as far as the run's orders tell, by their ids.
    other_labels
        Segments that the run found nobody in, and that somebody is in since.
    """

    run_id: str
    token: str
    as_of: datetime
    customers: CustomerColumns
    segments: Sequence[Segment]
    moves: SegmentMoves
    lineage: Sequence[SegmentEvent]
    new_names: Mapping[str, GivenName]
    report: RunReport
    explainer: Explainer | None
    model: SegmentModel | None
    scoring: ScoringModel | None = None
    retention: timedelta
    departures: Mapping[str, Departure] = field(default_factory=dict)
    erasures: Erasures = field(default_factory=Erasures)
    row_as_of: NDArray[np.datetime64] | None = None
    campaign_answers: Mapping[str, CountedAnswer] = field(default_factory=dict)
    other_labels: Sequence[SegmentLabel] = ()

    @property
    def labels(self) -> Sequence[SegmentLabel]:
        """What the segments of its customers are called."""
        return (*self.segments, *self.other_labels)

    def noting(self, notes: Iterable[str]) -> "Publication":
        """Return the same with notes ahead of those of its report."""
        report = replace(self.report, notes=(*notes, *self.report.notes))
        return replace(self, report=report)

    @property
    def each_as_of(self) -> NDArray[np.datetime64]:
        """The instant that each row describes."""
        alike = np.full(len(self.customers.customer_id), instant64(self.as_of))
        return alike if self.row_as_of is None else self.row_as_of

    def counted_moved(self, moves: Iterable[tuple[str | None, str]]) -> "Publication":
        """Count customers where they are and no longer where they were, in groups above too."""
        more = counted_more(moves, {one.id: one.parent_id for one in self.segments})
        segments = [
            replace(one, customer_count=one.customer_count + more[one.id]) for one in self.segments
        ]
        return replace(self, segments=segments)

    @property
    def customer_id_type(self) -> CustomerIdType:
        """What the shop's ids are."""
        return CustomerIds(self.customers.customer_id).kind

    def publishing(
        self, at: datetime, last: LastTold, held_out_until: NDArray[np.datetime64]
    ) -> Publishing:
        """Return the customers as they are published now, beside what was told before.

        `held_out_until` is as `Publishing` has it.
        """
        this = Publishing(
            customers=self.customers,
            segments=self.labels,
            run_id=self.run_id,
            as_of=self.each_as_of,
            at=at,
            last=last,
            moved=~last.known,
            held_out_until=held_out_until,
        )
        return replace(this, moved=np.concatenate([moved(part) for part in this.parts()]))
