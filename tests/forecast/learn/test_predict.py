import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.behaviour.history import OrderHistory
from backend.forecast import horizon_model, prediction
from backend.forecast.base_scores import Base
from backend.forecast.learn import lifetime_base
from backend.forecast.learn.forecast_tuning import TUNED, LifetimeTuning
from backend.forecast.learn.learnt_forecast import Forecast
from backend.forecast.learn.predict import forecast
from backend.forecast.lifetime import PurchaseSummary
from backend.wording.forecast_sentences import forecast_notes
from tests.in_json import in_json

History = Callable[[str], OrderHistory]
AS_OF = np.datetime64("2024-06-01")
NUMBERS = (
    "predicted_orders",
    "predicted_value",
    "churn_risk",
    "no_order_chance",
    "predicted_orders_low",
    "predicted_orders_high",
    "predicted_value_low",
    "predicted_value_high",
    "next_order_days",
)


def shop(customers: list[int], days_ago: list[float], customer_count: int) -> OrderHistory:
    ago = (np.array(days_ago) * 24).astype("timedelta64[h]")
    return OrderHistory.from_orders(
        np.array(customers, dtype=np.int64),
        (AS_OF - ago).astype("datetime64[us]"),
        np.full(len(customers), 20.0),
        customer_count=customer_count,
        as_of=AS_OF,
    )


def digits(scores: Forecast) -> bytes:
    return b"".join(getattr(scores, name).tobytes() for name in NUMBERS)


def test_every_buyer_gets_all_numbers(cdnow_sample: History, cdnow_forecast: Forecast) -> None:
    buyers = cdnow_sample("1998-01-01").frequency > 0
    for name in NUMBERS[:-1]:
        np.testing.assert_array_equal(~np.isnan(getattr(cdnow_forecast, name)), buyers)
    assert np.all(cdnow_forecast.predicted_orders[buyers] > 0)
    assert np.all((cdnow_forecast.churn_risk >= 0) & (cdnow_forecast.churn_risk <= 1))
    assert cdnow_forecast.report.status == "scored"


def test_the_forecast_is_close_to_what_came(
    cdnow_sample: History, cdnow_forecast: Forecast
) -> None:
    before, after = cdnow_sample("1998-01-01"), cdnow_sample("1998-06-30")
    came = after.frequency - before.frequency
    assert cdnow_forecast.predicted_orders.sum() == pytest.approx(came.sum(), rel=0.15)
    assert cdnow_forecast.churn_risk.mean() == pytest.approx(np.mean(came == 0), abs=0.03)


def test_longer_horizons_hold_more_orders_and_less_churn(small_shop: OrderHistory) -> None:
    short = forecast(small_shop, value_horizon_days=90, churn_horizon_days=60)
    long = forecast(small_shop, value_horizon_days=365, churn_horizon_days=180)
    assert np.nansum(long.predicted_orders) > 2 * np.nansum(short.predicted_orders)
    assert np.nanmean(long.churn_risk) < np.nanmean(short.churn_risk)


def test_two_orders_on_a_day_count_as_two_orders() -> None:
    once = shop([0, 0, 1, 1], [300, 100, 200, 50], 2)
    twice = shop([0, 0, 0, 0, 1, 1, 1, 1], [300, 299.9, 100, 99.9, 200, 199.9, 50, 49.9], 2)
    ratio = forecast(twice).predicted_orders / forecast(once).predicted_orders
    np.testing.assert_allclose(ratio, 2.0)


def test_the_report_s_total_is_the_sum_over_all_customers(cdnow_forecast: Forecast) -> None:
    total = cdnow_forecast.report.total
    assert total is not None
    assert total.expected == pytest.approx(np.nansum(cdnow_forecast.predicted_value))
    assert total.low is not None
    assert total.high is not None
    assert 0 < total.low < total.expected < total.high
    assert cdnow_forecast.report.course is None  # a year of orders tells no course


def test_the_future_does_not_move_the_forecast(small_shop: OrderHistory) -> None:
    as_of = np.datetime64("2023-07-01")
    rng = np.random.default_rng(0)
    later = small_shop.created_at >= as_of
    shifted = small_shop.created_at.copy()
    shifted[later] += rng.integers(0, 400, later.sum()).astype("timedelta64[D]")
    amount = np.where(later, rng.uniform(1, 9999, len(later)), small_shop.amount)
    scores = [
        forecast(
            OrderHistory.from_orders(
                small_shop.customer_index,
                created_at,
                money,
                customer_count=small_shop.customer_count,
                as_of=as_of,
            )
        )
        for created_at, money in ((small_shop.created_at, small_shop.amount), (shifted, amount))
    ]
    assert later.sum() > 50
    assert digits(scores[0]) == digits(scores[1])


def test_the_same_input_gives_the_same_digits_in_other_processes(
    small_shop: OrderHistory, tmp_path: Path
) -> None:
    stored = tmp_path / "shop.npz"
    np.savez(stored, i=small_shop.customer_index, t=small_shop.created_at, a=small_shop.amount)
    script = f"""
import hashlib, numpy as np
from backend.behaviour.history import OrderHistory
from backend.forecast.learn.predict import forecast
s = np.load({str(stored)!r})
h = OrderHistory.from_orders(s["i"], s["t"], s["a"], customer_count=210,
                             as_of=np.datetime64("2024-01-01"))
f = forecast(h)
print(hashlib.sha256(b"".join(getattr(f, n).tobytes() for n in {NUMBERS!r})).hexdigest())
"""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            env={**os.environ, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": threads},
            stdout=subprocess.PIPE,
        )
        for threads in ("1", "2")
    ]
    hashes = {process.communicate()[0] for process in running}
    assert len(hashes) == 1
    assert len(hashes.pop()) == 65


@pytest.fixture(scope="module")
def subscribers() -> OrderHistory:
    """A hundred and fifty customers who have ordered every thirty days for a year and a half."""
    rng = np.random.default_rng(8)
    ago = (rng.uniform(0.1, 29, 150)[:, None] + np.arange(18) * 30).ravel()
    return shop(np.repeat(np.arange(150), 18).tolist(), ago.tolist(), 150)


def test_subscribers_who_order_like_clockwork_are_expected_to_go_on(
    subscribers: OrderHistory,
) -> None:
    scores = forecast(subscribers, value_horizon_days=180, churn_horizon_days=180)
    assert scores.churn_risk.max() < 0.1
    assert scores.predicted_orders.sum() == pytest.approx(6 * 150, rel=0.1)


def test_within_one_gap_the_report_admits_that_clockwork_is_taken_for_chance(
    subscribers: OrderHistory,
) -> None:
    scores = forecast(subscribers, value_horizon_days=31, churn_horizon_days=31)
    assert scores.predicted_orders.sum() == pytest.approx(150, rel=0.1)
    # Purchases at random, at one a month, leave exp(-31 / 30) of the customers without any.
    assert scores.churn_risk == pytest.approx(np.exp(-31 / 30), abs=0.03)
    assert 'For churn, the simple rule "base rate" does better on the past.' in forecast_notes(
        scores.report
    )


def test_customers_without_orders_get_no_number() -> None:
    scores = forecast(shop([0, 0, 2], [100, 10, 30], customer_count=4))
    unknown = np.array([False, True, False, True])
    for numbers in (scores.predicted_orders, scores.predicted_value, scores.churn_risk):
        np.testing.assert_array_equal(np.isnan(numbers), unknown)


def test_a_shop_where_nobody_came_back_gets_base_rates() -> None:
    scores = forecast(shop([0, 1, 2], [200, 50, 1], customer_count=3))
    assert scores.report.status == "insufficient_history"
    assert scores.report.grade.overall == "not enough history"
    assert len(set(scores.churn_risk.tolist())) == 1
    assert 0 < scores.predicted_orders[0] < 1
    assert np.all(scores.predicted_value_high >= scores.predicted_value_low)


def test_a_shop_without_orders_gets_no_numbers() -> None:
    scores = forecast(shop([], [], customer_count=2))
    assert scores.report.status == "no_orders"
    assert scores.explainer is None
    assert np.isnan(scores.predicted_value).all()
    assert scores.next_order_days.shape == (2, 3)


@pytest.mark.parametrize("buyers", [1, 2, 3, 5, 10, 30, 100])
def test_shops_of_every_size_are_scored_without_a_warning(buyers: int) -> None:
    rng = np.random.default_rng(buyers)
    customers = np.repeat(np.arange(buyers), 3).tolist()
    scores = forecast(shop(customers, rng.uniform(0, 300, 3 * buyers).tolist(), buyers))
    for name in NUMBERS[:-1]:
        assert np.isfinite(getattr(scores, name)).all()
    json.dumps(in_json(scores.report), allow_nan=False)


def test_a_shop_of_a_few_days_with_many_customers_is_scored() -> None:
    rng = np.random.default_rng(4)
    customers = rng.integers(0, 900, 1400).tolist()
    scores = forecast(shop(customers, rng.uniform(0.1, 4, 1400).tolist(), customer_count=900))
    assert np.isfinite(scores.churn_risk[np.unique(customers)]).all()


def test_a_shop_whose_orders_all_came_today_is_scored() -> None:
    scores = forecast(shop([0, 1, 1], [0.1, 0.2, 0.3], customer_count=2))
    assert np.isfinite(scores.predicted_orders).all()


def test_intervals_are_in_order_and_never_below_nothing(cdnow_forecast: Forecast) -> None:
    known = ~np.isnan(cdnow_forecast.predicted_value)
    for low, high in (
        (cdnow_forecast.predicted_orders_low, cdnow_forecast.predicted_orders_high),
        (cdnow_forecast.predicted_value_low, cdnow_forecast.predicted_value_high),
    ):
        assert np.all(low[known] >= 0)
        assert np.all(high[known] >= low[known])


def test_eighty_percent_intervals_cover_about_eighty_percent(
    cdnow_sample: History, cdnow_forecast: Forecast
) -> None:
    before, after = cdnow_sample("1998-01-01"), cdnow_sample("1998-06-30")
    came = after.frequency - before.frequency
    likely = cdnow_forecast.predicted_orders > np.quantile(cdnow_forecast.predicted_orders, 0.6)
    inside = (came >= cdnow_forecast.predicted_orders_low) & (
        came <= cdnow_forecast.predicted_orders_high
    )
    assert inside[likely].mean() == pytest.approx(0.8, abs=0.06)


def test_many_customers_are_scored_by_a_fit_to_some(
    cdnow_sample: History, cdnow_forecast: Forecast
) -> None:
    fewer = replace(TUNED, most_customers=800, trials=replace(TUNED.trials, most_customers=400))
    history = cdnow_sample("1998-01-01")
    sampled, again = (
        forecast(history, value_horizon_days=180, churn_horizon_days=180, tuning=fewer)
        for _ in range(2)
    )
    assert digits(sampled) == digits(again)
    known = ~np.isnan(cdnow_forecast.churn_risk)
    assert not np.isnan(sampled.churn_risk[known]).any()
    assert sampled.churn_risk.mean() == pytest.approx(cdnow_forecast.churn_risk.mean(), abs=0.05)
    alike = np.corrcoef(sampled.churn_risk[known], cdnow_forecast.churn_risk[known])
    assert alike[0, 1] > 0.9


def test_batches_of_customers_change_no_digit(
    cdnow_sample: History, cdnow_forecast: Forecast, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, model = cdnow_sample("1998-01-01"), cdnow_forecast.model
    assert model is not None
    days, customers = history.purchase_days(), history.customer_count
    whole = model.forecast(days, customers)
    for module in (prediction, horizon_model):
        monkeypatch.setattr(module, "CHUNK_BUYERS", 100)
    parts = model.forecast(days, customers)
    for name in NUMBERS:
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_a_horizon_below_a_day_is_refused(small_shop: OrderHistory) -> None:
    with pytest.raises(ValueError, match="at least one day"):
        forecast(small_shop, churn_horizon_days=0)


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_grows_to_one(small_shop: OrderHistory, threads: int) -> None:
    seen: list[float] = []
    forecast(small_shop, threads=threads, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_fits_that_are_made_side_by_side_say_the_same_to_the_last_digit(
    small_shop: OrderHistory,
) -> None:
    alone, beside = (forecast(small_shop, threads=threads) for threads in (1, 3))
    assert digits(alone) == digits(beside)
    assert alone.report == beside.report


def test_no_fit_of_the_lifetime_models_to_the_same_days_is_made_twice(
    small_shop: OrderHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[int, int]] = []
    fit = lifetime_base.fit_base

    def counted(summary: PurchaseSummary, tuning: LifetimeTuning) -> Base:
        made.append((len(summary), int(summary.T.sum())))
        return fit(summary, tuning)

    monkeypatch.setattr(lifetime_base, "fit_base", counted)
    forecast(small_shop, threads=2)
    assert len(made) == len(set(made)) > 10


def test_the_report_holds_what_the_page_needs(cdnow_forecast: Forecast) -> None:
    report = in_json(cdnow_forecast.report)
    backtest = report["backtest"]["churn"]
    assert len(backtest["calibration"]) == len(backtest["lift"]) == 10
    assert {"forecast", "base rate", "recency rule"} <= set(backtest["metrics"])
    assert sum(row["share_of_spend"] for row in backtest["lift"]) == pytest.approx(1)
    assert {cutoff["date"] < "1998-01-01" for cutoff in backtest["cutoffs"]} == {True}
    assert report["grade"]["overall"] in {"good", "fair", "weak"}
    assert set(report["thresholds"]) == {"churn", "value", "not enough history"}


def test_the_chance_of_no_order_is_the_churn_risk_where_horizons_are_equal(
    cdnow_forecast: Forecast,
) -> None:
    assert np.array_equal(cdnow_forecast.no_order_chance, cdnow_forecast.churn_risk, equal_nan=True)


def test_a_shorter_horizon_leaves_more_without_an_order(small_shop: OrderHistory) -> None:
    found = forecast(small_shop, value_horizon_days=60, churn_horizon_days=180)
    known = ~np.isnan(found.churn_risk)
    assert np.all(found.no_order_chance[known] >= found.churn_risk[known])
    assert found.no_order_chance[known].mean() > found.churn_risk[known].mean()


def test_the_chance_of_no_order_is_as_well_calibrated_as_the_churn_risk(
    cdnow_sample: History,
) -> None:
    """Learnt beside another churn horizon it errs no more than a churn risk of its own horizon."""
    history = cdnow_sample("1997-10-01")
    known = np.flatnonzero(history.frequency)
    stayed_away = cdnow_sample("1998-07-01").frequency[known] == history.frequency[known]
    beside = forecast(history, value_horizon_days=273, churn_horizon_days=120)
    own = forecast(history, value_horizon_days=273, churn_horizon_days=273)

    def error(chance: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        fifths = np.array_split(np.argsort(chance), 5)
        return float(np.mean([abs(chance[f].mean() - stayed_away[f].mean()) for f in fifths]))

    assert beside.no_order_chance[known].mean() == pytest.approx(stayed_away.mean(), abs=0.05)
    assert error(beside.no_order_chance[known]) <= error(own.churn_risk[known]) + 0.005
