import numpy as np
import pytest
from scipy.special import expit

from backend.forecast.base_scores import BaseScores
from backend.forecast.features import Features
from backend.forecast.learn.boosting import fit_buy_boosting
from backend.forecast.learn.past_cutoffs import Block

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
    fitted = fit_buy_boosting([block(-season, 1), block(season, 2)], seed=0)
    at = np.linspace(-1.2, 1.2, 50, dtype=np.float32)[:, None]
    steepness = np.polyfit(at[:, 0], fitted.logit(Features(("feature",), at)), 1)[0]
    assert steepness == pytest.approx(STEEPNESS, rel=0.1)
