"""When the next order will come: quantiles of the wait, given the time already waited.

The shape of the wait is MBG/NBD's, which has it in closed form: a customer who is still one buys at
a gamma-distributed rate. Its log odds are moved so that the chance of an order within the horizon
is the forecast's.
"""

from __future__ import annotations

import numpy as np

from backend.core.arrays import FloatArray
from backend.forecast.chances import expit, logit
from backend.forecast.lifetime import BetaGeometric, PurchaseSummary

QUANTILES = (0.1, 0.5, 0.9)


def next_purchase_days(
    model: BetaGeometric, summary: PurchaseSummary, buy_logit: FloatArray, horizon_days: float
) -> FloatArray:
    """Return the 10, 50 and 90 % quantiles of the wait from `as_of`, shape (buyers, 3).

    Parameters
    ----------
    model
        Fitted to the shop's history, times in days.
    summary
        The buyers.
    buy_logit
        Log odds of a purchase within the horizon, by the forecast.
    horizon_days
        How far the forecast reaches: later quantiles are NaN.
    """
    alive = model.probability_alive(summary.x, summary.t_x, summary.T)
    none = model.none_within(alive, summary.x, summary.T, horizon_days)
    shift = buy_logit - logit(np.clip(1 - none, 1e-9, 1 - 1e-9))
    waits = [_wait(model, summary, alive, expit(logit(q) - shift)) for q in QUANTILES]
    reached = expit(buy_logit)[:, None] >= np.array(QUANTILES)
    return np.where(reached, np.minimum(np.column_stack(waits), horizon_days), np.nan)


def _wait(
    model: BetaGeometric, summary: PurchaseSummary, alive: FloatArray, share: FloatArray
) -> FloatArray:
    """Days within which the given share of such customers buys; infinite where none ever will."""
    late = np.clip(1 - share / np.maximum(alive, 1e-300), 0.0, 1.0)
    with np.errstate(divide="ignore", over="ignore"):
        stretch = late ** (-1 / (model.r + summary.x)) - 1
    return np.asarray((model.alpha + summary.T) * stretch)
