"""What boosting sees of a customer at a cut-off: rhythm, money, and activity that fades.

Every feature is known at the cut-off. Undefined ones (the gap between orders of somebody who
ordered once) are NaN, which the trees take as a kind of its own. Counts in windows of 14 to 365
days, more ratios, and the lifetime models' own scores were tried beside these and earned nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.behaviour.history import PurchaseDays
from backend.core.arrays import FloatArray

HALF_LIVES_DAYS = (30, 90, 365)
Columns = dict[str, FloatArray]


@dataclass(frozen=True, slots=True)
class Features:
    """A named matrix, shape (buyers, features), one row per buyer in order of customer."""

    names: tuple[str, ...]
    values: NDArray[np.float32]


def describe(days: PurchaseDays, shop_spend_per_day: float) -> Features:
    """Return the features of each buyer.

    Parameters
    ----------
    days
        Purchase days known at the cut-off.
    shop_spend_per_day
        The shop's mean spend per purchase day: makes money comparable over time.
    """
    own = _Purchases(days)
    columns = {**_rhythm(own), **_money(own, shop_spend_per_day), **_activity(own)}
    values = np.column_stack([*columns.values()]).astype(np.float32)
    return Features(tuple(columns), values)


class _Purchases:
    """Purchase days grouped by buyer, with what several features need."""

    def __init__(self, days: PurchaseDays) -> None:
        self.starts, self.count = days.starts, days.counts
        self.last = self.starts + self.count - 1
        self.spend = days.spend
        self.days_ago = (days.as_of_day - days.day).astype(float)
        self.age_days = self.days_ago[self.starts]
        self.recency_days = self.days_ago[self.last]

    def sum(self, values: FloatArray) -> FloatArray:
        """Sum over each buyer's purchase days."""
        return np.add.reduceat(values, self.starts)


def _rhythm(own: _Purchases) -> Columns:
    """How often, how regularly and how lately; days, or ratios of days."""
    repeats = own.count - 1.0
    gap = np.zeros(len(own.days_ago))
    gap[1:] = own.days_ago[:-1] - own.days_ago[1:]
    gap[own.starts] = 0.0
    several = np.where(repeats > 0, repeats, np.nan)
    mean_gap = own.sum(gap) / several
    variance = own.sum(gap * gap) / several - mean_gap**2
    spread = np.sqrt(np.maximum(np.where(repeats > 1, variance, np.nan), 0.0))
    last_gap = np.where(repeats > 0, gap[own.last], np.nan)
    longest_gap = np.where(repeats > 0, np.maximum.reduceat(gap, own.starts), np.nan)
    gap_of_a_day_or_more = np.maximum(mean_gap, 1.0)
    return {
        "repeat_days": repeats,
        "age_days": own.age_days,
        "recency_days": own.recency_days,
        "span_days": own.age_days - own.recency_days,
        "mean_gap_days": mean_gap,
        "spread_gap_days": spread,
        "last_gap_days": last_gap,
        "longest_gap_days": longest_gap,
        "recency_per_gap": own.recency_days / gap_of_a_day_or_more,
        "rate_per_day": own.count / own.age_days,
    }


def _money(own: _Purchases, shop_spend_per_day: float) -> Columns:
    """How much per purchase day and in all, in multiples of the shop's mean purchase day."""
    spend = own.spend / shop_spend_per_day
    total = own.sum(spend)
    mean = total / own.count
    variance = own.sum(spend * spend) / own.count - mean**2
    return {
        "total_spend": total,
        "mean_spend": mean,
        "last_spend": spend[own.last],
        "first_spend": spend[own.starts],
        "highest_spend": np.maximum.reduceat(spend, own.starts),
        "spread_spend": np.sqrt(np.maximum(variance, 0.0)),
        "spend_per_day": total / own.age_days,
    }


def _activity(own: _Purchases) -> Columns:
    """Counts of purchase days that fade with time."""
    return {
        f"orders_half_life_{days}_days": own.sum(0.5 ** (own.days_ago / days))
        for days in HALF_LIVES_DAYS
    }
