"""Points to draw: some customers in the space that segments live in, without their ids."""

from collections.abc import Iterator

import numpy as np

from backend.results.clustering import PicturePoint
from backend.segments.buyers import Behaviour
from backend.segments.membership import Membership
from backend.segments.segment_model import SegmentModel
from backend.segments.space import VALUE_WEIGHT
from backend.segments.vocabulary import Branch

MOST_POINTS: dict[Branch, int] = {"repeat": 400, "one_time": 150}


def picture(membership: Membership, buyers: Behaviour) -> tuple[PicturePoint, ...]:
    """Return a sample of customers with orders; empty where nothing was clustered."""
    if membership.model is None:
        return ()
    return tuple(
        PicturePoint(activity=activity, value=value, segment=str(membership.ids[customer]))
        for branch, most in MOST_POINTS.items()
        for customer, activity, value in _points(
            membership.model, _some(buyers, branch, most), branch
        )
    )


def _some(buyers: Behaviour, branch: Branch, most: int) -> Behaviour:
    rows = np.flatnonzero(buyers.in_branch(branch))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
    return buyers.of(rows)


def _points(
    model: SegmentModel, customers: Behaviour, branch: Branch
) -> Iterator[tuple[int, float, float | None]]:
    """Yield customer, activity and value; that tells nothing apart among one-time buyers."""
    places = model.space.coordinates(customers, branch)
    activity = places[:, 0].round(3).tolist()
    value = [None] * len(activity)
    if branch == "repeat":
        value = (places[:, 1] / VALUE_WEIGHT).round(3).tolist()
    return zip(customers.customer.tolist(), activity, value, strict=True)
