from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier

from backend.forecast.base_scores import BaseScores
from backend.forecast.features import Features
from backend.forecast.learn.boosting import fit_buy_boosting, training_matrix
from backend.forecast.learn.forecast_tuning import TUNED
from backend.forecast.learn.past_cutoffs import Block
from backend.forecast.learn.plain_trees import plain_trees
from backend.forecast.trees import Trees

ROWS = 6000
STEEPNESS = 2.0


def block(season: float, seed: int) -> Block:
    """Customers who buy the likelier the higher their one feature, in a good or a bad season."""
    rng = np.random.default_rng(seed)
    feature = rng.normal(size=ROWS)
    buys = rng.uniform(size=ROWS) < expit(STEEPNESS * feature + season)
    return Block(
        cutoff=19_000,
        features=Features(("feature",), feature[:, None].astype(np.float32)),
        base=BaseScores(np.ones(ROWS), np.full((3, ROWS), 0.5), np.ones(ROWS)),
        purchase_days=buys.astype(float),
        spend=np.where(buys, 10.0, 0.0),
        level=0.0,
        level_purchases=float(buys.sum()),
    )


@pytest.mark.parametrize("season", [0.0, 1.0])
def test_seasons_do_not_blur_who_buys(season: float) -> None:
    blocks = [block(-season, 1), block(season, 2)]
    fitted = fit_buy_boosting(blocks, training_matrix(blocks), seed=0)
    at = np.linspace(-1.2, 1.2, 50, dtype=np.float32)[:, None]
    steepness = np.polyfit(at[:, 0], fitted.logit(Features(("feature",), at)), 1)[0]
    assert steepness == pytest.approx(STEEPNESS, rel=0.1)


def of_many_kinds(rows: int) -> np.ndarray:
    """Numbers, few values, one value, missing ones, neighbours that no float lies between."""
    rng = np.random.default_rng(3)
    numbers = rng.lognormal(3, 2, rows)
    some = np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows))
    few = rng.integers(0, 4, rows) - 0.0
    neighbours = np.nextafter(np.float32(1), np.float32(2), dtype=np.float32)
    columns = [numbers, some, few, np.full(rows, 7.0), np.full(rows, np.nan), np.round(numbers)]
    close = np.where(rng.random(rows) < 0.5, np.float32(1), neighbours)
    return np.column_stack([*columns, close]).astype(np.float32)


def binned_by_hand(values: np.ndarray) -> np.ndarray:
    """Each value as the quantile that it is nearest to; what nobody has as a constant."""
    moved = values.copy()
    for column in moved.T:
        known = ~np.isnan(column)
        if not known.any():
            column[:] = 0.0
            continue
        centres = np.unique(np.quantile(column[known], np.linspace(0, 1, 250), method="nearest"))
        between = (centres[1:] + centres[:-1]) / 2
        column[known] = centres[np.searchsorted(between, column[known])]
    return moved


def test_trees_are_those_that_scikit_learn_finds_by_its_own_bins() -> None:
    values = of_many_kinds(ROWS)
    parts = [block(0.0, 1), block(0.0, 2)]
    names = tuple(f"feature {one}" for one in range(values.shape[1]))
    blocks = [
        replace(one, features=Features(names, half))
        for one, half in zip(parts, (values, values[::-1]), strict=True)
    ]
    mine = fit_buy_boosting(blocks, training_matrix(blocks), seed=5).trees

    tuning, bought = TUNED.boosting, np.concatenate([one.purchase_days > 0 for one in blocks])
    theirs = HistGradientBoostingClassifier(
        max_iter=tuning.buy_trees,
        learning_rate=tuning.learning_rate,
        max_leaf_nodes=tuning.most_leaves,
        min_samples_leaf=2 * ROWS // 100,
        l2_regularization=tuning.l2_regularization,
        max_features=tuning.max_features,
        early_stopping=False,
        random_state=5,
    ).fit(
        binned_by_hand(np.concatenate([values, values[::-1]])),
        bought,
        sample_weight=weights_by_hand(bought),
    )
    assert bits(mine) == bits(plain_trees(theirs))
    assert set(mine.feature.ravel().tolist()) >= {0, 1, 2}


def weights_by_hand(bought: np.ndarray) -> np.ndarray:
    """Under which as many buy in each of the two blocks of one date as in both."""
    share, weights = bought.mean(), []
    for half in np.split(bought, 2):
        own = (half.sum() + 2 * share) / (len(half) + 2)
        weights.append(np.where(half, share / own, (1 - share) / (1 - own)))
    joined = np.concatenate(weights)
    return np.asarray(joined / joined.mean())


def bits(trees: Trees) -> list[bytes]:
    return [np.asarray(getattr(trees, one.name)).tobytes() for one in fields(trees)]
