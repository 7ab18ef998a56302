"""Forecasts of earlier runs whose time is over, beside what came."""

from dataclasses import dataclass

from backend.results.root import InstantWithOffset, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class DueForecast(Result):
    """What a run expected of all customers who had ordered, and what came of them."""

    run_id: str
    """The run that made it; it may be forgotten since."""
    as_of: InstantWithOffset
    """The instant that the run described."""
    horizon_days: int
    """Days after it that the forecast was about, at least 1."""
    expected: float
    """What was expected: currency units, or customers."""
    came: float
    """What came, of the customers whom the shop still has; in the same unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueForecasts(Result):
    """Of each month the last forecast that was published, the latest first, at most twelve."""

    revenue: tuple[DueForecast, ...]
    """Sum of `predicted_value`, beside that of counted orders; currency units."""
    leaving: tuple[DueForecast, ...]
    """Sum of `churn_risk`, beside how many did not order within the churn horizon; customers."""
    revenue_due: InstantWithOffset | None
    """When the oldest forecast of revenue can be held against what came; null where one is already,
    and in reports of versions that forgot it sooner."""
    leaving_due: InstantWithOffset | None
    """The same of who leaves."""
