"""What a forecast comes to for the whole shop."""

from dataclasses import replace
from math import log

import pytest

from backend.forecast.summed_up import leavers_found, total_range
from backend.results.forecast_report import (
    CalibrationBin,
    ForecastReport,
    IntervalCoverage,
    TypicalLevelErrors,
)
from backend.results.shop_course import ShopTotal
from backend.store import stored
from tests.store.stored_results import text_of


def forecast(typical: float | None) -> ForecastReport:
    off = None if typical is None else TypicalLevelErrors(orders=9.0, value=typical)
    report = stored.REPORT.read(text_of("typed", "report"))
    return replace(report.forecast, interval_coverage=IntervalCoverage(typical_level_error=off))


def tenth(customers: int, predicted: float, actual: float) -> CalibrationBin:
    return CalibrationBin(customers=customers, from_=0, to=1, predicted=predicted, actual=actual)


def test_four_of_five_totals_lie_in_a_range_as_wide_as_totals_were_off() -> None:
    # A tenth of normal errors lies beyond 1.2816 of their root mean square.
    reach = total_range(1000.0, forecast(log(2) / 1.2815515655446004))
    assert reach is not None
    assert (reach.low, reach.high) == pytest.approx((500.0, 2000.0))


def test_what_a_report_says_of_its_total_goes_before_what_intervals_allow_for() -> None:
    total = ShopTotal(expected=7.0, low=6.0, high=8.0, level_error=log(3) / 1.2815515655446004)
    reach = total_range(1000.0, replace(forecast(0.1), total=total))
    assert reach is not None
    assert (reach.low, reach.high) == pytest.approx((1000 / 3, 3000.0))
    never_tried = replace(total, low=None, high=None, level_error=None)
    assert total_range(1000.0, replace(forecast(0.1), total=never_tried)) is None


def test_a_forecast_that_was_never_tried_has_no_range() -> None:
    assert total_range(1000.0, forecast(None)) is None


def test_of_those_who_were_said_to_leave_it_is_counted_who_did() -> None:
    found = leavers_found([tenth(50, 0.2, 0.9), tenth(100, 0.5, 0.6), tenth(300, 0.9, 0.8)])
    assert found is not None
    assert found.said == 400
    assert found.share_left == pytest.approx((60 + 240) / 400)


def test_where_nobody_was_said_to_leave_nothing_is_counted() -> None:
    assert leavers_found([tenth(50, 0.49, 0.9)]) is None
    assert leavers_found([]) is None
