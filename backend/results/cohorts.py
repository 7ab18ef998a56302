"""Customers by the month of their first order, as a run found them."""

from dataclasses import dataclass

from backend.results.root import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort(Result):
    """Customers who ordered first in the same month."""

    month: str
    """The month, such as 2011-03, in SHOP_TIME_ZONE."""
    customers: int
    """Who ordered first in it, at least 1."""
    buyers: tuple[int, ...]
    """How many of them ordered in that month, in the one after, and so on until the last that is
    over; the first is all of them."""
    revenue: tuple[float, ...]
    """What these orders came to, month by month, currency units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohorts(Result):
    """Cohorts of the latest months that were over; months without new customers are left out."""

    until: str
    """The last month that was over, such as 2011-11."""
    months: tuple[Cohort, ...]
    """Ascending."""
    earlier_customers: int
    """Who ordered first before these months."""
    newer_customers: int
    """Who ordered first in the month that was not over."""
