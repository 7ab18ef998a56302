"""Windows of the real shops that campaigns are made up in: who was known, and what they did."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from backend.campaigns.arm_sums import WindowOutcomes
from backend.campaigns.limited_spend import spend_limit
from backend.campaigns.strata import strata_of
from backend.core.arrays import BoolArray, FloatArray, IntArray
from backend.forecast.learn.predict import forecast
from backend.segments.buyers import behaviour_of
from backend.segments.learn.night import segment
from backend.segments.options import ClusteringOptions
from backend.wording.segment_names import guarded_name
from bench.shops import Shop, load


@dataclass(frozen=True, slots=True)
class Scene:
    """Customers known at a date and the window after it, arrays of shape (customers,).

    Attributes
    ----------
    shop
        Whose.
    segments
        Of each by id, at the date.
    outcomes
        What they did in the window; `forecast` as of the date.
    limit
        What a customer's spend counts for at most, from the window before the date.
    """

    shop: str
    segments: NDArray[np.str_]
    outcomes: WindowOutcomes
    limit: float

    def only(self, chosen: BoolArray) -> Scene:
        """Return some of its customers."""
        return replace(self, segments=self.segments[chosen], outcomes=self.outcomes.only(chosen))

    def strata(self, share: float) -> IntArray:
        """Return what a draw of so many held out would be balanced by."""
        return strata_of(list(self.segments), self.outcomes.forecast, share)


def scene(name: str, date: str, window_days: int) -> Scene:
    """Learn a shop as of a date, and look at the days after it."""
    shop = load(name).counted()
    ids, history = shop.history(date)
    learnt = forecast(history, value_horizon_days=window_days)
    member = segment(history, behaviour_of(history), ClusteringOptions(), ids, naming=guarded_name)
    known = history.frequency > 0
    start, days = np.datetime64(date), np.timedelta64(window_days, "D")
    orders, spend = _between(shop, ids, start, start + days)
    limit = spend_limit(_between(shop, ids, start - days, start)[1])
    if limit is None:
        raise ValueError(f"nobody bought before {date}")
    outcomes = WindowOutcomes(
        bought=orders > 0, spend=spend, forecast=np.nan_to_num(learnt.predicted_value)
    )
    return Scene(name, np.asarray(member.ids, dtype=np.str_), outcomes, limit).only(known)


def _between(
    shop: Shop, ids: NDArray[np.int64], start: np.datetime64, end: np.datetime64
) -> tuple[FloatArray, FloatArray]:
    """Return orders and spend of each customer."""
    inside = (shop.created_at >= start) & (shop.created_at < end)
    row = np.searchsorted(ids, shop.customer_id[inside])
    orders = np.bincount(row, minlength=len(ids)).astype(np.float64)
    return orders, np.bincount(row, shop.amount[inside], minlength=len(ids)).astype(np.float64)
