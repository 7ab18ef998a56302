from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit

from backend.behaviour.history import OrderHistory
from backend.forecast import horizon_model as model_module
from backend.forecast.base_scores import BaseScores
from backend.forecast.features import Features
from backend.forecast.horizon_model import HorizonModel, Level
from backend.forecast.influence import limited
from backend.forecast.learn.backtest.metrics import area_under_curve, log_loss, normalised_gini
from backend.forecast.learn.blend import fit_horizon, settle
from backend.forecast.learn.level import estimate_level, matching_intercept
from backend.forecast.learn.lifetime_base import fit_base
from backend.forecast.learn.past_cutoffs import Block, Plan, outcomes
from backend.forecast.lifetime import summarise

History = Callable[[str], OrderHistory]


@pytest.fixture(scope="module")
def fitted(cdnow_sample: History) -> HorizonModel:
    """The recipe for the half year from 1998 on CDNOW's sample."""
    days = cdnow_sample("1998-01-01").purchase_days()
    model = fit_horizon(days, 180, seed=0)
    return settle(model, model.before_totals(days))[0]


def test_boosting_moves_customers_but_not_the_shop(
    cdnow_sample: History, fitted: HorizonModel
) -> None:
    days = cdnow_sample("1998-01-01").purchase_days()
    levelled = fitted.base.score(summarise(days), 180).at_level(fitted.level.orders)
    prediction = fitted.predict(days)
    assert fitted.purchases is not None
    assert prediction.purchase_days.sum() == pytest.approx(levelled.expected.sum())
    assert not np.allclose(prediction.purchase_days, levelled.expected)
    spend = np.exp(fitted.level.spend) * levelled.expected * levelled.spend_per_day
    weight = limited(spend) / spend
    assert weight @ prediction.spend == pytest.approx(weight @ spend)
    assert prediction.spend.sum() == pytest.approx(spend.sum(), rel=0.02)
    bought = expit(levelled.buy_logit + fitted.level.buy).mean()
    assert 1 - prediction.none.mean() == pytest.approx(bought)


def test_the_blend_is_better_than_its_base(cdnow_sample: History, fitted: HorizonModel) -> None:
    days, later = (cdnow_sample(date).purchase_days() for date in ("1998-01-01", "1998-06-30"))
    base = fitted.base.score(summarise(days), 180)
    blend = fitted.predict(days)
    bought, spend = outcomes(later, blend.customer, days.as_of_day, 180)
    left = (bought == 0).astype(float)
    assert log_loss(blend.none, left) < log_loss(expit(-base.buy_logit), left)
    assert area_under_curve(blend.none, left) > 0.78
    assert normalised_gini(blend.purchase_days, bought) > 0.66
    assert normalised_gini(blend.spend, spend) > 0.69


def test_batches_of_customers_change_nothing(
    cdnow_sample: History, fitted: HorizonModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = cdnow_sample("1998-01-01").purchase_days()
    whole = fitted.predict(days)
    monkeypatch.setattr(model_module, "CHUNK_BUYERS", 100)
    parts = fitted.predict(days)
    np.testing.assert_array_equal(parts.customer, whole.customer)
    np.testing.assert_allclose(parts.spend, whole.spend, rtol=1e-9)
    np.testing.assert_allclose(parts.buy_logit, whole.buy_logit, atol=1e-9)


def test_a_small_shop_is_left_to_the_lifetime_models(small_shop: OrderHistory) -> None:
    few = small_shop.purchase_days().of(np.arange(30))
    model = fit_horizon(few, 180, seed=0)
    assert model.purchases is None
    assert model.buy is None
    assert np.all(model.predict(few).purchase_days > 0)


def test_without_blocks_the_level_is_left_alone() -> None:
    now = BaseScores(np.ones(2), np.full((3, 2), 0.5), np.ones(2))
    assert estimate_level(Plan(90, (), None), [], now) == Level()


def test_models_that_got_the_number_of_buyers_right_set_it(cdnow_sample: History) -> None:
    days = cdnow_sample("1998-01-01").purchase_days()
    base = fit_base(summarise(days)).score(summarise(days), 180)
    level = fit_horizon(days, 180, seed=0).level
    share = expit(base.at_level(level.orders).buy_logit + level.buy).mean()
    # On CDNOW, BG/NBD was right at every cut-off, Pareto/NBD expected too few.
    bg_nbd, _, pareto_nbd = base.at_level(level.orders).buying_by_model
    assert abs(share - bg_nbd) < abs(share - pareto_nbd)


def _half_expected(bought: float, spend_per_day: float = 1.0) -> Block:
    """A block in which the models expected half to buy, and this share did, for so much a day."""
    rows = 1000
    came = (np.arange(rows) < bought * rows).astype(float)
    base = BaseScores(np.ones(rows), np.full((3, rows), 0.5), np.ones(rows))
    features, spend = Features((), np.zeros((rows, 0), np.float32)), came * spend_per_day
    return Block(100, features, base, came, spend, 0.0, came.sum())


@pytest.mark.parametrize("bought", [(0.97, 0.95), (0.03, 0.05), (0.97, 0.05), (0.97, 0.55)])
def test_buyers_whom_every_model_missed_are_the_seasons_and_not_expected_again(
    bought: tuple[float, float],
) -> None:
    now = BaseScores(np.ones(9), np.full((3, 9), 0.5), np.ones(9))
    blocks = [_half_expected(share) for share in bought]
    assert estimate_level(Plan(90, (100, 100), None), blocks, now).buy == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("spend_per_day", [0.0, 1.0, 1.8, 3.0])
def test_what_spend_missed_at_past_cutoffs_is_mostly_expected_again(spend_per_day: float) -> None:
    now = BaseScores(np.ones(9), np.full((3, 9), 0.5), np.ones(9))
    block = _half_expected(1.0, spend_per_day)
    level = estimate_level(Plan(90, (100,), None), [block], now)
    # A thousand purchases: four fifths of what was missed, shrunk by 1000 / 1100.
    # An order counts as twice what was expected of it at most.
    missed = np.log(min(spend_per_day, 2.0)) if spend_per_day else 0.0
    assert level.spend == pytest.approx(0.8 * missed / 1.1)


def test_the_intercept_matches_the_mean_probability() -> None:
    logits = np.random.default_rng(0).normal(-2, 3, 1000)
    shift = matching_intercept(logits, 0.3)
    assert expit(logits + shift).mean() == pytest.approx(0.3)
