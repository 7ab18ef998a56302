"""Which of many runs the room Segments offers to compare."""

from datetime import UTC, datetime, timedelta

from backend.store import ComparableRun
from backend.web.rooms.segments.runs_offered import choices, offered

LAST = datetime(2026, 11, 28, 2, tzinfo=UTC)


def night(days_before: int, *, was_published: bool = True, minutes: int = 0) -> ComparableRun:
    as_of = LAST - timedelta(days=days_before)
    kind = "published" if was_published else "reported"
    return ComparableRun(
        run_id=f"{kind}-{days_before}-{minutes}",
        as_of=as_of,
        ended_at=as_of + timedelta(minutes=1 + minutes),
        was_published=was_published,
        has_moves=was_published,
    )


def test_of_three_years_of_nights_those_of_a_month_and_then_one_a_month_are_offered() -> None:
    nights = [night(days) for days in range(3 * 365)]
    found = offered(nights, ["published-500-0"], UTC)
    assert found[:30] == nights[:30]
    earlier = [one for one in found[30:] if one.run_id != "published-500-0"]
    assert len(found) - len(earlier) == 31
    # October 2026, whose last nights are among the thirty, to the one that they begin in.
    assert [(one.as_of.year, one.as_of.month) for one in earlier] == [
        (year, month)
        for year in (2026, 2025, 2024, 2023)
        for month in range(12, 0, -1)
        if (2023, 11) <= (year, month) <= (2026, 10)
    ]
    assert all((one.as_of + timedelta(days=1)).day == 1 for one in earlier[1:])


def test_of_those_that_only_reported_the_latest_are_offered_whatever_they_describe() -> None:
    reported = [night(days, was_published=False) for days in range(400, 430)]
    found = offered([night(0), *reported], [None], UTC)
    assert found == [night(0), *reported[:15]]


def test_runs_of_one_day_are_told_apart() -> None:
    runs = [night(0), night(1), night(1, minutes=5), night(1, was_published=False, minutes=9)]
    published, reported = choices(runs, "published-1-5", UTC)
    assert [one.name for one in published.runs] == [
        "28 Nov 2026",
        "27 Nov 2026, by the run of 27 November 2026, 02:01",
        "27 Nov 2026, by the run of 27 November 2026, 02:06",
    ]
    assert [one.is_chosen for one in published.runs] == [False, False, True]
    assert (published.name, reported.name) == ("Published", "Reported only")
    assert [one.name for one in reported.runs] == [
        "27 Nov 2026, by the run of 27 November 2026, 02:10"
    ]
