"""Instants as people write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from backend.core.errors import InvalidRunRequest
from backend.core.instants import in_utc, read_instant

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-06-01", datetime(2024, 5, 31, 22, tzinfo=UTC)),
        ("2024-01-01", datetime(2023, 12, 31, 23, tzinfo=UTC)),
        ("2024-06-01 12:30", datetime(2024, 6, 1, 10, 30, tzinfo=UTC)),
        ("2024-06-01T12:30:00", datetime(2024, 6, 1, 10, 30, tzinfo=UTC)),
        ("2024-06-01T12:30:00Z", datetime(2024, 6, 1, 12, 30, tzinfo=UTC)),
        ("2024-06-01T12:30:00+05:00", datetime(2024, 6, 1, 7, 30, tzinfo=UTC)),
        ("2024-06-01T12:30-03:30", datetime(2024, 6, 1, 16, tzinfo=UTC)),
        (" 2024-06-01 ", datetime(2024, 5, 31, 22, tzinfo=UTC)),
        # The clock shows this hour twice, and skips that one.
        ("2024-10-27T02:30", datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
        ("2024-03-31T02:30", datetime(2024, 3, 31, 1, 30, tzinfo=UTC)),
    ],
)
def test_an_offset_counts_and_without_one_the_shops_zone_does(
    written: str, meant: datetime
) -> None:
    assert in_utc(read_instant(written), BERLIN) == meant


@pytest.mark.parametrize(
    "written",
    ["yesterday", "2024-06-31", "", "2024-06-01T25:00", "[/foo]", "20240601", "0.5", "-1", "1e9"],
)
def test_what_is_no_instant_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="date"):
        read_instant(written)


@pytest.mark.parametrize("written", ["0001-01-01T00:00+05:00", "9999-12-31T23:00-05:00"])
def test_an_instant_beyond_all_years_is_refused_in_words(written: str) -> None:
    with pytest.raises(InvalidRunRequest, match="outside the years"):
        in_utc(read_instant(written), BERLIN)
