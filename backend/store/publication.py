"""What one run publishes: customers in columns, segments in rows, moves, names, lineage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from numpy.typing import NDArray

from backend.core.arrays import BoolArray
from backend.core.customer_id import CustomerIds, CustomerIdType
from backend.core.glossary import Departure
from backend.forecast.explainer import Explainer
from backend.results.customer_numbers import moved
from backend.results.move import SegmentEvent
from backend.results.publishing import CustomerColumns, LastTold, Publishing
from backend.results.run_report import RunReport
from backend.results.segment import Segment
from backend.scoring.scoring_model import ScoringModel
from backend.segments.segment_model import SegmentModel
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

    def rows(self, chosen: BoolArray) -> "SegmentMoves":
        """Return some of the moves."""
        return SegmentMoves(**{one.name: getattr(self, one.name)[chosen] for one in fields(self)})


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

    @property
    def customer_id_type(self) -> CustomerIdType:
        """What the shop's ids are."""
        return CustomerIds(self.customers.customer_id).kind

    def publishing(self, at: datetime, last: LastTold) -> Publishing:
        """Return the customers as they are published now, beside what was told before."""
        this = Publishing(
            customers=self.customers,
            segments=self.segments,
            run_id=self.run_id,
            as_of=self.as_of,
            at=at,
            last=last,
            moved=~last.known,
        )
        return replace(this, moved=moved(this))
