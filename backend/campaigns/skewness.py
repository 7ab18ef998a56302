"""How a skewed difference lies about its standard error, and how to allow for that.

Where a difference's third central moment is not 0, the difference over its estimated standard error
is skewed the other way, and three times as much: who happens to have few large amounts in the small
arm has a small mean there and a small variance.

References
----------
.. [1] Hall (1992), On the removal of skewness by transformation. J. Royal Statistical Society B 54.
.. [2] Zhou, Dinh (2005), Nonparametric confidence intervals for the one- and two-sample problems.
   Biostatistics 6: of two samples of skewed costs.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from backend.core.arrays import FloatArray

Real = TypeVar("Real", float, FloatArray)


def skewed(end: Real, skewness: Real) -> Real:
    """Return the studentised difference that Hall's transformation takes to `end` [1]_, [2]_.

    His (3 / s) ((1 + s (end - s / 6))^(1/3) - 1), in a form that holds where s is 0.

    Parameters
    ----------
    end
        A point of the distribution that there would be without skewness.
    skewness
        Of the difference: its third central moment over its variance to the power of 1.5.
    """
    moved = end - skewness / 6
    root = np.cbrt(1 + skewness * moved)
    point: Real = 3 * moved / (root**2 + root + 1)
    return point
