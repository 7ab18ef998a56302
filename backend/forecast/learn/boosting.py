"""Gradient boosting on the rolling-origin table: the shape that the lifetime models cannot see.

Boosting learns who buys more than whom; how much the shop sells in all stays with the level.
"""

from __future__ import annotations

from dataclasses import dataclass
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

QUANTILES = 250
MISSING_BIN = 255  # of scikit-learn, which has as many below it


@dataclass(frozen=True, eq=False, slots=True)
class TrainingMatrix:
    """The features of all blocks as bins of theirs, which three boostings are fitted on.

    Attributes
    ----------
    bins
        Shape (rows, features), ordered by column; `MISSING_BIN` where a feature is missing.
    thresholds
        Of each feature what lies between its bins, one fewer than there are.
    """

    bins: NDArray[np.uint8]
    thresholds: list[FloatArray]


def fit_purchase_boosting(
    blocks: list[Block],
    matrix: TrainingMatrix,
    *,
    seed: int,
    tuning: BoostingTuning = TUNED.boosting,
) -> PurchaseBoosting:
    """Fit to the purchase days of the blocks, whose `training_matrix` it is given."""
    purchases = np.concatenate([b.purchase_days for b in blocks])
    expected = np.maximum(np.concatenate([b.base.expected for b in blocks]), LEAST_MULTIPLIED)
    mean, ratio = purchases.mean(), purchases.sum() / expected.sum()
    settings = _settings(tuning, tuning.purchase_trees, len(purchases), seed)
    direct = HistGradientBoostingRegressor(loss="poisson", **settings)
    multiple = HistGradientBoostingRegressor(loss="poisson", **settings)
    _fit(direct, matrix, purchases / mean)
    _fit(multiple, matrix, purchases / expected / ratio, expected / expected.mean())
    share = tuning.direct_share
    log_scale = share * np.log(mean) + (1 - share) * np.log(ratio)
    return PurchaseBoosting(plain_trees(direct), plain_trees(multiple), share, float(log_scale))


def fit_buy_boosting(
    blocks: list[Block],
    matrix: TrainingMatrix,
    *,
    seed: int,
    tuning: BoostingTuning = TUNED.boosting,
) -> BuyBoosting:
    """Fit to whether customers of the blocks bought, whose `training_matrix` it is given."""
    bought = np.concatenate([b.purchase_days > 0 for b in blocks])
    settings = _settings(tuning, tuning.buy_trees, len(bought), seed)
    classifier = HistGradientBoostingClassifier(**settings)
    _fit(classifier, matrix, bought, _weights(blocks, tuning))
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


def _fit(
    boosting: Any, matrix: TrainingMatrix, target: NDArray[Any], weight: FloatArray | None = None
) -> None:
    """Fit on bins as they are.

    scikit-learn would find the very same again for each boosting, which took as long as a quarter
    of the trees. How it asks for them is private to it, so a test compares trees with its own.
    """

    def bins(*_asked: object, is_training_data: bool) -> NDArray[np.uint8]:
        assert is_training_data
        mapper = boosting._bin_mapper
        mapper.missing_values_bin_idx_, mapper.bin_thresholds_ = MISSING_BIN, matrix.thresholds
        mapper.n_bins_non_missing_ = np.array([len(one) + 1 for one in matrix.thresholds], "uint32")
        return matrix.bins

    boosting._bin_data = bins
    with one_thread():
        boosting.fit(matrix.bins, target, sample_weight=weight)


def training_matrix(blocks: list[Block]) -> TrainingMatrix:
    """Stack the features of all blocks, each put into the bin of the nearest of its quantiles.

    The trees then split midway between quantiles, so raw values may be predicted from; and
    scikit-learn is spared its weighted quantiles, which take longer than the trees.
    """
    stacked = np.concatenate([b.features.values for b in blocks])
    bins, thresholds = np.empty(stacked.shape, dtype=np.uint8, order="F"), []
    for place, values in enumerate(np.ascontiguousarray(stacked.T)):
        bins[:, place], between = _binned(values)
        thresholds.append(between)
    return TrainingMatrix(bins, thresholds)


def _binned(values: NDArray[np.float32]) -> tuple[NDArray[np.uint8], FloatArray]:
    known = ~np.isnan(values)
    # A fact that nobody has (second gaps in a week-old shop) is a constant: no tree splits it.
    if not known.any():
        return np.zeros(len(values), dtype=np.uint8), np.zeros(0)
    centres, nearest = _nearest_quantile(values[known])
    there = np.bincount(nearest, minlength=len(centres)) > 0
    bins = np.full(len(values), MISSING_BIN, dtype=np.uint8)
    bins[known] = (np.cumsum(there) - 1)[nearest]
    middles = centres[there].astype(np.float64)
    return bins, (middles[1:] + middles[:-1]) / 2


def _nearest_quantile(
    values: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return quantiles, and which of them each value is nearest to."""
    shares = np.linspace(0, 1, QUANTILES)
    centres = np.unique(np.quantile(values, shares, method="nearest"))
    return centres, np.searchsorted((centres[1:] + centres[:-1]) / 2, values)


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
