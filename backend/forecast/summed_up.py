"""What a forecast comes to for the whole shop: its total's range, and who left as it said."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from backend.results.forecast_report import CalibrationBin, ForecastReport

# Quantile of the normal distribution beyond which a tenth lies.
TENTH_BEYOND = 1.2815515655446004
LIKELY = 0.5


@dataclass(frozen=True, slots=True)
class TotalRange:
    """Where a sum over all customers should lie, in four of five cases; currency units."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LeaversFound:
    """Customers whom the trials said would leave, more likely than not, and how many did.

    Attributes
    ----------
    said
        Customers, over all trials, at least 1.
    share_left
        Of them, in [0, 1].
    """

    said: int
    share_left: float


def total_range(expected: float, forecast: ForecastReport) -> TotalRange | None:
    """Return the 80 % interval of what all customers together are expected to spend.

    The level of the whole shop is what a total is wrong by: customers' own chance evens out among
    many, and what is left of it is in the trials' totals too. These were off by a log-normal factor
    whose spread is known; reports of earlier versions have that of the customers' intervals.

    Parameters
    ----------
    expected
        Sum of `predicted_value`, currency units, at least 0.
    forecast
        What the run said of its forecast.

    Returns
    -------
    TotalRange | None
        None where the forecast was never tried on the shop's past.
    """
    typical = forecast.interval_coverage.typical_level_error
    known = None if typical is None else typical.value
    off = known if forecast.total is None else forecast.total.level_error
    return None if off is None else range_around(expected, off)


def range_around(expected: float, level_error: float) -> TotalRange:
    """Return the 80 % interval of a total whose log is off by so much, typically."""
    factor = exp(TENTH_BEYOND * level_error)
    return TotalRange(expected / factor, expected * factor)


def leavers_found(calibration: Sequence[CalibrationBin]) -> LeaversFound | None:
    """Return how many of those left whom the trials gave a churn risk of a half or more.

    Parameters
    ----------
    calibration
        Tenths of the customers of all trials, by churn risk.

    Returns
    -------
    LeaversFound | None
        None where nobody was said to leave.
    """
    said = [one for one in calibration if one.predicted >= LIKELY]
    customers = sum(one.customers for one in said)
    if not customers:
        return None
    return LeaversFound(customers, sum(one.customers * one.actual for one in said) / customers)
