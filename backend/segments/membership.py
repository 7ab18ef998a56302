"""Who is in which segment, and what the published run left behind."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import FloatArray
from backend.results.clustering import ClusteringReport
from backend.segments.clustering_notes import ClusteringNote
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
class Membership:
    """Who is in which segment.

    Attributes
    ----------
    ids
        Shape (customers,), segment ids.
    confidence
        Shape (customers,), in [0, 1]; share of refits on resampled customers in which such a
        customer keeps the segment. NaN without orders, or where nothing was clustered, or nobody
        was in the customer's branch then.
    margin
        Shape (customers,), distance to the nearest border; NaN likewise.
    moved_by_model
        Shape (customers,), whether a customer is elsewhere than the standing model puts them.
    model
        Borders to keep for the next run; None where nothing was clustered.
    report
        What the options did, and what became of a refit.
    notes
        What a person should know of it.
    """

    ids: Ids
    confidence: FloatArray
    margin: FloatArray
    moved_by_model: NDArray[np.bool_]
    model: SegmentModel | None
    report: ClusteringReport
    notes: tuple[ClusteringNote, ...]
