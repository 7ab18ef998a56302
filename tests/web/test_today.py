"""What Today says: its figures beside the tables, its sentences for what may happen in a shop."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from backend import store
from backend.core.glossary import Cause
from backend.database.engine import opened, transaction
from backend.results.customer_filter import CustomerFilter
from backend.results.move import MoveCount
from backend.results.shop_course import ShopCourse, YearOverYear
from backend.store.lists import Totals
from backend.store.segment_history import HistoryFilter
from backend.web.rooms.today.today_page import TodayPage, today_page
from backend.web.rooms.today.today_reads import TodaySeen
from tests.chromium import patiently
from tests.conftest import NewDatabase, on_one_kind, wait_for
from tests.live import Live, serving
from tests.performed import NO_WORKER, clustered_shop
from tests.shops import AS_OF
from tests.web.browsing import MASKED_KEY, entered, signed_in
from tests.web.conftest import DAY_BEFORE
from tests.web.test_segments import rows, texts

MINUS = "\N{MINUS SIGN}"


async def seen_in(url: str) -> TodaySeen:
    """Read what Today is told from, with nobody having moved."""
    async with opened(url) as engine:
        async with transaction(engine) as connection:
            found = await store.read_segments(connection)
            history = await store.read_history(connection, HistoryFilter(), limit=9)
        assert found.run_id is not None
        report = await store.read_report(engine, found.run_id)
    assert report is not None
    return TodaySeen(
        report=report,
        segments=found.segments,
        history=history,
        moves=[],
        quiet=CustomerFilter(segment=("slipping_light",), moved_since=AS_OF),
        quiet_totals=None,
    )


@pytest.fixture(scope="module")
def seen(paged: Live) -> TodaySeen:
    """Read what the shop's runs left."""
    return wait_for(seen_in(paged.url))


def moves(*flows: tuple[str | None, str | None, Cause, int]) -> list[MoveCount]:
    return [
        MoveCount(from_segment_id=before, to_segment_id=after, cause=cause, customers=customers)
        for before, after, cause, customers in flows
    ]


def quiet(seen: TodaySeen, total: int, at_risk: str, currency: str | None = None) -> TodayPage:
    totals = Totals(
        total=total, sums={"value_at_risk": Decimal(at_risk)}, means={}, known={"value_at_risk": 1}
    )
    report = replace(seen.report, currency=currency)
    return today_page(replace(seen, report=report, quiet_totals=totals), UTC)


def figures(page: TodayPage) -> Sequence[str]:
    return [one.figure for one in page.tiles]


def test_every_figure_leads_to_what_stands_behind_it(paged: Live) -> None:
    with entered(paged) as client:
        page = unescape(client.get("/app").text)
        links = re.findall(r'<a class="quiet" href="([^"]*)">', page)
        assert links == [
            "/app/customers?sort=-predicted_value",
            "/app/customers",
            "/app/moves",
            "/app/trust",
        ]
        assert '. <a href="/app/moves">See who moved</a>.' in page
        for link in links:
            assert client.get(link).status_code == 200


def test_the_tiles_add_up_what_all_customers_bring(paged: Live) -> None:
    question = (
        "SELECT SUM(predicted_value), SUM(value_at_risk), SUM(1 - churn_risk), COUNT(churn_risk) "
        "FROM customer_intelligence WHERE archetype_id <> 'no_orders'"
    )
    ((expected, at_risk, returning, customers),) = rows(paged.url, question)
    with entered(paged) as client:
        page = unescape(client.get("/app").text)
    shown = texts(page, "strong")
    assert shown[:2] == [f"{expected:,.0f}", f"{at_risk:,.0f}"]
    told = f"{returning:,.0f} of {customers:,} are likely to order again within 6 months"
    assert told in page
    assert "What changed since 2 April 2024, as of 1 June 2024, 00:00." in page


def test_what_is_expected_has_the_range_that_the_report_tells(paged: Live, seen: TodaySeen) -> None:
    total, outlook = seen.report.forecast.total, seen.report.outlook
    assert total is not None
    assert outlook is not None
    assert total.expected == pytest.approx(outlook.expected, abs=1)
    with entered(paged) as client:
        page = unescape(client.get("/app").text)
    assert f"80 % sure: {total.low:,.0f} to {total.high:,.0f}" in page
    assert "from customers known by now, in the next" in page


def test_where_the_shop_is_going_is_told_where_two_years_are_known(seen: TodaySeen) -> None:
    years = YearOverYear.of(75.0, 100.0)
    course = ShopCourse(spend=years, new_customers=years, ordering_again=YearOverYear.of(0.3, 0.4))
    forecast = replace(seen.report.forecast, course=course)
    page = today_page(replace(seen, report=replace(seen.report, forecast=forecast)), UTC)
    assert "the shop sold 25 % less; 25 % fewer customers were new" in page.course
    assert today_page(seen, UTC).course == ""


def test_the_report_of_the_served_run_begins_with_what_today_says(paged: Live) -> None:
    report = unescape(paged.get("/api/mcp/runs/latest/report.html").text)
    with entered(paged) as client:
        page = unescape(client.get("/app").text)
    assert texts(report, "h1") == texts(page, "h1")
    assert texts(report.partition("<h2>")[0], "b") == texts(page, "strong")[:4]
    assert texts(report, "h3")[:2] == texts(page, "h3")


def test_what_was_expected_run_by_run_is_a_chart_with_its_table(paged: Live) -> None:
    history = paged.get("/api/mcp/history").json()["history"]
    with entered(paged) as client:
        page = client.get("/app").text
    figure = re.search(r"<figure.*?</figure>", page, re.DOTALL)
    assert figure is not None
    values = [float(one) for one in re.findall(r'data-value="([^"]+)"', figure[0])]
    by_day = [DAY_BEFORE, AS_OF]
    for at, day in enumerate(by_day):
        parts = [
            one
            for one in history
            if one["as_of"] == day.isoformat().replace("+00:00", "Z") and not one["is_group"]
        ]
        sums = [
            sum(one[name] or 0 for one in parts) for name in ("expected_revenue", "revenue_at_risk")
        ]
        assert values[2 * at : 2 * at + 2] == pytest.approx(sums)
    assert [texts(figure[0], "th")[at] for at in (-2, -1)] == ["2 Apr 2024", "1 Jun 2024"]


def test_who_went_quiet_comes_first_with_money_and_one_click_from_them(seen: TodaySeen) -> None:
    page = quiet(seen, 41, "18200.4", "GBP")
    assert (
        page.headline == "41 customers went quiet: 18,200\N{NO-BREAK SPACE}GBP at risk with them."
    )
    link = urlsplit(page.headline_link)
    assert link.path == "/app/customers"
    assert parse_qs(link.query) == {
        "segment": ["slipping_light"],
        "moved_since": ["2024-06-01T00:00:00+00:00"],
    }
    assert page.headline_link_name == "See the 41"


@pytest.mark.parametrize(
    ("currency", "written"),
    [("JPY", "18\N{NO-BREAK SPACE}JPY"), ("KWD", "18.250\N{NO-BREAK SPACE}KWD")],
)
def test_money_has_the_decimals_of_its_currency(
    seen: TodaySeen, currency: str, written: str
) -> None:
    page = quiet(seen, 1, "18.25", currency)
    assert page.headline == f"1 customer has gone quiet: {written} at risk with them."
    assert page.headline_link_name == "See who it is"


def test_where_nobody_went_quiet_the_expected_comes_first(seen: TodaySeen) -> None:
    page = today_page(seen, UTC)
    assert page.headline.startswith("Nobody went quiet. ")
    assert page.headline_link == "/app/customers?min_frequency=1"
    assert page.headline_link_name == f"See the {seen.report.customers.with_orders}"
    assert page.others == ""


def test_a_first_run_compares_with_nothing(seen: TodaySeen) -> None:
    latest = [one for one in seen.history if one.run_id == seen.report.run_id]
    page = today_page(replace(seen, history=latest), UTC)
    assert "customers with orders are expected to bring" in page.headline
    assert "This is the first run" in page.since
    assert page.trend is None
    assert {one.change for one in page.segments} == {"\N{EN DASH}"}


def test_who_came_back_and_who_ordered_first_and_who_is_gone_are_told_apart(
    seen: TodaySeen,
) -> None:
    by, border = Cause.BEHAVIOUR, Cause.MODEL
    told = moves(
        ("slipping_light", "regular_repeat", by, 7),
        ("lapsed_one_time", "low_value_repeat", by, 5),
        ("slipping_high_value", "high_value_repeat", border, 1000),
        (None, "new_one_time", by, 30),
        ("no_orders", "new_one_time", by, 4),
        (None, "no_orders", by, 500),
        ("new_one_time", "low_value_repeat", by, 9),
        ("slipping_light", "lapsed_repeat", by, 3),
        ("new_one_time", "lapsed_one_time", by, 8),
        ("lapsed_repeat", "lapsed_high_value", by, 600),
        ("regular_repeat", None, by, 2),
        ("no_orders", None, by, 700),
        ("regular_repeat", "high_value_repeat", by, 800),
    )
    page = today_page(replace(seen, moves=told), UTC)
    assert page.others == (
        "12 customers came back, 34 ordered for the first time, 9 ordered a second time, "
        "11 have stayed away so long that they count as lapsed."
    )
    assert figures(page)[2] == f"+34 {MINUS}13"


def test_who_was_moved_by_a_border_alone_is_not_blamed(seen: TodaySeen) -> None:
    told = moves(
        ("regular_repeat", "slipping_light", Cause.MODEL, 6),
        ("regular_repeat", "slipping_light", Cause.BEHAVIOUR, 9),
    )
    page = today_page(replace(seen, moves=told), UTC)
    assert page.by_border.startswith("6 of them did nothing themselves")
    assert today_page(seen, UTC).by_border == ""


def test_only_what_may_spoil_results_is_noted(seen: TodaySeen) -> None:
    page = today_page(seen, UTC)
    findings = seen.report.readiness.findings
    assert page.notes == [one.sentence for one in findings if one.level in {"warning", "error"}]
    assert len(page.notes) < len(findings)


def test_days_are_those_of_the_shop_s_time_zone(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    variables = {**NO_WORKER, "SHOP_TIME_ZONE": "Pacific/Auckland"}
    url = new_sqlite(clustered_shop)
    with serving(url, tmp_path, variables=variables) as live, entered(live) as client:
        assert "As of 1 June 2024, 12:00." in client.get("/app").text


@on_one_kind
def test_pages_are_the_same_on_every_database(new_database: NewDatabase, tmp_path: Path) -> None:
    with (
        serving(new_database(clustered_shop), tmp_path, variables=NO_WORKER) as live,
        entered(live) as client,
    ):
        segment_id = live.get("/api/mcp/segments").json()["segments"][0]["id"]
        told = live.get(f"/api/mcp/segments/{segment_id}").json()
        below = f"/app/segments/{segment_id}"
        for path in ("/app", "/app/segments", below, f"{below}/products"):
            assert client.get(path).status_code == 200, path
        assert f"{told['expected_revenue']:,.0f}" in client.get("/app").text


def test_a_masked_key_reads_the_same_figures(paged: Live) -> None:
    with entered(paged) as client, entered(paged, MASKED_KEY) as masked:
        assert texts(client.get("/app").text, "strong") == texts(masked.get("/app").text, "strong")


@pytest.mark.external
def test_charts_are_drawn_and_their_tables_stay_at_hand(paged: Live, browser: Chrome) -> None:
    drawn = "return Chart.getChart(document.querySelector('figure canvas')).data.datasets.length"
    with signed_in(browser, paged):
        browser.get(f"{paged.address}/app")
        canvas = browser.find_element(By.CSS_SELECTOR, "figure canvas")
        patiently(browser).until(lambda _: browser.execute_script(drawn) == 2)
        assert canvas.is_displayed()
        assert canvas.get_attribute("aria-label")
        table = browser.find_element(By.CSS_SELECTOR, "figure table")
        assert not table.is_displayed()
        browser.find_element(By.CSS_SELECTOR, "figure summary").click()
        assert table.is_displayed()
