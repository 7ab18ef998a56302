"""Whether the arms were alike before: if not, what is different later proves nothing.

References
----------
.. [1] Fabijan et al. (2019), Diagnosing sample ratio mismatch in online controlled experiments: a
   taxonomy and rules of thumb for practitioners. KDD.
.. [2] Fisher (1935), The logic of inductive inference. J. Royal Statistical Society 98.
.. [3] Austin (2009), Balance diagnostics for comparing the distribution of baseline covariates
   between treatment groups in propensity-score matched samples. Statistics in Medicine 28.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import sqrt

import numpy as np
from scipy.stats import fisher_exact

from backend.core.arrays import BoolArray, FloatArray
from backend.results.campaign import ArmSizes

# What is usual for this check [1]_: it is looked at in every campaign, and must not cry wolf.
SUSPICIOUS_RATIO = 0.0005


def ratio_p_value(drawn: ArmSizes, counted: ArmSizes) -> float | None:
    """Return how likely so uneven a loss is where arms lose customers alike [1]_, [2]_.

    Who is in which arm is drawn exactly; only who is missing at the end can make it uneven. Whether
    the missing are as often held out as the others is what Fisher's exact test says.

    Parameters
    ----------
    drawn, counted
        Customers of each arm when the draw was made, and those of them who are counted.

    Returns
    -------
    float | None
        In [0, 1]; None where nobody is missing.
    """
    missing = [drawn.treated - counted.treated, drawn.held_out - counted.held_out]
    if not any(missing):
        return None
    return float(fisher_exact(np.array([missing, [counted.treated, counted.held_out]])).pvalue)


def balance_of(
    known_before: Mapping[str, FloatArray], held_out: BoolArray
) -> Iterator[tuple[str, float]]:
    """Yield how far apart the arms were in each number, where that can be said.

    Parameters
    ----------
    known_before
        Numbers of the start by name, shape (customers,), NaN where one is not known.
    held_out
        Shape (customers,).
    """
    for name, values in known_before.items():
        apart = standardised_difference(values, held_out)
        if apart is not None:
            yield name, apart


def standardised_difference(values: FloatArray, held_out: BoolArray) -> float | None:
    """Return the treated's mean less the others', in standard deviations [3]_.

    Parameters
    ----------
    values, held_out
        Shape (customers,); a value is NaN where it is not known.

    Returns
    -------
    float | None
        None where an arm knows it of fewer than two, or where all are the same.
    """
    known = ~np.isnan(values)
    ours, theirs = values[known & ~held_out], values[known & held_out]
    if min(len(ours), len(theirs)) < 2:
        return None
    spread = sqrt((np.var(ours, ddof=1) + np.var(theirs, ddof=1)) / 2)
    return float((np.mean(ours) - np.mean(theirs)) / spread) if spread > 0 else None
