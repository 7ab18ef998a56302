"""The room Segments: its numbers beside the tables, its names, and what is hostile in them."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from backend.database.engine import opened
from tests.chromium import patiently
from tests.conftest import NewDatabase
from tests.databases import migrated
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER, clustered, clustered_shop, config_of, performed
from tests.shops import AS_OF
from tests.web.browsing import entered, every_width, leaving, look_at, signed_in, without_scripts
from tests.web.conftest import DAY_BEFORE

HOSTILE = "<script>document.title='taken'</script>\"'{{ 7*7 }}"


def rows(url: str, question: str, *values: object) -> Sequence[tuple[Any, ...]]:
    """Ask the tables themselves."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        return connection.execute(question, values).fetchall()


def texts(html: str, tag: str) -> list[str]:
    """Return what stands in the elements of a kind, without markup."""
    found = re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", html, re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", one)).strip() for one in found]


@pytest.fixture
def named(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop whose segments may be renamed."""
    with serving(new_sqlite(clustered_shop), tmp_path, variables=NO_WORKER) as live:
        yield live


def first_segment(live: Live) -> str:
    return str(live.get("/api/mcp/segments").json()["segments"][0]["id"])


Cells = dict[str, list[tuple[str, str]]]


def table_of(page: str) -> Cells:
    """Return the first table of a page: by name the cells of each row, each with what is below."""
    rows = re.findall(r"<tr>.*?</tr>", page.partition("<tbody>")[2].partition("</table>")[0])
    return {
        texts(row, "th")[0]: [
            (unescape(figure), unescape(change))
            for figure, change in re.findall(
                r"<td[^>]*>([^<]*)(?:<br><small[^>]*>([^<]*)</small>)?</td>", row
            )
        ]
        for row in rows
    }


def test_the_table_adds_up_what_the_customers_of_each_segment_bring(paged: Live) -> None:
    sums = rows(
        paged.url,
        "SELECT archetype_name, COUNT(*), SUM(historical_value), SUM(predicted_value), "
        "SUM(value_at_risk), AVG(churn_risk) FROM customer_intelligence "
        "WHERE archetype_id <> 'no_orders' GROUP BY archetype_name",
    )
    with entered(paged) as client:
        shown = table_of(client.get("/app/segments").text)
    everybody = sum(one[1] for one in sums)
    leaving = sum(one[1] * one[-1] for one in sums) / everybody
    total = ("All with orders", everybody, *(sum(one[at] for one in sums) for at in (2, 3, 4)))
    for name, count, *amounts, churn in [*sums, (*total, leaving)]:
        assert [figure for figure, _ in shown.pop(name)] == [
            f"{count:,}",
            f"{100 * count / everybody:.0f} %",
            *(f"{amount:,.0f}" for amount in amounts),
            f"{100 * churn:.0f} in 100 within 6 months",
        ]
    assert all(cells[0][0] == "0" for cells in shown.values())  # nobody is in those gone since


MONEY = ("historical_revenue", "expected_revenue", "revenue_at_risk")
Row = dict[str, Any]


def as_of(history: Sequence[Row], run: str) -> str:
    return str(next(one["as_of"] for one in history if one["run_id"] == run))


def by_segment(history: Sequence[Row], run: str) -> dict[str, Row]:
    return {
        one["segment_id"]: one
        for one in history
        if one["run_id"] == run and not one["is_group"] and one["segment_id"] != "no_orders"
    }


def signed(change: float, *, whole: bool = True) -> str:
    """Write a difference as the room does; "same" where there is none."""
    size = f"{abs(change):,.0f}" if whole or abs(change) >= 99.5 else f"{abs(change):,.2f}"
    sign = "+" if change > 0 else "\N{MINUS SIGN}"
    return f"{sign}{size}" if round(change, 2) else "same"


def differences(now: Row | None, before: Row | None) -> list[str]:
    """Return by how much a segment differs, column by column, where nobody in it is nothing."""
    of_now, of_before = (
        [0, *(0 for _ in MONEY)] if one is None else [one["customer_count"], *map(one.get, MONEY)]
        for one in (now, before)
    )
    size, *money = (one - other for one, other in zip(of_now, of_before, strict=True))
    return [signed(size), *(signed(one, whole=False) for one in money)]


def hundredths(row: Row) -> int:
    return int(f"{100 * row['churn_risk_avg']:.0f}")


def test_any_two_runs_can_be_compared_in_all_that_is_kept_of_them(paged: Live) -> None:
    history = paged.get("/api/mcp/history").json()["history"]
    runs = sorted({one["run_id"] for one in history}, key=lambda run: as_of(history, run))
    for before, now in (runs, runs[::-1]):
        rows_now, rows_before = by_segment(history, now), by_segment(history, before)
        names = {one["segment_id"]: one["name"] for one in history if one["run_id"] == runs[-1]}
        with entered(paged) as client:
            page = client.get("/app/segments", params={"run": now, "before": before}).text
        shown = table_of(page)
        told = {one["segment_id"]: one["name"] for one in history} | names
        for segment_id in rows_now.keys() | rows_before.keys():
            cells = [change for _, change in shown.pop(told[segment_id])]
            this, other = rows_now.get(segment_id), rows_before.get(segment_id)
            assert [cells[0], *cells[2:5]] == differences(this, other)
            if this and other:
                points = hundredths(this) - hundredths(other)
                assert cells[5] == (f"{signed(points)} in 100" if points else "same")
        together = [added_up(one) for one in (rows_now, rows_before)]
        total = [change for _, change in shown.pop("All with orders")]
        assert [total[0], *total[2:5]] == differences(*together)
        assert shown == {}


def added_up(rows: dict[str, Row]) -> Row:
    return {name: sum(one[name] for one in rows.values()) for name in ("customer_count", *MONEY)}


def test_what_changed_is_said_in_words_and_leads_to_who_moved(paged: Live) -> None:
    history = paged.get("/api/mcp/history").json()["history"]
    first, last = sorted({one["run_id"] for one in history}, key=lambda run: as_of(history, run))
    now, before = (by_segment(history, run) for run in (last, first))
    sums, then = added_up(now), added_up(before)
    with entered(paged) as client:
        page = unescape(client.get("/app/segments").text)
        more = sums["customer_count"] - then["customer_count"]
        assert (
            f"{sums['customer_count']:,} customers with orders, {more:,} more than the "
            f"{then['customer_count']:,} then."
        ) in page
        for name, said in zip(
            MONEY, ("Brought so far", "Expected in 12 months", "At risk"), strict=True
        ):
            change = sums[name] - then[name]
            percent = f"{abs(100 * change / then[name]):,.1f} %"
            told = f"{abs(change):,.0f} ({percent}) {'more' if change > 0 else 'less'} than then"
            assert f"{said}: {sums[name]:,.0f}. That is {told}" in page
        grown = {one: now[one]["customer_count"] - before[one]["customer_count"] for one in now}
        largest = max(grown, key=lambda one: grown[one])
        assert f"{now[largest]['name']} grew most: {grown[largest]} customer" in page
        assert f'href="/app/moves?run={last}&before={first}"' in page
        assert client.get(f"/app/moves?run={last}&before={first}").status_code == 200


def test_a_run_that_only_reported_can_stand_beside_a_published_one(named: Live) -> None:
    served = named.get("/api/mcp/segments").json()["run_id"]
    again = performed(named, publish="never", as_of=AS_OF)["run_id"]
    with entered(named) as client:
        published = client.get("/app/segments").text
        page = client.get(f"/app/segments?run={again}").text
    # The same instant of the same shop: what a run published, another that only reports finds.
    alike, alone = table_of(page), table_of(published)
    assert {name: [one[0] for one in cells] for name, cells in alike.items()} == {
        name: [one[0] for one in cells] for name, cells in alone.items()
    }
    assert {change for cells in alike.values() for _, change in cells} <= {"same", ""}
    assert f'<option value="{again}" selected>' in page.partition('label="Reported only"')[2]
    assert f'<option value="{served}" selected>' in page.partition('label="Published"')[2]
    assert 'data-chart="scatter"' in page
    assert "See who moved" not in page


def test_a_date_before_can_be_looked_at_by_a_run_that_only_reports(named: Live) -> None:
    earlier = performed(named, publish="never", as_of=DAY_BEFORE)["run_id"]
    report = named.get(f"/api/admin/runs/{earlier}/report", ADMIN_KEY).json()
    money = {one["segment_id"]: one for one in report["outlook"]["money"]}
    then = {
        one["id"]: {**one, **money[one["id"]]}
        for one in report["segments"]
        if one["id"] != "no_orders"
    }
    history = named.get("/api/mcp/history").json()["history"]
    now = by_segment(history, history[0]["run_id"])
    with entered(named) as client:
        shown = table_of(client.get(f"/app/segments?before={earlier}").text)
    for segment_id in now.keys() | then.keys():
        name = (now.get(segment_id) or then[segment_id])["name"]
        cells = [change for _, change in shown[name]]
        assert [cells[0], *cells[2:5]] == differences(now.get(segment_id), then.get(segment_id))


def test_runs_that_look_differently_far_are_compared_in_what_came_alone(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    async def farther(url: str) -> None:
        await clustered_shop(url)
        async with opened(url) as engine:
            await clustered(engine, url, config_of(url, prediction_horizon_days=90), as_of=AS_OF)

    url = new_sqlite(farther)
    with serving(url, tmp_path, variables=NO_WORKER) as live, entered(live) as client:
        page = client.get("/app/segments").text
        today = client.get("/app").text
    changes = [[change for _, change in cells] for cells in table_of(page).values()]
    assert {(row[0], row[2]) for row in changes} == {("same", "same")}
    assert {change for row in changes for change in row[3:]} == {""}
    assert "look differently far ahead" in page
    assert "Expected in 3 months" in page
    assert "<canvas" not in today  # one point of what is expected within three months is no line


def test_a_run_that_is_not_known_is_the_latest(paged: Live) -> None:
    with entered(paged) as client:
        latest = client.get("/app/segments").text
        assert client.get("/app/segments?run=nonsense&before=%00").text == latest


def test_a_segment_is_told_as_the_api_tells_it(paged: Live) -> None:
    segment_id = first_segment(paged)
    told = paged.get(f"/api/mcp/segments/{segment_id}").json()
    with entered(paged, API_KEY) as client:
        page = client.get(f"/app/segments/{segment_id}").text
    figures = texts(page, "strong")
    assert figures[0] == f"{told['customer_count']:,}"
    assert figures[1] == f"{told['historical_revenue']:,.0f}"
    assert figures[2] == f"{told['expected_revenue']:,.0f}"
    assert figures[3] == f"{told['revenue_at_risk']:,.0f}"
    assert figures[4] == f"{100 * told['churn_risk_avg']:.0f} in 100"
    assert told["rule"]["sentence"] in unescape(page)
    assert f'href="/app/customers?segment={segment_id}"' in page
    assert "<form" not in page.partition("<main")[2]  # only admins name segments


def test_where_one_customer_carries_a_segment_its_median_is_told(paged: Live) -> None:
    with entered(paged, API_KEY) as client:
        for one in paged.get("/api/mcp/segments").json()["segments"]:
            page = client.get(f"/app/segments/{one['id']}").text
            assert ("of this segment's lifetime value" in page) == one["ltv_carried_by_one"]


def test_who_came_and_who_went_are_a_click_away(paged: Live) -> None:
    segments = paged.get("/api/mcp/segments").json()["segments"]
    largest = max(segments, key=lambda one: one["customer_count"])["id"]
    detail = paged.get(f"/api/mcp/segments/{largest}").json()
    neighbours = [*detail["came_from"], *detail["went_to"]]
    assert neighbours
    with entered(paged) as client:
        page = unescape(client.get(f"/app/segments/{largest}").text)
        links = re.findall(r'<li><a href="(/app/moves[^"]*)">[^<]*: ([\d,]+)</a>', page)
        assert [int(count) for _, count in links] == [one["customers"] for one in neighbours]
        for link, count in links:
            assert f'<p class="soft">{count} customer' in client.get(link).text


def test_no_segment_of_that_id_is_a_page_that_says_so(paged: Live) -> None:
    with entered(paged) as client:
        for path in ("/app/segments/nobody", "/app/segments/nobody/products"):
            answer = client.get(path)
            assert answer.status_code == 404
            assert "nobody" in answer.text


def test_an_admin_names_a_segment_and_the_audit_says_who(named: Live) -> None:
    segment_id = first_segment(named)
    with entered(named, ADMIN_KEY) as client:
        form = {"name": "  Inner Circle ", "description": "Those we invite."}
        answer = client.post(f"/app/segments/{segment_id}", data=form)
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"/app/segments/{segment_id}",
        )
        assert texts(client.get(f"/app/segments/{segment_id}").text, "h1") == ["Inner Circle"]
        told = named.get(f"/api/mcp/segments/{segment_id}").json()
        assert (told["name"], told["description"]) == ("Inner Circle", "Those we invite.")
        client.post(f"/app/segments/{segment_id}", data={"name": "Inner Circle"})
    told = named.get(f"/api/mcp/segments/{segment_id}").json()
    assert told["description"] == told["rule"]["sentence"]
    audited = named.get("/api/admin/audit", ADMIN_KEY).json()["entries"][0]
    headers = {"X-API-Key": ADMIN_KEY}
    named.client.patch(
        f"/api/admin/segments/{segment_id}", json={"name": "By the API"}, headers=headers
    )
    by_the_api = named.get("/api/admin/audit", ADMIN_KEY).json()["entries"][0]
    assert audited["action"] == "segment_renamed"
    assert audited["key"] == by_the_api["key"]


def test_what_cannot_be_a_name_is_told_beside_the_form(named: Live) -> None:
    segments = named.get("/api/mcp/segments").json()["segments"]
    segment_id, other = segments[0]["id"], segments[-1]["name"]
    assert segments[0]["name"] != other
    with entered(named) as client:
        for name in (other, "", "x" * 256):
            answer = client.post(
                f"/app/segments/{segment_id}",
                data={"name": name, "description": "kept in the form"},
            )
            assert answer.status_code == 422
            assert 'role="alert"' in answer.text
            assert "kept in the form" in answer.text
    assert first_name(named) == segments[0]["name"]


def first_name(live: Live) -> str:
    return str(live.get("/api/mcp/segments").json()["segments"][0]["name"])


def test_who_does_not_administer_names_nothing(named: Live) -> None:
    before, segment_id = first_name(named), first_segment(named)
    with entered(named, API_KEY) as client:
        answer = client.post(f"/app/segments/{segment_id}", data={"name": "Mine"})
    assert answer.status_code == 403
    assert "admin key" in answer.text
    assert first_name(named) == before


def test_without_a_run_every_room_says_what_to_do(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    with (
        serving(new_sqlite(migrated), tmp_path, variables=NO_WORKER) as live,
        entered(live) as client,
    ):
        for path in ("/app", "/app/segments", "/app/segments/any"):
            answer = client.get(path)
            assert answer.status_code == 200
            assert "Nothing has been learnt" in answer.text


def rename(client: httpx.Client, segment_id: str, name: str) -> None:
    answer = client.post(f"/app/segments/{segment_id}", data={"name": name, "description": HOSTILE})
    assert answer.status_code == 303


@every_width
@pytest.mark.external
def test_hostile_names_stay_text(named: Live, browser: Chrome, width: int) -> None:
    segment_id = first_segment(named)
    with entered(named) as client:
        rename(client, segment_id, HOSTILE)
    with signed_in(browser, named):
        for path in ("/app", "/app/segments", f"/app/segments/{segment_id}"):
            browser.get(named.address + path)
            assert browser.title != "taken"
            assert HOSTILE in browser.find_element(By.TAG_NAME, "main").text
        look_at(browser, f"{named.address}/app/segments/{segment_id}", width)


@every_width
@pytest.mark.external
def test_products_come_by_themselves_and_without_scripts_by_a_link(
    paged: Live, browser: Chrome, width: int
) -> None:
    segment_id = first_segment(paged)
    bought = paged.get(f"/api/mcp/segments/{segment_id}/products").json()["products"]
    with signed_in(browser, paged):
        browser.get(f"{paged.address}/app/segments/{segment_id}")
        shown = patiently(browser).until(
            lambda _: browser.find_elements(By.CSS_SELECTOR, "[data-hx-get] tbody th")
        )
        assert [one.text for one in shown] == [one["product_title"] for one in bought]
        look_at(browser, f"{paged.address}/app/segments/{segment_id}/products", width)
        with without_scripts(browser):
            browser.get(f"{paged.address}/app/segments/{segment_id}")
            with leaving(browser):
                browser.find_element(By.CSS_SELECTOR, "[data-hx-get] a").click()
            assert browser.current_url.endswith("/products")
            assert len(browser.find_elements(By.CSS_SELECTOR, "tbody th")) == len(bought)


def test_the_map_shows_the_sample_that_the_report_has(paged: Live) -> None:
    run = paged.get("/api/mcp/segments").json()["run_id"]
    sample = paged.get(f"/api/mcp/runs/{run}/report").json()["picture"]
    with entered(paged) as client:
        page = unescape(client.get("/app/segments").text)
    figure = page.partition('data-chart="scatter"')[2].partition("</figure>")[0]
    dots = [one.split(",") for one in re.search(r'data-dots="([^"]*)"', figure)[1].split(";")]  # type: ignore[index]
    names = {one["id"]: one["name"] for one in paged.get("/api/mcp/segments").json()["segments"]}
    rows = [
        [unescape(re.sub(r"<[^>]+>", "", one)) for one in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in re.findall(r"<tr>.*?</tr>", figure.partition("<tbody>")[2])
    ]
    assert sorted(
        (rows[int(at)][0], float(across), float(up)) for across, up, at in dots
    ) == sorted(
        (names[one["segment"]], max(one["recency_days"], 1.0), max(one["spent"], 1.0))
        for one in sample
    )
    for name, drawn, days, spent in rows:
        inside = [one for one in sample if names[one["segment"]] == name]
        assert drawn == str(len(inside))
        for written, number in ((days, "recency_days"), (spent, "spent")):
            found = np.percentile([one[number] for one in inside], [50, 25, 75])
            told = [float(one.replace(",", "")) for one in re.findall(r"[\d,.]+", written)]
            assert told == pytest.approx(found[: len(told)], abs=0.51)
