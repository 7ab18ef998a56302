r"""BG/NBD and MBG/NBD: customers buy at random and may stop after any purchase.

While alive a customer buys as a Poisson process of rate :math:`\lambda \sim \Gamma(r, \alpha)`;
after each repeat purchase (MBG/NBD: also after the first one) they stop with probability
:math:`p \sim B(a, b)`.

References
----------
.. [1] Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the
   Pareto/NBD Model, Marketing Science 24(2). https://doi.org/10.1287/mksc.1040.0098
.. [2] Batislam, Denizel, Filiztekin (2007), Empirical validation and comparison of models for
   customer base analysis, IJRM 24(3). https://doi.org/10.1016/j.ijresmar.2006.12.005
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import FloatArray
from backend.forecast.chances import expit

# Counts beyond this many in a horizon are taken as this many: their sum is below rounding.
MOST_PURCHASES = 3000
LEAST_TERM = 1e-8
ROWS_AT_ONCE = 8_192
FEW_ROWS = 100  # of so few a longer block costs less than another one
_SIZES = (8, 16, *[64] * (MOST_PURCHASES // 64))
_BLOCKS = np.split(np.arange(1.0, sum(_SIZES) + 1), np.cumsum(_SIZES)[:-1])
_BLOCKS_OF_FEW = [np.concatenate(_BLOCKS[:3]), *_BLOCKS[3:]]


@dataclass(frozen=True, slots=True)
class BetaGeometric:
    """A fitted BG/NBD or, with `modified`, MBG/NBD model.

    Attributes
    ----------
    r, alpha
        Shape and rate of the purchase rate; `alpha` in the unit of time of the data.
    a, b
        Parameters of the probability of stopping after a purchase.
    modified
        Whether customers may stop after their first purchase already (MBG/NBD).
    """

    r: float
    alpha: float
    a: float
    b: float
    modified: bool

    def probability_alive(self, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:  # noqa: N803
        """Return P(alive at T), in [0, 1]; shapes (customers,).

        The plain BG/NBD gives 1 to every one-time buyer: this is no churn risk.
        """
        shape = self.r + x
        past = self.b + x + self.modified - 1
        odds = shape * np.log((self.alpha + T) / (self.alpha + t_x))
        odds += log_or_never(self.a / np.maximum(past, 1e-12), x + self.modified >= 1)
        return np.asarray(expit(-odds))

    def none_within(
        self,
        alive: FloatArray,
        x: FloatArray,
        T: FloatArray,  # noqa: N803
        horizon: float,
    ) -> FloatArray:
        """Return the probability of no purchase in the horizon, in [0, 1].

        Parameters
        ----------
        alive
            As `probability_alive` says; shapes (customers,).
        x, T
            As of `expect`.
        horizon
            Likewise.
        """
        log_miss = np.log((self.alpha + T) / (self.alpha + T + horizon))
        return np.asarray(1 - alive * -np.expm1((self.r + x) * log_miss))

    def expect(
        self,
        x: FloatArray,
        t_x: FloatArray,
        T: FloatArray,  # noqa: N803
        horizon: float,
    ) -> tuple[FloatArray, FloatArray]:
        r"""Return expected purchases in the horizon and the probability of none.

        Given that the customer is alive, ignoring that they may stop, purchases in the horizon
        are negative binomial; the n-th of them takes place when they would have bought n times
        and stopped after none of the first n - 1:

        .. math:: P(N \ge n) = P(alive)\, E[(1-p)^{n-1}]\, P(NB \ge n)

        so the sums need neither hypergeometric functions nor their cancelling differences.

        Returns
        -------
        expected
            Shape (customers,), at least 0.
        none
            Shape (customers,), in [0, 1].
        """
        alive = self.probability_alive(x, t_x, T)
        shape, miss = self.r + x, (self.alpha + T) / (self.alpha + T + horizon)
        stays = self.b + x + self.modified
        none = self.none_within(alive, x, T, horizon)
        rows = range(0, len(x), ROWS_AT_ONCE)
        batches = (slice(start, start + ROWS_AT_ONCE) for start in rows)
        sums = [self._while_alive(shape[one], miss[one], stays[one]) for one in batches]
        return alive * np.concatenate([np.zeros(0), *sums]), none

    def _while_alive(self, shape: FloatArray, miss: FloatArray, stays: FloatArray) -> FloatArray:
        """Return expected purchases of customers who are alive, a block of counts at a time.

        Within a block all is summed up in the order of the counts, as one by one it would be.
        """
        expected, rows = np.zeros(len(shape)), np.arange(len(shape))
        log_pmf = shape * np.log(miss)
        left = np.column_stack([np.ones(len(shape)), log_pmf, -np.expm1(log_pmf)])
        for counts in _BLOCKS_OF_FEW if len(rows) < FEW_ROWS else _BLOCKS:
            add = self._block if len(rows) < FEW_ROWS else self._one_by_one
            more, left, ended = add(
                counts, shape[rows], miss[rows], stays[rows], expected[rows], left
            )
            expected[rows] = more
            rows, left = rows[~ended], left[~ended]
            if not len(rows):
                break
        return expected

    def _block(
        self,
        counts: FloatArray,
        shape: FloatArray,
        miss: FloatArray,
        stays: FloatArray,
        expected: FloatArray,
        left: FloatArray,
    ) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
        """Add the terms of some counts, each customer's up to the first that is below rounding.

        What is left, shape (customers, 3): the chance of having stayed, the log of the last
        probability, and the chance of more purchases, ahead of the first count.
        """
        kept = (stays[:, None] + counts - 1) / (self.a + stays[:, None] + counts - 1)
        steps = np.log((shape[:, None] + counts - 1) / counts) + np.log1p(-miss)[:, None]
        survived = _running(np.multiply, left[:, 0], kept)
        log_pmf = _running(np.add, left[:, 1], steps)
        tail = _running(np.subtract, left[:, 2], np.exp(log_pmf[:, 1:]))
        terms = survived[:, :-1] * tail[:, :-1]
        sums = _running(np.add, expected, terms)[:, 1:]
        below = terms <= LEAST_TERM * (1 + sums)
        last = np.where(below.any(axis=1), below.argmax(axis=1), len(counts) - 1)
        end = np.column_stack([survived[:, -1], log_pmf[:, -1], tail[:, -1]])
        return sums[np.arange(len(sums)), last], end, np.asarray(below.any(axis=1))

    def _one_by_one(
        self,
        counts: FloatArray,
        shape: FloatArray,
        miss: FloatArray,
        stays: FloatArray,
        expected: FloatArray,
        left: FloatArray,
    ) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
        """Do what `_block` does to the last digit, for many customers at once in a sixth of it.

        What depends on how often they bought alone is worked out once for all who did as often.
        """
        _, first, as_often = np.unique(shape, return_index=True, return_inverse=True)
        some_shape, some_stays, log_hit = shape[first], stays[first], np.log1p(-miss)
        survived, log_pmf, tail = np.ascontiguousarray(left.T)
        going = np.ones(len(shape), dtype=bool)
        for count in counts.tolist():
            term = survived * tail
            np.add(expected, term, out=expected, where=going)
            going &= ~(term <= LEAST_TERM * (1 + expected))
            kept = (some_stays + count - 1) / (self.a + some_stays + count - 1)
            steps = np.log((some_shape + count - 1) / count)
            survived *= kept[as_often]
            log_pmf += steps[as_often] + log_hit
            tail -= np.exp(log_pmf)
        return expected, np.column_stack([survived, log_pmf, tail]), ~going


def _running(step: np.ufunc, start: FloatArray, values: FloatArray) -> FloatArray:
    """Return what each row comes to after each of its values, the start ahead."""
    running = np.empty((len(values), 1 + values.shape[1]))
    running[:, 0], running[:, 1:] = start, values
    return np.asarray(step.accumulate(running, axis=1, out=running))


def log_or_never(odds: FloatArray, possible: NDArray[np.bool_]) -> FloatArray:
    """Log odds of having stopped; minus infinity where there was no occasion to."""
    return np.where(possible, np.log(odds), -np.inf)
