"""Where a shop is going: its last year beside the one before."""

from __future__ import annotations

import numpy as np

from backend.behaviour.history import PurchaseDays
from backend.results.shop_course import ShopCourse, YearOverYear

YEAR_DAYS = 364  # whole weeks, so that both years have the same weekdays


def course_of(days: PurchaseDays) -> ShopCourse | None:
    """Compare the last year with the one before.

    Parameters
    ----------
    days
        Purchase days known, at least one.

    Returns
    -------
    ShopCourse | None
        None where the history is shorter than two years: a season is not to be taken for a trend.
    """
    now = days.as_of_day
    starts = (now - YEAR_DAYS, now - 2 * YEAR_DAYS)
    if int(days.day.min()) > starts[1]:
        return None
    this, last = (_Year(days, start) for start in starts)
    return ShopCourse(
        spend=YearOverYear.of(this.spend, last.spend),
        new_customers=YearOverYear.of(this.new_customers, last.new_customers),
        ordering_again=YearOverYear.of(this.ordering_again, last.ordering_again),
    )


class _Year:
    """What one year brought, and of whom."""

    def __init__(self, days: PurchaseDays, start: int) -> None:
        inside = (days.day >= start) & (days.day < start + YEAR_DAYS)
        starts = days.starts
        first, ordered = days.day[starts], np.logical_or.reduceat(inside, starts)
        known = first < start
        self.spend = float(days.spend[inside].sum())
        self.new_customers = float(np.sum((first >= start) & (first < start + YEAR_DAYS)))
        self.ordering_again = float(np.mean(ordered[known])) if known.any() else None
