"""Gradient boosting on the rolling-origin table: the shape that the lifetime models cannot see.

Boosting learns who buys more than whom; how much the shop sells in all stays with the level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from backend.modelling.lifetime.fitting import FloatArray
from backend.modelling.recipe.base import BaseScores
from backend.modelling.recipe.features import Features
from backend.modelling.recipe.training import Block

LEAST_RARER_OUTCOMES = 20
LEAST_PURCHASES = 60
# Spend above this quantile of buyers' spend is cut before fitting, and the mean restored after:
# one wholesale order would otherwise bend every tree.
SPEND_QUANTILE = 0.99
LEAST_MULTIPLIED = 1e-3
QUANTILES = 250  # below the 255 bins of scikit-learn


@dataclass(frozen=True, slots=True)
class Regressor:
    """A Poisson regression of y, half of it directly and half as a multiple of the base."""

    direct: HistGradientBoostingRegressor
    multiple: HistGradientBoostingRegressor
    factor: float

    def log_mean(self, features: Features, base: FloatArray) -> FloatArray:
        """Return the log of the expectation, shape (rows,)."""
        direct = np.log(self.direct.predict(features.values))
        multiple = np.log(self.multiple.predict(features.values)) + np.log(base)
        return np.asarray(0.5 * (direct + multiple) + np.log(self.factor))


@dataclass(frozen=True, slots=True)
class ValueBoosting:
    """Boosted purchase days and spend."""

    purchases: Regressor
    spend: Regressor

    def predict(self, features: Features, base: BaseScores) -> tuple[FloatArray, FloatArray]:
        """Return logs of expected purchase days and spend in the label window."""
        expected = np.maximum(base.expected, LEAST_MULTIPLIED)
        with threadpool_limits(1, user_api="openmp"):
            return (
                self.purchases.log_mean(features, expected),
                self.spend.log_mean(features, expected * base.spend_per_day),
            )


@dataclass(frozen=True, slots=True)
class BuyBoosting:
    """Boosted probability of buying at all."""

    classifier: HistGradientBoostingClassifier

    def predict(self, features: Features) -> FloatArray:
        """Return the log odds of buying in the label window."""
        with threadpool_limits(1, user_api="openmp"):
            buys = self.classifier.predict_proba(features.values)[:, 1]
        return np.asarray(logit(np.clip(buys, 1e-6, 1 - 1e-6)))


def training_matrix(blocks: list[Block]) -> NDArray[np.float32]:
    """Stack the features of all blocks, each moved to the nearest of its quantiles.

    The trees then split midway between quantiles, so raw values may be predicted from; and
    scikit-learn is spared its weighted quantiles, which take longer than the trees.
    """
    stacked = np.concatenate([b.features.values for b in blocks])
    for column in stacked.T:
        known = ~np.isnan(column)
        column[known] = _nearest_quantile(column[known])
    return stacked


def _nearest_quantile(values: NDArray[np.float32]) -> NDArray[np.float32]:
    if not len(values):
        return values
    shares = np.linspace(0, 1, QUANTILES)
    centres = np.unique(np.quantile(values, shares, method="nearest"))
    return centres[np.searchsorted((centres[1:] + centres[:-1]) / 2, values)]


def fit_value_boosting(blocks: list[Block], *, seed: int) -> ValueBoosting:
    """Fit to the purchase days and spend of the blocks."""
    features = training_matrix(blocks)
    purchases = np.concatenate([b.purchase_days for b in blocks])
    spend = np.concatenate([b.spend for b in blocks])
    expected = np.maximum(np.concatenate([b.base.expected for b in blocks]), LEAST_MULTIPLIED)
    per_day = np.concatenate([b.base.spend_per_day for b in blocks])
    cut = np.minimum(spend, np.quantile(spend[spend > 0], SPEND_QUANTILE))
    restore = spend.sum() / cut.sum()
    return ValueBoosting(
        purchases=_fit_regressor(features, purchases, expected, 1.0, seed),
        spend=_fit_regressor(features, cut, expected * per_day, float(restore), seed),
    )


def fit_buy_boosting(blocks: list[Block], *, seed: int) -> BuyBoosting:
    """Fit to whether customers of the blocks bought."""
    features = training_matrix(blocks)
    bought = np.concatenate([b.purchase_days > 0 for b in blocks])
    classifier = HistGradientBoostingClassifier(**_settings(len(bought), seed))
    with threadpool_limits(1, user_api="openmp"):
        return BuyBoosting(classifier.fit(features, bought))


def _fit_regressor(
    features: NDArray[np.float32], y: FloatArray, base: FloatArray, restore: float, seed: int
) -> Regressor:
    mean = y.mean()
    ratio = y.sum() / base.sum()
    settings = _settings(len(y), seed)
    direct = HistGradientBoostingRegressor(loss="poisson", **settings)
    multiple = HistGradientBoostingRegressor(loss="poisson", **settings)
    # One OpenMP thread: on busy cores the threads wait for each other, many times longer.
    with threadpool_limits(1, user_api="openmp"):
        direct.fit(features, y / mean)
        multiple.fit(features, y / base / ratio, sample_weight=base / base.mean())
    return Regressor(direct, multiple, float(np.sqrt(mean * ratio) * restore))


def _settings(rows: int, seed: int) -> dict[str, Any]:
    return {
        "max_iter": 120,
        "learning_rate": 0.05,
        "max_leaf_nodes": 8,
        "min_samples_leaf": int(np.clip(rows / 100, 20, 200)),
        "l2_regularization": 5.0,
        "max_features": 0.5,
        "early_stopping": False,
        "random_state": seed,
    }
