import re
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from backend.behaviour.history import OrderHistory, PurchaseDays
from backend.forecast.influence import limited_mean
from backend.forecast.learn import forecast_tuning
from backend.forecast.learn.blend import fit_horizon, settle
from backend.forecast.learn.forecast_tuning import TUNED, ForecastTuning
from backend.forecast.learn.lifetime_base import fit_base
from backend.forecast.lifetime import summarise
from backend.forecast.prediction import Prediction
from backend.segments.learn import segment_tuning

HORIZON_DAYS = 180


def _unexplained(source: str) -> Iterator[str]:
    """Yield a module's tuned numbers that no comment stands above, nor above those they follow."""
    lines = source.splitlines()
    for line, before in zip(lines[1:], lines, strict=False):
        number = re.match(r"    (\w+): [^#]+ = (?!\w+Tuning\(\))", line)
        if number and not re.match(r"    (# |\w+: [^#]+ = )", before):
            yield number[1]


@pytest.mark.parametrize("module", [forecast_tuning, segment_tuning])
def test_every_tuned_number_says_where_it_comes_from(module: ModuleType) -> None:
    assert module.__file__ is not None
    source = Path(module.__file__).read_text()
    assert source.count("    # ") > 15
    assert [*_unexplained(source)] == []


def test_a_tuned_number_without_a_word_is_found() -> None:
    unexplained = "class A:\n    # Why.\n    a: int = 1\n    b: int = 2\n\n    c: int = 3"
    assert [*_unexplained(unexplained)] == ["c"]


def test_tuning_is_replaced_and_never_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        TUNED.level.recent_trust = 1.0  # type: ignore[misc]
    other = replace(TUNED, level=replace(TUNED.level, recent_trust=1.0))
    assert other != TUNED
    assert TUNED.level.recent_trust < 1


def test_a_lifetime_model_can_stand_alone(small_shop: OrderHistory) -> None:
    summary = summarise(small_shop.purchase_days())
    base = fit_base(summary, replace(TUNED.lifetime, averaged=("mbg_nbd",)))
    expected, none = base.mbg_nbd.expect(summary.x, summary.t_x, summary.T, HORIZON_DAYS)
    scores = base.score(summary, HORIZON_DAYS)
    np.testing.assert_allclose(scores.expected, expected)
    np.testing.assert_allclose(scores.none_by_model, [none])


def test_without_a_spend_of_their_own_customers_spend_like_the_mean_one(
    small_shop: OrderHistory,
) -> None:
    summary = summarise(small_shop.purchase_days())
    base = fit_base(summary, replace(TUNED.lifetime, own_spend_share=0.0))
    mean = limited_mean(summary.spend / summary.purchase_days)
    assert base.score(summary, HORIZON_DAYS).spend_per_day == pytest.approx(mean)


def test_what_may_not_boost_is_left_to_the_lifetime_models(small_shop: OrderHistory) -> None:
    days = small_shop.purchase_days()
    assert fit_horizon(days, HORIZON_DAYS, seed=0).buy is not None
    never = replace(TUNED, boosting=replace(TUNED.boosting, least_rarer_outcomes=np.inf))
    assert fit_horizon(days, HORIZON_DAYS, seed=0, tuning=never).buy is None


def _settled(days: PurchaseDays, tuning: ForecastTuning) -> Prediction:
    model = fit_horizon(days, HORIZON_DAYS, seed=0, tuning=tuning)
    return settle(model, model.before_totals(days), tuning.blend)[1]


def test_boosting_can_keep_a_total_of_its_own(small_shop: OrderHistory) -> None:
    days = small_shop.purchase_days()
    own = replace(TUNED, blend=replace(TUNED.blend, totals_of_base=False))
    base, kept, free = (
        _settled(days, tuning).purchase_days.sum()
        for tuning in (
            replace(TUNED, boosting=replace(TUNED.boosting, least_purchases=np.inf)),
            TUNED,
            own,
        )
    )
    assert kept == pytest.approx(base)
    assert free != pytest.approx(base, rel=1e-3)
