"""Boxes: the shape of segments, so that each can be said as "from … to …".

A segment is one box in the space of its branch, or several that were united.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from backend.core.arrays import FloatArray, JsonNumbers


@dataclass(frozen=True, eq=False, slots=True)
class Boxes:
    """Boxes that tile the space of a branch, and the segment that each belongs to.

    Attributes
    ----------
    low, high
        Shape (boxes, axes), their bounds; infinite where a box is open.
    ids
        Shape (boxes,), the segment of each.
    """

    low: Annotated[FloatArray, JsonNumbers(null=-np.inf)]
    high: Annotated[FloatArray, JsonNumbers(null=np.inf)]
    ids: tuple[str, ...]

    @property
    def segments(self) -> tuple[str, ...]:
        """Ids of the segments, each once."""
        return tuple(dict.fromkeys(self.ids))

    def distances(self, points: FloatArray) -> FloatArray:
        """Return the distance of each point to each of `segments`, (n, segments); 0 inside."""
        squared = np.zeros((len(self.ids), len(points)))
        for axis, at in enumerate(points.T):
            outside = np.maximum(self.low[:, axis, None] - at, at - self.high[:, axis, None])
            squared += np.maximum(outside, 0, out=outside) ** 2
        to_box = np.sqrt(squared, out=squared)
        mine = [[one == segment for one in self.ids] for segment in self.segments]
        return np.column_stack([to_box[places].min(axis=0) for places in mine])
