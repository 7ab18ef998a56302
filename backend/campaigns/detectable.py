"""What a campaign of a certain size can show: said before it starts, so that nobody is fooled.

It rests on what customers like the audience did in an earlier window of the same length, reckoned
with in `usual_outcome`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from backend.campaigns.arm_sums import WindowOutcomes
from backend.campaigns.limited_spend import limited, spend_limit
from backend.campaigns.strata import strata_of
from backend.campaigns.usual_outcome import UsualOutcome
from backend.core.arrays import FloatArray, IntArray
from backend.results.campaign import ArmSizes, Detectable, Goal, TooSmall

# Fewer were not looked at: see docs/campaigns.md.
LEAST_BUYERS = 20
# What only more than doubling would show is left to luck.
LARGEST_GROWTH = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierWindow:
    """Customers like the audience, in a window of the campaign's length that is over.

    They stand for the audience, and so they are to be who the audience is *as of that window's
    start*: who is chosen by what they did in it (the lapsed, say) would tell of that instead.
    `look_alikes` finds some.

    Attributes
    ----------
    outcomes
        What they did; `forecast` as of the window's start.
    segments
        Of each, as of the window's start; None of who was in none, or where it is not known.
    forecast_known
        Whether `forecast` is one that was made as of then.
    """

    outcomes: WindowOutcomes
    segments: Sequence[str | None]
    forecast_known: bool


def look_alikes(forecast: FloatArray, earlier_forecast: FloatArray) -> IntArray:
    """Return for each customer one whose forecast then was as theirs is now.

    Parameters
    ----------
    forecast
        The audience's, shape (customers,), currency units within the window.
    earlier_forecast
        Of the shop's customers as of an earlier window's start, shape (others,), not empty.

    Returns
    -------
    IntArray
        Shape (customers,): positions among the others; who have the same forecast take turns.
    """
    order = np.argsort(earlier_forecast, kind="stable")
    ranked = earlier_forecast[order]
    first = np.searchsorted(ranked, forecast, side="left")
    alike = np.searchsorted(ranked, forecast, side="right") - first
    turn = np.arange(len(forecast)) % np.maximum(alike, 1)
    chosen: IntArray = order[np.minimum(first + turn, len(order) - 1)]
    return chosen


def detectable(earlier: EarlierWindow, *, audience: int, share: float) -> Detectable:
    """Return what a campaign would show with 80 % power at 5 %.

    Parameters
    ----------
    earlier
        Customers like the audience; at least one.
    audience
        Customers whom the campaign is to be drawn from.
    share
        Of them that are held out, in (0, 1).
    """
    held_out = round(audience * share)
    sizes = ArmSizes(treated=audience - held_out, held_out=held_out)
    limit = spend_limit(earlier.outcomes.spend)
    outcomes = replace(earlier.outcomes, spend=limited(earlier.outcomes.spend, limit))
    strata = strata_of(earlier.segments, outcomes.forecast, share)
    buying = UsualOutcome.buying(outcomes.bought, strata)
    spending = UsualOutcome.spending(outcomes.spend, strata)
    adjusted = spending.left_by(outcomes, strata) if earlier.forecast_known else None
    return Detectable(
        audience=sizes,
        usual_buying_share=buying.mean,
        usual_spend=spending.mean,
        spend_limit=limit,
        smallest_buyers_effect=_possible(buying.smallest_effect(sizes), 1 - buying.mean),
        smallest_spend_effect=spending.smallest_effect(sizes),
        smallest_adjusted_spend_effect=adjusted.smallest_effect(sizes) if adjusted else None,
        customers_for_buyers=buying.customers_wanted(share),
        customers_for_spend=spending.customers_wanted(share),
        customers_for_adjusted_spend=adjusted.customers_wanted(share) if adjusted else None,
    )


def below_sense(seen: Detectable, goal: Goal) -> TooSmall | None:
    """Return why a campaign is not worth starting; None where it is."""
    if seen.usual_buying_share * min(seen.audience.treated, seen.audience.held_out) < LEAST_BUYERS:
        return TooSmall.FEW_BUYERS
    if goal is Goal.BUYERS:
        usual, effect = seen.usual_buying_share, seen.smallest_buyers_effect
    else:
        usual, effect = seen.usual_spend, _least(seen)
    if effect is None or effect > LARGEST_GROWTH * usual:
        return TooSmall.ONLY_DOUBLING
    return None


def _least(seen: Detectable) -> float | None:
    adjusted = seen.smallest_adjusted_spend_effect
    return seen.smallest_spend_effect if adjusted is None else adjusted


def _possible(effect: float | None, most: float) -> float | None:
    return None if effect is None or effect > most else effect
