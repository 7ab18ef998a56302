"""Points to draw: some customers in the space that segments live in, without their ids."""

from typing import Any

import numpy as np

from backend.modelling.history import OrderHistory
from backend.modelling.segmentation.behaviour import behaviour_of
from backend.modelling.segmentation.segment import Membership
from backend.modelling.segmentation.space import VALUE_WEIGHT

MOST_POINTS = 400


def picture(membership: Membership, history: OrderHistory) -> list[dict[str, Any]]:
    """Return a sample of repeat customers: activity, value in spreads, and segment of each.

    Empty where nothing was clustered.
    """
    if membership.model is None:
        return []
    repeat = behaviour_of(history)
    repeat = repeat.of(repeat.in_branch("repeat"))
    if len(repeat) > MOST_POINTS:
        chosen = np.random.default_rng(0).choice(len(repeat), MOST_POINTS, replace=False)
        repeat = repeat.of(np.sort(chosen))
    points = membership.model.space.coordinates(repeat, "repeat")
    ids = membership.ids[repeat.customer].tolist()
    return [
        {"activity": round(activity, 3), "value": round(value / VALUE_WEIGHT, 3), "segment": one}
        for (activity, value), one in zip(points.tolist(), ids, strict=True)
    ]
