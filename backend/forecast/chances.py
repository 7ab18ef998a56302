"""Between chances and their log odds, as scipy has them but for the last bits, without scipy.

Those are the processor's: with AVX-512 numpy has an `exp` and a `log` of its own. A web
process scores customers too, and holds no library that learns.
"""

from __future__ import annotations

import numpy as np

from backend.core.arrays import FloatArray

# Between these a quotient would lose digits: both sides are near a half.
NEAR_A_HALF = (0.3, 0.65)


def expit(log_odds: FloatArray | float) -> FloatArray:
    """Return the chance, in [0, 1], with these log odds."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-np.asarray(log_odds))))


def logit(chance: FloatArray | float) -> FloatArray:
    """Return the log odds of a chance in [0, 1]; infinite at its ends."""
    chance = np.asarray(chance)
    away = 2 * (chance - 0.5)
    with np.errstate(divide="ignore"):
        near, far = np.log1p(away) - np.log1p(-away), np.log(chance / (1 - chance))
    least, most = NEAR_A_HALF
    return np.where((chance < least) | (chance > most), far, near)
