"""Who has come to be at risk, told once, until they are well again: a threshold with hysteresis."""

from dataclasses import dataclass

from backend.core.arrays import BoolArray, FloatArray
from backend.webhooks.webhook import RiskLimits


@dataclass(frozen=True, slots=True)
class Alarms:
    """What became of each customer; arrays of shape (customers,).

    Attributes
    ----------
    risen
        Told now.
    settled
        Below the lower limit again: the next rise is told.
    """

    risen: BoolArray
    settled: BoolArray


def alarms(churn_risk: FloatArray, is_raised: BoolArray, limits: RiskLimits) -> Alarms:
    """Say who rose to the upper limit and who fell below the lower one.

    Parameters
    ----------
    churn_risk
        Shape (customers,), in [0, 1] as published; NaN where unknown, which changes nothing.
    is_raised
        (customers,) who was told and has not fallen below the lower limit since.
    limits
        The two.
    """
    return Alarms(
        risen=~is_raised & (churn_risk >= limits.at_risk_from),
        settled=is_raised & (churn_risk < limits.again_below),
    )
