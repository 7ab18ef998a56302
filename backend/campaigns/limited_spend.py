"""One customer's huge order must not decide a campaign: what one of them counts for is limited.

The limit is an amount, fixed at the start from what was spent before: nothing that happens in a
campaign, in either arm, moves it.

References
----------
.. [1] Tukey (1962), The future of data analysis. Annals of Mathematical Statistics 33: winsorising.
"""

from __future__ import annotations

import numpy as np

from backend.core.arrays import FloatArray

# Of a hundred who buy, three are limited. With one, tests at 5 % erred up to 6.2 % of the time on
# Online Retail II; with three, up to 5.4 %.
LIMITED_SHARE = 0.03


def spend_limit(spend: FloatArray) -> float | None:
    """Return the amount above which a customer's spend is limited; None where nobody bought.

    Parameters
    ----------
    spend
        Of customers in an earlier window of the same length, shape (customers,), currency units.
    """
    bought = spend[spend > 0]
    return float(np.quantile(bought, 1 - LIMITED_SHARE)) if len(bought) else None


def limited(spend: FloatArray, limit: float | None) -> FloatArray:
    """Return spend with what is above the limit set to it [1]_."""
    return spend if limit is None else np.minimum(spend, limit)
