"""Results as they are stored: JSON with the number of its format, and every format read for ever.

A text is upgraded step by step to the newest format before it becomes a value. A field that is
added with a default needs no new format; whatever else changes gets one step more, and a text of
the format before becomes a fixture of the tests.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from backend.core.errors import DamagedResult, FormatOfTheFuture
from backend.forecast.explainer import Explainer
from backend.results.campaign import CampaignAnswer, Detectable
from backend.results.run_report import RunReport
from backend.results.segment import Segment
from backend.results.served_sums import ServedSums
from backend.scoring.scoring_model import ScoringModel
from backend.segments.segment_model import SegmentModel
from backend.store import upgrades

T = TypeVar("T")
Json = dict[str, Any]


@dataclass(frozen=True)
class StoredKind(Generic[T]):
    """One kind of stored result.

    Attributes
    ----------
    what
        What it is called to people.
    result
        Its type.
    steps
        The first takes format 1 to 2, the next 2 to 3; there is one format more than steps.
    names
        Numbers of formats that had names instead.
    """

    what: str
    result: type[T]
    steps: tuple[Callable[[Json], Json], ...] = ()
    names: Mapping[str, int] | None = None

    @property
    def newest(self) -> int:
        """The format that is written."""
        return len(self.steps) + 1

    def write(self, value: T, *, without: frozenset[str] = frozenset()) -> str:
        """Return the value as JSON, but for the fields that are stored elsewhere."""
        told = self._adapter.dump_python(value, mode="json", exclude=set(without))
        return json.dumps({"format": self.newest, **told})

    def read(self, text: str, *, beside: Mapping[str, object] | None = None) -> T:
        """Return the value that a text of any format holds.

        Parameters
        ----------
        text
            As `write` left it, in this version or an earlier one.
        beside
            Fields that are stored elsewhere.

        Raises
        ------
        FormatOfTheFuture
            When a newer version wrote it.
        DamagedResult
            When it is not as any version wrote it.
        """
        try:
            stored: Json = {**json.loads(text), **(beside or {})}
            for step in self.steps[self._format(stored) - 1 :]:
                stored = step(stored)
            return self._adapter.validate_python(stored)
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedResult(self.what) from error

    def _format(self, stored: Json) -> int:
        """Return the number of a text's format; the first one had none."""
        named = stored.pop("format", 1)
        number = (self.names or {}).get(named, named)
        if number not in range(1, self.newest + 1):
            raise FormatOfTheFuture(self.what, str(named), self.newest)
        return int(number)

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self.result)


REPORT = StoredKind("report", RunReport, (upgrades.report_with_all_its_parts,))
EXPLAINER = StoredKind("explainer", Explainer)
SEGMENT = StoredKind("segment", Segment, (upgrades.segment_with_a_rule,))
MODEL = StoredKind(
    "segmentation",
    SegmentModel,
    (upgrades.centres_to_boxes, upgrades.centres_to_boxes, upgrades.as_it_is),
    {"anchored-1": 1, "anchored-2": 2, "boxes-1": 3},
)
SCORING = StoredKind("scoring model", ScoringModel)
PROMISE = StoredKind("promise of a campaign", Detectable)
ANSWER = StoredKind("answer of a campaign", CampaignAnswer)
SUMS = StoredKind("sums", ServedSums)
# The borders between segments have a column of their own, which runs before had too.
BORDERS = frozenset({"segments"})
# What a segment's row has columns for; the rest of it is its profile.
SEGMENT_COLUMNS = frozenset(
    {
        "id",
        "parent_id",
        "is_group",
        "level",
        "name",
        "description",
        "customer_count",
        "avg_ltv",
        "churn_risk_avg",
    }
)


def read_model(text: str) -> SegmentModel | None:
    """Return a segmentation; None where its borders are of a kind that has to be learnt anew.

    Raises
    ------
    FormatOfTheFuture
        When a newer version wrote it.
    """
    try:
        return MODEL.read(text)
    except upgrades.NoWayUp:
        return None


def write_profile(segment: Segment) -> str:
    """Return what of a segment has no column of its own."""
    return SEGMENT.write(segment, without=SEGMENT_COLUMNS)


def read_segment(row: Mapping[Any, Any]) -> Segment:
    """Return the segment that a row of `segments` holds.

    Raises
    ------
    FormatOfTheFuture
        When a newer version wrote it.
    """
    return SEGMENT.read(row["profile"], beside={name: row[name] for name in SEGMENT_COLUMNS})


def write_scoring(model: ScoringModel) -> str:
    """Return a scoring model without the borders between segments, which are stored beside it."""
    return SCORING.write(model, without=BORDERS)


def read_scoring(text: str, borders: str | None) -> ScoringModel:
    """Return the scoring model that a run's row holds in two columns.

    Raises
    ------
    FormatOfTheFuture
        When a newer version wrote it.
    DamagedResult
        When it is not as any version wrote it.
    """
    segments = None if borders is None else read_model(borders)
    return SCORING.read(text, beside={"segments": segments})
