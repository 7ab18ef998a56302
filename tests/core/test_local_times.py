"""No zone and no number of days leads to a year that a date cannot have."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from backend.core.local_times import days_before, local_time


@pytest.mark.parametrize(
    ("instant", "zone", "shown"),
    [
        ("2024-06-01T12:00Z", "Europe/Berlin", "2024-06-01T14:00"),
        ("0001-01-01T00:00Z", "America/New_York", "0001-01-01T00:00"),
        ("0001-01-01T03:00Z", "Pacific/Honolulu", "0001-01-01T00:00"),
        ("9999-12-31T23:00Z", "Pacific/Auckland", "9999-12-31T23:59:59.999999"),
    ],
)
def test_clocks_show_no_year_that_a_date_cannot_have(instant: str, zone: str, shown: str) -> None:
    there = local_time(datetime.fromisoformat(instant), ZoneInfo(zone))
    assert there.replace(tzinfo=None) == datetime.fromisoformat(shown)
    assert there.tzinfo == ZoneInfo(zone)


def test_no_day_is_before_the_first_of_all() -> None:
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert days_before(first + timedelta(days=2), 2) == first
    assert days_before(first + timedelta(days=2), 3) == first
    assert days_before(datetime(2024, 3, 1, tzinfo=UTC), 1) == datetime(2024, 2, 29, tzinfo=UTC)
