"""Where a shop is going, and what all its customers are to spend together."""

from dataclasses import dataclass

from backend.results.root import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class YearOverYear(Result):
    """One number of the last year beside that of the year before."""

    now: float | None
    """Of the 364 days before `as_of`; null where nobody could have."""
    before: float | None
    """Of the 364 days before these; null likewise."""
    change: float | None
    """Now over before, less 1; null where either is null, or there was nothing before."""

    @classmethod
    def of(cls, now: float | None, before: float | None) -> "YearOverYear":
        """Compare two years."""
        change = now / before - 1 if now is not None and before else None
        return cls(now=now, before=before, change=change)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopCourse(Result):
    """Whether a shop shrinks or grows: its last year beside the one before."""

    spend: YearOverYear
    """What counted orders came to, currency units."""
    new_customers: YearOverYear
    """Customers who ordered for the first time."""
    ordering_again: YearOverYear
    """Share of the customers known before the year who ordered in it, in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopTotal(Result):
    """What the customers known by now are to spend together within the prediction horizon.

    Customers who are still to come are not in it.
    """

    expected: float
    """Sum of their `predicted_value`, currency units."""
    low: float | None
    """Below it lies a tenth of what may come; null where no trial on the shop's past was
    possible."""
    high: float | None
    """Above it lies a tenth of what may come; null likewise."""
    level_error: float | None
    """How far the total may be off for all customers at once: the standard deviation of its log,
    learnt from the trials; null likewise."""
