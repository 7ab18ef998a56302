"""The borders between segments, kept from one run to the next."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.modelling.segmentation.behaviour import Behaviour, FloatArray
from backend.modelling.segmentation.space import Space
from backend.modelling.segmentation.vocabulary import BRANCHES, WHOLE, Branch, id_of

FORMAT = "anchored-1"


@dataclass(frozen=True, slots=True)
class StandingModel:
    """Where the centres are, and which segment each belongs to.

    Attributes
    ----------
    space
        Turns behaviour into coordinates.
    centres
        By branch, shape (prototypes, 1 or 2); a branch too small to cluster has none.
    ids
        By branch, the segment of each prototype.
    """

    space: Space
    centres: dict[Branch, FloatArray]
    ids: dict[Branch, tuple[str, ...]]

    @property
    def segment_ids(self) -> frozenset[str]:
        """Ids of all segments that this model knows."""
        return frozenset(identity for ids in self.ids.values() for identity in ids)

    def assign(self, behaviour: Behaviour) -> NDArray[Any]:
        """Return the segment id of each customer with orders."""
        assigned = np.full(len(behaviour), "", dtype=object)
        for branch in BRANCHES:
            mine = behaviour.in_branch(branch)
            assigned[mine] = self._assign_branch(behaviour.of(mine), branch)
        return assigned

    def _assign_branch(self, behaviour: Behaviour, branch: Branch) -> NDArray[Any]:
        if branch not in self.centres:
            return np.full(len(behaviour), id_of(WHOLE[branch]), dtype=object)
        points = self.space.coordinates(behaviour, branch)
        # Exactly k-means' own rule: the nearest centre.
        distance = ((points[:, None, :] - self.centres[branch][None, :, :]) ** 2).sum(axis=2)
        chosen: NDArray[Any] = np.array(self.ids[branch], dtype=object)[distance.argmin(axis=1)]
        return chosen

    def as_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON values."""
        return {
            "format": FORMAT,
            "space": self.space.as_dict(),
            "centres": {branch: centres.tolist() for branch, centres in self.centres.items()},
            "ids": {branch: list(ids) for branch, ids in self.ids.items()},
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "StandingModel | None":
        """Read what `as_dict` wrote; None where another version of it did."""
        if stored.get("format") != FORMAT:
            return None
        return cls(
            Space.from_dict(stored["space"]),
            {branch: np.array(stored["centres"][branch]) for branch in stored["centres"]},
            {branch: tuple(stored["ids"][branch]) for branch in stored["ids"]},
        )
