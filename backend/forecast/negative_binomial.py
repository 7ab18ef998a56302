"""The negative binomial distribution by adding up its steps, a block of counts at a time.

Each row is reckoned for itself, so a customer alone gets the digits that they get among a million.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backend.core.arrays import FloatArray, IntArray

# A horizon has fewer days; beyond it a quantile is taken as this.
MOST = 50_000
ROWS_AT_ONCE = 8_192
# Most customers are done within the first.
_SIZES = (4, 12, *[64] * (MOST // 64))
_STARTS = np.cumsum([0, *_SIZES[:-1]]).tolist()


def cumulative(count: FloatArray, shape: float, chance: FloatArray) -> FloatArray:
    """Return P(at most `count`), shape (n,); 0 below no count at all.

    Parameters
    ----------
    count
        Shape (n,), whole numbers.
    shape
        Positive.
    chance
        Shape (n,), of success, in (0, 1].
    """
    found = np.zeros(len(count))
    for rows in _batches(np.flatnonzero(count >= 0)):
        wanted = count[rows]
        for start, sums in _sums(shape, chance[rows]):
            end = start + sums.shape[1]
            inside = (wanted >= start) & (wanted < end)
            found[rows[inside]] = sums[inside, (wanted[inside] - start).astype(int)]
            if wanted.max() < end:
                break
    return found


def quantile(share: FloatArray, shape: float, chance: FloatArray) -> FloatArray:
    """Return the smallest count that is not exceeded with at least the probability `share`.

    Parameters
    ----------
    share
        Shape (n,), in [0, 1).
    shape, chance
        As of `cumulative`.
    """
    found = np.where(share > 0, float(MOST), 0.0)
    for rows in _batches(np.flatnonzero(share > 0)):
        left = np.ones(len(rows), dtype=bool)
        for start, sums in _sums(shape, chance[rows]):
            reached = sums >= share[rows][:, None]
            now = left & reached[:, -1]
            found[rows[now]] = start + reached[now].argmax(axis=1)
            left &= ~now
            if not left.any():
                break
    return found


def _batches(rows: IntArray) -> Iterator[IntArray]:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield rows[start : start + ROWS_AT_ONCE]


def _sums(shape: float, chance: FloatArray) -> Iterator[tuple[int, FloatArray]]:
    """Yield the first count of each block, and P(at most each of its counts), (n, counts)."""
    miss = (1 - chance)[:, None]
    step, total = (chance**shape)[:, None], np.zeros((len(chance), 1))
    for start, size in zip(_STARTS, _SIZES, strict=True):
        counts = np.arange(start + 1, start + size + 1)
        ratios = miss * ((counts - 1 + shape) / counts)
        steps = np.cumprod(np.concatenate([step, ratios], axis=1), axis=1, dtype=float)
        parts = np.concatenate([total, steps[:, :-1]], axis=1)
        sums = np.cumsum(parts, axis=1, dtype=float)[:, 1:]
        yield start, sums
        step, total = steps[:, -1:], sums[:, -1:]
