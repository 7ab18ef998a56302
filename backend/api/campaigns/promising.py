"""What a campaign can show, from the shop's own orders: said before it starts.

Customers of a sample are scored as they stood one window ago, by the model of the run that is
served, and what they bought since is counted. See docs/decisions/0028-what-a-draft-is-told-by.md.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from backend.api.customers.fresh import scorer_of
from backend.api.state import ApiState
from backend.campaigns.arm_sums import WindowOutcomes
from backend.campaigns.detectable import (
    LEAST_BUYERS,
    EarlierWindow,
    below_sense,
    detectable,
    look_alikes,
)
from backend.core.arrays import BoolArray, FloatArray
from backend.core.errors import CampaignBelowSense
from backend.core.typed_cells import instant64
from backend.database.engine import snapshot
from backend.database.failures import OURS
from backend.results.campaign import Detectable, TooSmall
from backend.results.campaign_life import CampaignWanted
from backend.results.customer_filter import CustomerFilter
from backend.scoring.readings import Readings
from backend.scoring.score import score
from backend.scoring.scoring_model import ScoringModel
from backend.shop.orders_of_some import read_orders_of
from backend.store.campaign_members import (
    count_already_held_out,
    read_audience_values,
    sample_ids,
)
from backend.store.campaign_rows import CampaignPromised

# More would take longer than a person waits; variances of so many are known to a few per cent.
MOST_LOOKED_AT = 5000


@dataclass(frozen=True, slots=True)
class _Window:
    """Customers of a shop one window ago; arrays of shape (customers,)."""

    outcomes: WindowOutcomes
    segments: NDArray[np.object_]
    forecast_known: bool

    def like(self, forecast: FloatArray) -> EarlierWindow:
        """Return for each of an audience one who was then as they are now."""
        chosen = look_alikes(forecast, self.outcomes.forecast)
        outcomes = WindowOutcomes(
            bought=self.outcomes.bought[chosen],
            spend=self.outcomes.spend[chosen],
            forecast=self.outcomes.forecast[chosen],
        )
        segments = self.segments[chosen].tolist()
        return EarlierWindow(
            outcomes=outcomes, segments=segments, forecast_known=self.forecast_known
        )


@dataclass(frozen=True, slots=True)
class Past:
    """What customers of a shop did in a window that is over.

    Attributes
    ----------
    window
        None where the shop's orders do not go back far enough.
    """

    window: _Window | None

    def promise(self, wanted: CampaignWanted, forecast: FloatArray) -> Detectable:
        """Say what a campaign can show, of those of whom so much is expected.

        Raises
        ------
        CampaignBelowSense
            When it could show nothing that is worth waiting for.
        """
        if not len(forecast):
            raise _below_sense(TooSmall.FEW_BUYERS, wanted, audience=0, buyers_expected=0)
        if self.window is None:
            reason, audience = TooSmall.SHORT_PAST, len(forecast)
            raise _below_sense(reason, wanted, audience=audience, buyers_expected=None)
        earlier = self.window.like(forecast)
        promise = detectable(earlier, audience=len(forecast), share=wanted.holdout_share)
        _refuse_below_sense(promise, wanted)
        return promise


async def promised(
    state: ApiState, wanted: CampaignWanted, chosen: CustomerFilter
) -> CampaignPromised:
    """Say what a campaign can show, of the customers who could be drawn now.

    Raises
    ------
    CampaignBelowSense
        When it could show nothing that is worth waiting for.
    NoRunPublished, NoScoringModel
        When nothing is known of anybody yet.
    DatabaseUnavailable
        When one of the databases does not answer.
    """
    past = await look_back(state, wanted)
    async with snapshot(state.file_engine, OURS) as connection:
        forecast = await read_audience_values(connection, chosen)
        already_held_out = await count_already_held_out(connection, chosen)
    promise = await asyncio.to_thread(past.promise, wanted, forecast)
    return CampaignPromised(promise, already_held_out)


async def look_back(state: ApiState, wanted: CampaignWanted) -> Past:
    """Look at what customers did in the last window of a campaign's length.

    Raises
    ------
    NoRunPublished, NoScoringModel
        When nothing is known of anybody yet.
    DatabaseUnavailable
        When one of the databases does not answer.
    """
    scorer, published = await scorer_of(state)
    now = max(state.as_of or state.now(), published.as_of)
    async with snapshot(state.file_engine, OURS) as connection:
        sample = await sample_ids(connection, most=MOST_LOOKED_AT)
    orders = (
        await read_orders_of(state.shop_engine, state.shop, sample, state.order_reads)
    ).before(now)
    readings = Readings(
        customer_ids=np.array([one.text for one in sample], dtype=object),
        customer_index=orders.customer_index,
        created_at=orders.created_at,
        amount_micros=orders.amount_micros,
        baskets=None,
        was=np.full(len(sample), None, dtype=object),
    )
    began = now - timedelta(days=wanted.promised_days)
    if np.count_nonzero(_had_ordered(readings, began)) < LEAST_BUYERS:
        return Past(None)
    return Past(await asyncio.to_thread(_window, scorer.model, readings, began))


def _window(model: ScoringModel, readings: Readings, began: datetime) -> _Window:
    """Score customers as of a window's beginning, and count what they bought in it.

    Who first ordered in it was nobody's customer then, as far as orders tell.
    """
    scored = score(model, readings, began)
    was_customer = _had_ordered(readings, began) | ~_ordered(readings)
    within = readings.created_at >= instant64(began)
    amounts, customers = readings.amount_micros[within] / 1e6, len(readings.customer_ids)
    spend = np.bincount(readings.customer_index[within], amounts, minlength=customers).astype(float)
    outcomes = WindowOutcomes(
        bought=spend > 0, spend=spend, forecast=np.nan_to_num(scored.forecast.predicted_value)
    )
    return _Window(
        outcomes.only(was_customer), scored.placed.ids[was_customer], model.forecast is not None
    )


def _had_ordered(readings: Readings, instant: datetime) -> BoolArray:
    before = readings.created_at < instant64(instant)
    had: BoolArray = (
        np.bincount(readings.customer_index[before], minlength=len(readings.customer_ids)) > 0
    )
    return had


def _ordered(readings: Readings) -> BoolArray:
    ordered: BoolArray = (
        np.bincount(readings.customer_index, minlength=len(readings.customer_ids)) > 0
    )
    return ordered


def _refuse_below_sense(promise: Detectable, wanted: CampaignWanted) -> None:
    if (reason := below_sense(promise, wanted.goal)) is None:
        return
    audience = promise.audience
    smaller = min(audience.treated, audience.held_out)
    raise _below_sense(
        reason,
        wanted,
        audience=audience.treated + audience.held_out,
        buyers_expected=promise.usual_buying_share * smaller,
    )


def _below_sense(
    reason: TooSmall, wanted: CampaignWanted, *, audience: int, buyers_expected: float | None
) -> CampaignBelowSense:
    return CampaignBelowSense(
        reason,
        audience=audience,
        buyers_expected=buyers_expected,
        needed=LEAST_BUYERS,
        window_days=wanted.promised_days,
    )
