"""Customers by the month of their first order: who came back later, and what they brought."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from backend.behaviour.history import OrderHistory

# Three years show every season three times, and their page stays below 100 kB.
MOST_MONTHS = 36
# The first month that begins at an instant that Python knows in any zone, and when it is over
# everywhere: whatever a run describes before that, there is a month to tell, and nobody in it.
FIRST_MONTH, OVER = np.datetime64("0001-02", "M"), np.datetime64("0001-03-02", "us")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyCohorts:
    """Cohorts of the latest months that are over, in the shop's time zone.

    Attributes
    ----------
    months
        Shape (months,), ascending, in unit "M".
    customers
        Shape (months,): who ordered first in that month.
    buyers
        Shape (months, months): ``[c, n]`` customers of cohort c with an order in the n-th month
        after their first; what lies after the last month is 0.
    revenue
        Shape (months, months), currency units: what these orders came to.
    earlier, newer
        Customers who first ordered before these months, and in the one that is not over.
    """

    months: NDArray[np.datetime64]
    customers: NDArray[np.int64]
    buyers: NDArray[np.int64]
    revenue: NDArray[np.float64]
    earlier: int
    newer: int


def monthly_cohorts(
    history: OrderHistory, zone: tzinfo, most_months: int = MOST_MONTHS
) -> MonthlyCohorts:
    """Count who of each month's new customers ordered in the months after.

    Parameters
    ----------
    history
        What the shop's customers ordered.
    zone
        Whose months they are.
    most_months
        So many at most, the latest that are over at the history's `as_of`.
    """
    starts, months = _months_until(history.as_of, zone, most_months)
    count = len(months)
    new, buyers = np.zeros(count + 2, dtype=np.int64), np.zeros(count**2, dtype=np.int64)
    revenue = np.zeros(count**2)
    for _, part in history.parts():
        month = np.searchsorted(starts, part.created_at, side="right") - 1
        first_orders = part.first_orders(part.buyers)
        first = month[first_orders]
        new += np.bincount(first + 1, minlength=count + 2)
        began = np.repeat(first, part.frequency[part.buyers])
        cell = began * count + month - began
        shown = (began >= 0) & (month < count)
        once = shown & _is_first_of_month(month, first_orders)
        buyers += np.bincount(cell[once], minlength=count**2)
        np.add.at(revenue, cell[shown], part.amount[shown])  # in the same order in any parts
    return MonthlyCohorts(
        months=months,
        customers=new[1:-1],
        buyers=buyers.reshape(count, count),
        revenue=revenue.reshape(count, count),
        earlier=int(new[0]),
        newer=int(new[-1]),
    )


def _months_until(
    as_of: np.datetime64, zone: tzinfo, most: int
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """Return when months begin, with the one that `as_of` lies in, and which are over by then."""
    instant = max(as_of.astype("datetime64[us]"), OVER)
    there = instant.item().replace(tzinfo=UTC).astimezone(zone)
    present = np.datetime64(f"{there.year:04}-{there.month:02}", "M")
    months = np.arange(max(present - most, FIRST_MONTH), present + 1)
    return np.array([_begins(one.item(), zone) for one in months], "datetime64[us]"), months[:-1]


def _begins(month: datetime, zone: tzinfo) -> datetime:
    """Return the instant at which a month begins there, naive, in UTC."""
    begins = datetime(month.year, month.month, 1, tzinfo=zone)
    return begins.astimezone(UTC).replace(tzinfo=None)


def _is_first_of_month(
    month: NDArray[np.int64], first_orders: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which orders, sorted by customer and time, are a customer's first of their month."""
    first = np.ones(len(month), dtype=bool)
    first[1:] = month[1:] != month[:-1]
    first[first_orders] = True
    return first
