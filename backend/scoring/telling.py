"""Scores as profiles have them, named by the segments that are served."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from backend.results.customer_numbers import FOLLOWED, SHOWN, Shown
from backend.results.declared import Number
from backend.results.publishing import LastTold, Publishing, SegmentLabel
from backend.scoring.readings import Readings
from backend.scoring.rescored import Rescored
from backend.scoring.score import score
from backend.scoring.scoring_model import ScoringModel
from backend.segments.vocabulary import level_of

Naming = Callable[[str], str]
# What is not published has no instant of that, and none at which it moved.
OF_PUBLICATIONS = {"updated_at", "changed_at"}
COMPARED = [one.compared_with for one in FOLLOWED]


@dataclass(frozen=True, slots=True)
class RuleLabel:
    """What is said of a segment that the run found nobody in."""

    id: str
    name: str
    level: int


@dataclass(frozen=True, slots=True)
class Scorer:
    """The model of a run, and what its segments are called.

    Attributes
    ----------
    run_id
        The run.
    model
        What it has learnt.
    segments
        Those that are served.
    naming
        What a segment is called that is none of these.
    """

    run_id: str
    model: ScoringModel
    segments: Sequence[SegmentLabel]
    naming: Naming

    def shown(self, readings: Readings, as_of: datetime) -> list[Shown]:
        """Score customers, and tell their numbers as profiles do, in the order of the readings."""
        nothing = LastTold.nothing(len(readings.customer_ids), COMPARED)
        told = self.rescored(readings, as_of).told(as_of, nothing)
        columns = [_told(one, told) for one in SHOWN]
        return [*zip(*columns, strict=True)]

    def rescored(self, readings: Readings, as_of: datetime) -> Rescored:
        """Score customers, in the order of the readings."""
        scored = score(self.model, readings, as_of)
        labels = self._labels(scored.placed.ids.tolist())
        places = {label.id: place for place, label in enumerate(labels)}
        return Rescored(
            run_id=self.run_id, as_of=as_of, customers=scored.columns(places), segments=labels
        )

    def _labels(self, ids: Sequence[str]) -> list[SegmentLabel]:
        served = {one.id for one in self.segments}
        others = sorted({*ids} - served)
        more = (RuleLabel(one, self.naming(one), level_of(one)) for one in others)
        return [*chain(self.segments, more)]


def _told(number: Number, told: Publishing) -> Sequence[Any]:
    """Return a number of all customers, as JSON has it."""
    if number.name in OF_PUBLICATIONS:
        return [None] * len(told)
    cells = number.kind.cells(number.of(told))
    values = cells.values if cells.places is None else cells.values / 10**cells.places
    known = zip(values.tolist(), cells.known.tolist(), strict=True)
    return [_in_utc(value) if is_known else None for value, is_known in known]


def _in_utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
