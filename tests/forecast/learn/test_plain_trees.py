"""Plain arrays say what scikit-learn says, to the last bit."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from backend.forecast.learn.plain_trees import plain_trees
from backend.forecast.trees import MANY_ROWS, Trees

ROWS, FEATURES = 3000, 5


def known(seed: int) -> np.ndarray:
    """Numbers of single precision, a fifth of them missing, none of the last column."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(ROWS, FEATURES))
    values[rng.uniform(size=values.shape) < 0.2] = np.nan
    values[:, -1] = rng.integers(0, 4, ROWS)
    return values.astype(np.float32)


def settings(leaves: int) -> dict[str, object]:
    return {"max_iter": 30, "max_leaf_nodes": leaves, "max_features": 0.5, "random_state": 0}


@pytest.fixture(scope="module")
def regression() -> HistGradientBoostingRegressor:
    """A Poisson regression on numbers and on their being missing."""
    values = known(0)
    rate = np.exp(np.nan_to_num(values[:, 0]) / 2 + np.isnan(values[:, 1]))
    came = np.random.default_rng(1).poisson(rate)
    return HistGradientBoostingRegressor(loss="poisson", **settings(8)).fit(values, came)


@pytest.fixture(scope="module")
def plain(regression: HistGradientBoostingRegressor) -> Trees:
    return plain_trees(regression)


def test_a_regression_is_the_same_to_the_last_bit(
    regression: HistGradientBoostingRegressor, plain: Trees
) -> None:
    unseen = known(2)
    assert len(unseen) > MANY_ROWS
    assert np.array_equal(np.exp(plain.sums(unseen)), regression.predict(unseen))


def test_some_splits_are_on_what_is_missing(plain: Trees) -> None:
    assert np.isinf(plain.threshold).any()
    assert {0, 1} == set(plain.missing_left.ravel().tolist())


def test_a_row_alone_has_the_bits_that_it_has_among_others(plain: Trees) -> None:
    rows = known(7)
    rows[:4] = np.array([np.inf, -np.inf, np.nan, 0.0])[:, None]
    alone = [plain.sums(rows[one : one + 1])[0] for one in range(200)]
    assert alone == plain.sums(rows[:200]).tolist()
    assert len(rows) >= MANY_ROWS > len(rows) // 2
    among_few = [plain.sums(half) for half in np.array_split(rows, 2)]
    assert np.concatenate(among_few).tolist() == plain.sums(rows).tolist()


@pytest.mark.parametrize("leaves", [2, 3, 8])
def test_a_classifier_is_the_same_to_the_last_bit(leaves: int) -> None:
    values = known(3)
    bought = np.nan_to_num(values[:, 0]) + np.random.default_rng(4).normal(size=ROWS) > 0
    fitted = HistGradientBoostingClassifier(**settings(leaves)).fit(values, bought)
    assert np.array_equal(plain_trees(fitted).sums(known(5)), fitted.decision_function(known(5)))


def test_trees_too_large_for_a_byte_are_refused() -> None:
    values = known(6)
    fitted = HistGradientBoostingRegressor(**settings(31)).fit(values, np.arange(ROWS))
    with pytest.raises(ValueError, match="more than 8"):
        plain_trees(fitted)
