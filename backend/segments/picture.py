"""Points to draw: some customers in the space that segments live in, without their ids."""

from collections.abc import Iterator

import numpy as np

from backend.core.arrays import FloatArray
from backend.results.clustering import PicturePoint
from backend.segments.buyers import Behaviour
from backend.segments.membership import Membership
from backend.segments.segment_model import SegmentModel
from backend.segments.space import VALUE_WEIGHT
from backend.segments.vocabulary import Branch

MOST_POINTS: dict[Branch, int] = {"repeat": 400, "one_time": 150}


# Enough to be drawn by, and too little to be recognised by.
DIGITS_OF_SPEND = 2


def picture(
    membership: Membership, buyers: Behaviour, spent: FloatArray
) -> tuple[PicturePoint, ...]:
    """Return a sample of customers with orders; empty where nothing was clustered.

    Parameters
    ----------
    membership
        Who is in which segment.
    buyers
        How customers with orders behave.
    spent
        Shape (customers,), currency units so far.
    """
    if membership.model is None:
        return ()
    return tuple(
        PicturePoint(
            activity=activity,
            value=value,
            segment=str(membership.ids[customer]),
            recency_days=recency_days,
            spent=float(f"{spent[customer]:.{DIGITS_OF_SPEND}g}"),
        )
        for branch, most in MOST_POINTS.items()
        for customer, activity, value, recency_days in _points(
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
) -> Iterator[tuple[int, float, float | None, float]]:
    """Yield customer, activity, value and recency; one-time buyers differ in no value."""
    places = model.space.coordinates(customers, branch)
    activity = places[:, 0].round(3).tolist()
    recency_days = customers.recency_days.round(1).tolist()
    value = [None] * len(activity)
    if branch == "repeat":
        value = (places[:, 1] / VALUE_WEIGHT).round(3).tolist()
    return zip(customers.customer.tolist(), activity, value, recency_days, strict=True)
