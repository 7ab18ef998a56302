"""Who is in which segment, and what the published run left behind."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backend.results.clustering import ClusteringReport
from backend.segments.clustering_notes import ClusteringNote
from backend.segments.habit_evidence import HabitScale
from backend.segments.placing import Placed
from backend.segments.segment_model import SegmentModel

Refit = Literal["auto", "now", "force"]


Ids = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the published run left behind.

    Attributes
    ----------
    model
        Its borders; None where it had none.
    ids
        Shape (customers,), where each customer of today was; None for who was not known.
    as_of
        The instant it described.
    """

    model: SegmentModel | None
    ids: Ids
    as_of: np.datetime64 | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership(Placed):
    """Who is in which segment, and why.

    Attributes
    ----------
    moved_by_model
        Shape (customers,), whether a customer is elsewhere than the standing model puts them.
    model
        Borders to keep for the next run; None where nothing was clustered.
    habits
        What of the habits' evidence only the whole shop can tell; None likewise.
    report
        What the options did, and what became of a refit.
    notes
        What a person should know of it.
    """

    moved_by_model: NDArray[np.bool_]
    model: SegmentModel | None
    habits: HabitScale | None
    report: ClusteringReport
    notes: tuple[ClusteringNote, ...]
