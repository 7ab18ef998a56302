"""The room Trust: its sentences beside the trials that the report of the run has."""

import re
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NewDatabase
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER, perform_once
from tests.shops import AS_OF, fill, invented
from tests.web.browsing import MASKED_KEY, entered
from tests.web.conftest import DAY_BEFORE

REPORT = "/api/mcp/runs/{run_id}/report"


def forecast_of(live: Live) -> dict[str, Any]:
    run = live.get("/api/admin/runs", ADMIN_KEY).json()["runs"][0]
    return dict(live.get(REPORT.format(**run)).json()["forecast"])


def page_of(live: Live, key: str = API_KEY) -> str:
    with entered(live, key) as client:
        return unescape(client.get("/app/trust").text)


def tiles(page: str) -> dict[str, str]:
    found = re.findall(r'<div class="tile"><dt>(.*?)</dt><dd>(.*?)</dd>', page)
    return {name: re.sub(r"<[^>]+>", " ", told).strip() for name, told in found}


def rows(page: str, title: str) -> list[list[str]]:
    """Return the texts of a table that has this label, row by row."""
    table = page.partition(f'role="group" aria-label="{title}"')[2].partition("</table>")[0]
    body = table.partition("<tbody>")[2]
    found = [re.findall(r"<t[hd].*?</t[hd]>", one) for one in re.findall(r"<tr>.*?</tr>", body)]
    return [[re.sub(r"<[^>]+>", "", one) for one in row] for row in found]


@pytest.mark.parametrize("key", [API_KEY, MASKED_KEY, ADMIN_KEY])
def test_of_those_who_were_said_to_leave_so_many_did(paged: Live, key: str) -> None:
    tenths = forecast_of(paged)["backtest"]["churn"]["calibration"]
    said = [one for one in tenths if one["predicted"] >= 0.5]
    customers = sum(one["customers"] for one in said)
    left = sum(one["customers"] * one["actual"] for one in said)
    page = page_of(paged, key)
    assert (
        f"<h1>Of 100 customers we said would leave, {100 * left / customers:.0f} did</h1>" in page
    )
    told = tiles(page)["Who would leave"]
    assert told.startswith(f"{100 * left / customers:.0f} in 100 ")
    assert f"left of the {customers:,} we said would, within 6 months" in told


def test_every_tenth_says_what_was_said_of_it_and_what_came(paged: Live) -> None:
    tenths = forecast_of(paged)["backtest"]["churn"]["calibration"]
    shown = rows(page_of(paged), "Who was said to leave, beside who did")
    assert len(shown) == len(tenths) == 10
    for number, (row, one) in enumerate(zip(shown, tenths, strict=True), 1):
        assert row == [
            f"{number} ({one['customers']} customers)",
            f"{100 * one['predicted']:.0f} in 100",
            f"{100 * one['actual']:.0f} in 100",
        ]


def test_what_was_expected_stands_beside_what_came(paged: Live) -> None:
    trials = forecast_of(paged)["backtest"]["value"]["cutoffs"]
    page = page_of(paged)
    shown = rows(page, "What was expected, beside what came")
    assert len(shown) == len(trials) > 0
    for row, one in zip(shown, reversed(trials), strict=True):
        day = date.fromisoformat(one["date"])
        assert row == [
            f"{day.day} {day:%b %Y}",
            f"{one['predicted_spend']:,.0f}",
            f"{one['actual_spend']:,.0f}",
        ]
    latest = trials[0]
    percent = round(100 * (latest["predicted_spend"] / latest["actual_spend"] - 1))
    told = tiles(page)["What they would spend"]
    assert told.startswith(f"{abs(percent)} % too {'much' if percent > 0 else 'little'}")
    assert f"{latest['predicted_spend']:,.0f} were expected" in told
    assert f"{latest['actual_spend']:,.0f} came" in told


def test_ranges_and_ranks_are_told_in_customers(paged: Live) -> None:
    forecast = forecast_of(paged)
    inside = forecast["interval_coverage"]["value"]["overall"]
    best = forecast["backtest"]["value"]["lift"][0]["share_of_spend"]
    told = tiles(page_of(paged))
    assert told["How sure the ranges are"].startswith(f"{100 * inside:.0f} in 100 ")
    assert told["Who matters most"].startswith(f"{100 * best:.0f} % ")


def test_a_forecast_that_is_too_young_says_when_it_can_be_told(paged: Live) -> None:
    page = page_of(paged)
    first = DAY_BEFORE
    for what, days in (("revenue within 12 months", 365), ("who leaves within 6 months", 180)):
        due = first + timedelta(days=days)
        assert (
            f"<p>No published forecast of {what} is old enough to be held against what came: the "
            f"first will be on {due.day} {due:%B %Y}.</p>"
        ) in page
    assert "Revenue: said, and come" not in page


def test_a_forecast_made_a_year_ago_stands_beside_what_came(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    with serving(new_sqlite(seen_a_year_apart), tmp_path, variables=NO_WORKER) as live:
        run = live.get("/api/admin/runs", ADMIN_KEY).json()["runs"][0]
        due = live.get(REPORT.format(**run)).json()["due"]
        page = page_of(live)
    (revenue,), (leaving,) = due["revenue"], due["leaving"]
    assert (
        f"<p>On 2 June 2023 we expected {revenue['expected']:,.0f} within 12 months from who had "
        f"ordered by then; {revenue['came']:,.0f} came.</p>"
    ) in page
    assert f"not to order within 6 months; {leaving['came']:,.0f} did not.</p>" in page
    for title, one in (
        ("Revenue: said, and come", revenue),
        ("Leaving customers: said, and gone", leaving),
    ):
        assert rows(page, title) == [
            ["2 Jun 2023", f"{one['expected']:,.0f}", f"{one['came']:,.0f}"]
        ]
    assert "old enough" not in page


async def seen_a_year_apart(url: str) -> None:
    """Prepare a shop that one run has seen, and another a year later."""
    await fill(url, invented(80))
    for days in (365, 0):
        await perform_once(url, as_of=AS_OF - timedelta(days=days))


def test_the_statistician_finds_every_measure_below_the_fold(paged: Live) -> None:
    backtest = forecast_of(paged)["backtest"]
    above, _, below = page_of(paged).partition("For the statistician")
    shown = {row[0].split()[0]: row[2:] for row in [*rows(below, "Churn"), *rows(below, "Value")]}
    log_losses = [one["churn_log_loss"] for one in backtest["churn"]["metrics"].values()]
    ginis = [one["spend_gini"] for one in backtest["value"]["metrics"].values()]
    for name, scores in (("Log", log_losses), ("Gini", ginis)):
        assert shown[name] == ["\N{EN DASH}" if one is None else f"{one:,.3f}" for one in scores]
    for word in ("Gini", "Log loss", "AUC", "calibration"):
        assert word not in above


def test_a_history_that_is_too_short_is_said_to_be(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    async def young(url: str) -> None:
        await fill(url, invented(3))
        await perform_once(url, as_of=AS_OF)

    with serving(new_sqlite(young), tmp_path, variables=NO_WORKER) as live:
        assert forecast_of(live)["backtest"] == {"value": None, "churn": None}
        page = page_of(live)
    assert "<h1>The history is too short to try the numbers on this shop's own past</h1>" in page
    assert "<figure" not in page
    assert "For the statistician" not in page
