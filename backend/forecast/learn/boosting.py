"""Gradient boosting on the rolling-origin table: the shape that the lifetime models cannot see.

Boosting learns who buys more than whom; how much the shop sells in all stays with the level.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from backend.core.arrays import FloatArray
from backend.core.threads import one_thread
from backend.forecast.boosted import LEAST_MULTIPLIED, BuyBoosting, PurchaseBoosting
from backend.forecast.learn.forecast_tuning import TUNED, BoostingTuning
from backend.forecast.learn.past_cutoffs import Block
from backend.forecast.learn.plain_trees import plain_trees

QUANTILES = 250  # below the 255 bins of scikit-learn


def fit_purchase_boosting(
    blocks: list[Block], *, seed: int, tuning: BoostingTuning = TUNED.boosting
) -> PurchaseBoosting:
    """Fit to the purchase days of the blocks."""
    features = training_matrix(blocks)
    purchases = np.concatenate([b.purchase_days for b in blocks])
    expected = np.maximum(np.concatenate([b.base.expected for b in blocks]), LEAST_MULTIPLIED)
    mean, ratio = purchases.mean(), purchases.sum() / expected.sum()
    settings = _settings(tuning, tuning.purchase_trees, len(purchases), seed)
    direct = HistGradientBoostingRegressor(loss="poisson", **settings)
    multiple = HistGradientBoostingRegressor(loss="poisson", **settings)
    with one_thread():
        direct.fit(features, purchases / mean)
        multiple.fit(
            features, purchases / expected / ratio, sample_weight=expected / expected.mean()
        )
    share = tuning.direct_share
    log_scale = share * np.log(mean) + (1 - share) * np.log(ratio)
    return PurchaseBoosting(plain_trees(direct), plain_trees(multiple), share, float(log_scale))


def fit_buy_boosting(
    blocks: list[Block], *, seed: int, tuning: BoostingTuning = TUNED.boosting
) -> BuyBoosting:
    """Fit to whether customers of the blocks bought."""
    features = training_matrix(blocks)
    bought = np.concatenate([b.purchase_days > 0 for b in blocks])
    settings = _settings(tuning, tuning.buy_trees, len(bought), seed)
    classifier = HistGradientBoostingClassifier(**settings)
    with one_thread():
        classifier.fit(features, bought, sample_weight=_weights(blocks, tuning))
    return BuyBoosting(plain_trees(classifier))


def _weights(blocks: list[Block], tuning: BoostingTuning) -> FloatArray:
    """Weights under which the same share buys in every block, and the latest block counts most.

    Seasons in which many buy and seasons in which few do would blur each other: customers alike
    would have bought in one and not in the other, and all risks would be drawn to the middle.
    """
    bought = [b.purchase_days > 0 for b in blocks]
    share = float(np.concatenate(bought).mean())
    latest = max(b.cutoff for b in blocks)
    weights = []
    for block, each in zip(blocks, bought, strict=True):
        own = (each.sum() + 2 * share) / (len(each) + 2)
        fresh = 0.5 ** ((latest - block.cutoff) / tuning.half_life_days)
        even = np.where(each, share / own, (1 - share) / (1 - own)) ** tuning.balance
        weights.append(fresh * even)
    joined = np.concatenate(weights)
    return np.asarray(joined / joined.mean())


def training_matrix(blocks: list[Block]) -> NDArray[np.float32]:
    """Stack the features of all blocks, each moved to the nearest of its quantiles.

    The trees then split midway between quantiles, so raw values may be predicted from; and
    scikit-learn is spared its weighted quantiles, which take longer than the trees.
    """
    stacked = np.concatenate([b.features.values for b in blocks])
    for column in stacked.T:
        known = ~np.isnan(column)
        # A fact that nobody has (second gaps in a week-old shop) is a constant: no tree splits it.
        if known.any():
            column[known] = _nearest_quantile(column[known])
        else:
            column[:] = 0.0
    return stacked


def _nearest_quantile(values: NDArray[np.float32]) -> NDArray[np.float32]:
    shares = np.linspace(0, 1, QUANTILES)
    centres = np.unique(np.quantile(values, shares, method="nearest"))
    return centres[np.searchsorted((centres[1:] + centres[:-1]) / 2, values)]


def _settings(tuning: BoostingTuning, trees: int, rows: int, seed: int) -> dict[str, Any]:
    fewest = np.clip(rows / 100, tuning.fewest_in_leaf, tuning.fewest_in_leaf_of_many)
    return {
        "max_iter": trees,
        "learning_rate": tuning.learning_rate,
        "max_leaf_nodes": tuning.most_leaves,
        "min_samples_leaf": int(fewest),
        "l2_regularization": tuning.l2_regularization,
        "max_features": tuning.max_features,
        "early_stopping": False,
        "random_state": seed,
    }
