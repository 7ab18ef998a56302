"""Days and numbers of things as people read them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from backend.wording.dates import day, horizon, moment, short_day, signed

LATE = datetime(2011, 12, 8, 23, 30, tzinfo=UTC)


def test_days_are_those_of_the_shop() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert day(LATE, UTC) == "8 December 2011"
    assert day(LATE, berlin) == "9 December 2011"
    assert short_day(LATE, berlin) == "9 Dec 2011"
    assert moment(LATE, berlin) == "9 December 2011, 00:30"


@pytest.mark.parametrize(
    ("days", "written"),
    [(365, "12 months"), (180, "6 months"), (30, "1 month"), (100, "100 days"), (1, "1 day")],
)
def test_a_horizon_is_told_in_months_where_they_fit(days: int, written: str) -> None:
    assert horizon(days) == written


@pytest.mark.parametrize(
    ("change", "written"), [(1200, "+1,200"), (-1200, "\N{MINUS SIGN}1,200"), (0, "0")]
)
def test_a_change_has_its_sign(change: int, written: str) -> None:
    assert signed(change) == written
