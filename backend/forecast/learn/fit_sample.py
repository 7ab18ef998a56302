"""Which of very many customers a model is fitted on: some of each kind, as many as there are."""

from __future__ import annotations

import numpy as np

from backend.behaviour.history import PurchaseDays
from backend.core.arrays import IntArray

# Purchase days at which a kind of customers begins: what tells them apart most.
KINDS_BEGIN_AT = (1, 2, 3, 4, 6, 11)


def rows_to_settle_by(days: PurchaseDays, most: int, seed: int) -> IntArray | None:
    """Draw a sample of the buyers, of each kind its share.

    Parameters
    ----------
    days
        Purchase days of the whole shop.
    most
        How many buyers are enough, at least 1.
    seed
        Decides who is drawn.

    Returns
    -------
    Shape (most,), rows of the buyers, ascending; None where there are no more than that.
    """
    counts = days.counts
    if len(counts) <= most:
        return None
    kind = np.searchsorted(KINDS_BEGIN_AT, counts, side="right")
    lot = np.random.default_rng(seed).random(len(counts))
    # By kind, then by lot: every n-th of that sequence takes of each kind its share, off by one.
    sequence = np.lexsort((lot, kind))
    every = np.floor(np.arange(most) * (len(counts) / most)).astype(np.int64)
    return np.sort(sequence[every])
