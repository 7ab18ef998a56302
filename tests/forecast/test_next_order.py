from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit, logit

from backend.behaviour.history import OrderHistory
from backend.forecast.learn.lifetime import fit_beta_geometric
from backend.forecast.lifetime import BetaGeometric, summarise
from backend.forecast.lifetime.summary import Cells, PurchaseSummary
from backend.forecast.next_order import QUANTILES, next_purchase_days

History = Callable[[str], OrderHistory]
MODEL = BetaGeometric(r=0.7, alpha=60.0, a=0.3, b=3.0, modified=True)
BUYERS = PurchaseSummary(
    np.arange(3),
    np.array([0.0, 3.0, 20.0]),
    np.array([0.0, 90.0, 390.0]),
    np.array([200.0, 120.0, 400.0]),
    np.ones(3),
)


def test_quantiles_are_where_the_chance_of_a_purchase_is_theirs() -> None:
    _, none = MODEL.expect(BUYERS.x, BUYERS.t_x, BUYERS.T, 365)
    waits = next_purchase_days(MODEL, BUYERS, logit(1 - none), 365)
    for row, column in np.argwhere(~np.isnan(waits)):
        one = (BUYERS.x[[row]], BUYERS.t_x[[row]], BUYERS.T[[row]])
        _, still_none = MODEL.expect(*one, float(waits[row, column]))
        assert 1 - still_none[0] == pytest.approx(QUANTILES[column], abs=1e-6)


def test_a_quantile_beyond_the_horizon_is_unknown() -> None:
    buy = np.array([0.05, 0.6, 0.95])
    known = ~np.isnan(next_purchase_days(MODEL, BUYERS, logit(buy), 365))
    assert known.tolist() == [[False] * 3, [True, True, False], [True] * 3]


def test_waits_are_never_in_the_past_nor_beyond_the_horizon() -> None:
    waits = next_purchase_days(MODEL, BUYERS, np.full(3, 8.0), 30)
    assert np.all((waits >= 0) & (waits <= 30))
    assert np.all(np.diff(waits, axis=1) >= 0)


def test_half_of_those_with_a_median_buy_before_it(cdnow_sample: History) -> None:
    known, later = cdnow_sample("1998-01-01"), cdnow_sample("1998-06-30")
    summary = summarise(known.purchase_days())
    cells = Cells.of(summary.x, summary.t_x, summary.T)
    model = fit_beta_geometric(cells, modified=True)
    _, none = model.expect(summary.x, summary.t_x, summary.T, 180)
    waits = next_purchase_days(model, summary, logit(1 - none), 180)
    came = later.purchase_days().between(int(known.purchase_days().as_of_day), 20_000)
    first = np.full(known.customer_count, np.inf)
    np.minimum.at(first, came.customer, came.day - known.purchase_days().as_of_day + 0.5)
    first = first[summary.customer]
    for column, share in enumerate(QUANTILES[:2]):
        has = ~np.isnan(waits[:, column])
        assert np.mean(first[has] <= waits[has, column]) == pytest.approx(share, abs=0.06)
    # The rule of thumb: the last order plus the customer's mean gap.
    gap = np.where(summary.x > 0, summary.t_x / np.maximum(summary.x, 1), np.nan)
    naive = np.where(np.isnan(gap), np.nanmean(gap), gap) - (summary.T - summary.t_x)
    naive = np.clip(naive, 0, 180)
    for column, share in enumerate(QUANTILES):
        ours = np.nan_to_num(waits[:, column], nan=180.0)
        assert _pinball(ours, first, share) < _pinball(naive, first, share)


def _pinball(predicted: np.ndarray, actual: np.ndarray, share: float) -> float:
    error = np.minimum(actual, 180.0) - predicted
    return float(np.mean(np.maximum(share * error, (share - 1) * error)))


def test_who_is_surely_gone_has_no_next_order() -> None:
    gone = PurchaseSummary(
        np.arange(1), np.array([900.0]), np.array([950.0]), np.array([3700.0]), np.ones(1)
    )
    assert np.isnan(next_purchase_days(MODEL, gone, np.array([-20.0]), 365)).all()


def test_the_forecasts_chance_is_kept() -> None:
    buy = logit(np.array([0.3, 0.5, 0.9]))
    waits = next_purchase_days(MODEL, BUYERS, buy, 200)
    assert np.isnan(waits[0, 1])
    assert waits[1, 1] == pytest.approx(200)
    assert expit(buy[2]) == pytest.approx(0.9)
