"""What is kept of the customers of one arm: enough for every figure of an answer.

Sums of parts add up to the sums of the whole, so that partitions can be counted apart. They are
kept around their means: where amounts are large beside their spread, plain sums of powers would
lose the digits that matter.

References
----------
.. [1] Pébay (2008), Formulas for robust, one-pass parallel computation of covariances and
   arbitrary-order statistical moments. Sandia report SAND2008-6212.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from backend.core.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOutcomes:
    """What customers did in a window, arrays of shape (customers,).

    Attributes
    ----------
    bought
        Whether they had a counted order.
    spend
        Sum of their counted orders, refunds taken off, currency units.
    forecast
        What each was expected to spend, as of the window's start; 0 of whom nothing was.
    """

    bought: BoolArray
    spend: FloatArray
    forecast: FloatArray

    def only(self, inside: BoolArray) -> WindowOutcomes:
        """Return those of some customers."""
        return WindowOutcomes(
            bought=self.bought[inside], spend=self.spend[inside], forecast=self.forecast[inside]
        )


@dataclass(frozen=True, slots=True)
class Moments:
    """Of one number of an arm's customers, by stratum: arrays of shape (..., strata).

    Attributes
    ----------
    customers, mean
        How many customers, and the mean of their numbers.
    squares, cubes
        Sums over customers of squared and of cubed deviations from the mean.
    """

    customers: FloatArray
    mean: FloatArray
    squares: FloatArray
    cubes: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmSums:
    """Sufficient statistics of one arm, or of a part of it, by stratum.

    An amount is a customer's spend (0) or the forecast of it (1).

    Attributes
    ----------
    customers, buyers
        Shape (..., strata): customers counted, and those of them with a counted order.
    means
        Shape (..., strata, 2): mean of each amount, currency units; 0 of nobody.
    squares, cubes
        Shapes (..., strata, 2, 2) and (..., strata, 2, 2, 2): sums over customers of products of
        two and of three deviations from these means.
    """

    customers: FloatArray
    buyers: FloatArray
    means: FloatArray
    squares: FloatArray
    cubes: FloatArray

    @classmethod
    def of(cls, outcomes: WindowOutcomes, strata: IntArray, *, kinds: int) -> ArmSums:
        """Sum customers up.

        Parameters
        ----------
        outcomes
            Of customers of one arm.
        strata
            Shape (customers,): the stratum of each, from 0.
        kinds
            How many strata there are.
        """

        def summed(values: FloatArray) -> FloatArray:
            """Sum over the last axis, customers, by stratum, which is the first one then."""
            rows = values.reshape(prod(values.shape[:-1]), len(strata))
            sums = [np.bincount(strata, row, minlength=kinds) for row in rows]
            by_stratum: FloatArray = np.stack(sums, axis=-1).astype(np.float64)
            return by_stratum.reshape(kinds, *values.shape[:-1])

        amounts = np.stack([outcomes.spend, outcomes.forecast])
        customers = summed(np.ones(len(strata)))
        means = mean_of(summed(amounts), customers[:, None])
        around = amounts - means[strata].T
        products = around[:, None] * around
        return cls(
            customers=customers,
            buyers=summed(outcomes.bought.astype(np.float64)),
            means=means,
            squares=summed(products),
            cubes=summed(products[:, :, None] * around),
        )

    def __add__(self, other: ArmSums) -> ArmSums:
        """Return the sums of both together [1]_; their strata are the same."""
        customers = self.customers + other.customers
        ours, theirs = (mean_of(one.customers, customers) for one in (self, other))
        between = self.customers * theirs
        apart = other.means - self.means
        squares, cubes = _products(apart)
        crossed = np.einsum(
            "...i,...jk->...ijk", apart, _by(ours, other.squares, 2) - _by(theirs, self.squares, 2)
        )
        return ArmSums(
            customers=customers,
            buyers=self.buyers + other.buyers,
            means=self.means + _by(theirs, apart, 1),
            squares=self.squares + other.squares + _by(between, squares, 2),
            cubes=self.cubes
            + other.cubes
            + _by(between * (ours - theirs), cubes, 3)
            + _turned(crossed),
        )

    @property
    def buying(self) -> Moments:
        """Moments of having bought, which is 1 or 0."""
        share = mean_of(self.buyers, self.customers)
        squares = self.buyers * (1 - share)
        return Moments(self.customers, share, squares, squares * (1 - 2 * share))

    def left_by(self, slope: FloatArray) -> Moments:
        """Return moments of what `slope`, shape (...,), times the forecast leaves of spend."""
        by = np.stack([np.ones_like(slope), -slope], axis=-1)
        return Moments(
            self.customers,
            np.einsum("...si,...i->...s", self.means, by),
            # Where the forecast leaves nothing, rounding may leave less.
            np.maximum(np.einsum("...sij,...i,...j->...s", self.squares, by, by), 0.0),
            np.einsum("...sijk,...i,...j,...k->...s", self.cubes, by, by, by),
        )


def mean_of(sums: FloatArray, counts: FloatArray) -> FloatArray:
    """Return sums over counts; 0 of nobody."""
    sums, counts = np.broadcast_arrays(sums, counts)
    return np.divide(sums, counts, out=np.zeros(sums.shape), where=counts > 0)


def _by(factors: FloatArray, values: FloatArray, further: int) -> FloatArray:
    """Multiply values that have so many further axes."""
    product: FloatArray = factors.reshape(*factors.shape, *[1] * further) * values
    return product


def _products(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return products of two and of three of the numbers on the last axis."""
    squares = values[..., :, None] * values[..., None, :]
    return squares, squares[..., None] * values[..., None, None, :]


def _turned(crossed: FloatArray) -> FloatArray:
    """Return the sum of it with each of its last three axes in the first one's place."""
    turned: FloatArray = crossed + np.moveaxis(crossed, -3, -2) + np.moveaxis(crossed, -3, -1)
    return turned
