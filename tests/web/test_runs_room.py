"""The room Runs: what the API says of them, starting and ending one, and watching it."""

import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.chromium import patiently
from tests.conftest import NewDatabase
from tests.databases import migrated
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER, clustered_shop, performed
from tests.shops import AS_OF
from tests.web.browsing import MASKED_KEY, entered, every_width, look_at, signed_in, without_scripts

HOSTILE = "<script>document.title='taken'</script>\"'{{ 7*7 }}"


@pytest.fixture
def workless(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop that one run has seen, and where nobody takes the next."""
    variables = {**NO_WORKER, "API_KEY_MASKED": MASKED_KEY}
    with serving(new_sqlite(clustered_shop), tmp_path, variables=variables) as live:
        yield live


def told_runs(live: Live) -> list[dict[str, Any]]:
    return list(live.get("/api/admin/runs", ADMIN_KEY).json()["runs"])


def cells(html: str) -> list[list[str]]:
    """Return the texts of a page's first table, row by row."""
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr>.*?</tr>", body, re.DOTALL)
    return [
        [unescape(re.sub(r"<[^>]+>", "", one)) for one in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in rows
    ]


def write(live: Live, statement: str, *values: str) -> None:
    """Write into the tables themselves what a worker would."""
    with sqlite3.connect(live.url.removeprefix("sqlite:///")) as connection:
        connection.execute(statement, values)


def day_of(instant: str) -> str:
    there = datetime.fromisoformat(instant).astimezone(UTC)
    return f"{there.day} {there:%b %Y}"


def test_runs_are_listed_as_the_api_lists_them(paged: Live) -> None:
    told = told_runs(paged)
    for key in (API_KEY, MASKED_KEY, ADMIN_KEY):
        with entered(paged, key) as client:
            page = client.get("/app/runs").text
        shown = cells(page)
        assert len(shown) == len(told) == 2
        for row, one in zip(shown, told, strict=True):
            assert row[2:4] == [day_of(one["as_of"]), f"{one['counts']['customers']:,}"]
            assert row[1] == ("Served now" if one["published"] else "Served before")
        assert re.findall(r'href="/app/runs/(\w+)"', page) == [one["run_id"] for one in told]
        assert ("Start a run" in page) == (key == ADMIN_KEY)


def test_a_run_says_what_its_report_says_and_what_to_do(paged: Live) -> None:
    run_id = told_runs(paged)[0]["run_id"]
    readiness = paged.get(f"/api/mcp/runs/{run_id}/readiness").json()
    with entered(paged, API_KEY) as client:
        page = unescape(client.get(f"/app/runs/{run_id}").text)
        report = client.get(f"/app/runs/{run_id}/report")
    assert readiness["findings"]
    for one in readiness["findings"]:
        assert one["sentence"] in page
        for name, value in one["settings"].items():
            assert f"<code>{name}</code></th><td><code>{value}</code>" in page
    by_the_api = paged.get(f"/api/mcp/runs/{run_id}/report.html")
    assert report.text == by_the_api.text
    policy = "content-security-policy"
    assert report.headers[policy] == by_the_api.headers[policy]
    assert f'href="/app/segments?run={run_id}"' in page
    assert f'href="/app/moves?run={run_id}"' in page


def test_an_admin_starts_a_dry_run_and_ends_it_and_the_audit_says_who(workless: Live) -> None:
    with entered(workless, ADMIN_KEY) as client:
        answer = client.post("/app/runs", data={"publish": "never"})
        assert answer.status_code == 303
        started = told_runs(workless)[0]
        address = answer.headers["location"]
        assert address == f"/app/runs/{started['run_id']}"
        page = client.get(address).text
        assert "Waiting for a worker" in page
        assert 'hx-trigger="every 2s"' in page
        assert "Start a run" not in client.get("/app/runs").text
        assert client.post("/app/runs").status_code == 409
        assert client.post(address).headers["location"] == address
        assert "Cancelled" in client.get(address).text
    assert told_runs(workless)[0]["state"] == "cancelled"
    by_pages = workless.get("/api/admin/audit", ADMIN_KEY).json()["entries"][:2]
    assert [(one["action"], one["subject"]) for one in by_pages] == [
        ("run_cancelled", started["run_id"]),
        ("run_started", started["run_id"]),
    ]
    headers = {"X-API-Key": ADMIN_KEY}
    workless.client.post("/api/admin/cluster", json={}, headers=headers)
    by_the_api = workless.get("/api/admin/audit", ADMIN_KEY).json()["entries"][0]
    assert {one["key"] for one in by_pages} == {by_the_api["key"]}


def test_a_run_of_a_day_gone_by_is_asked_for_by_its_date(workless: Live) -> None:
    with entered(workless, ADMIN_KEY) as client:
        for written, status in (("2024-13-40", 422), ("2999-01-01", 422), ("2024-04-02", 303)):
            form = {"publish": "never", "as_of": written}
            assert client.post("/app/runs", data=form).status_code == status, written
    with sqlite3.connect(workless.url.removeprefix("sqlite:///")) as connection:
        question = "SELECT request FROM intelligence_runs WHERE active = 1"
        ((request,),) = connection.execute(question).fetchall()
    assert json.loads(request) == {"as_of": "2024-04-02T00:00:00+00:00", "publish": "never"}


def test_a_dry_run_is_told_apart_from_one_that_was_served(workless: Live) -> None:
    status = performed(workless, publish="never", as_of=AS_OF)
    with entered(workless, API_KEY) as client:
        page = client.get(f"/app/runs/{status['run_id']}").text
        ended = [row[1] for row in cells(client.get("/app/runs").text)]
    assert ended == ["Reported only", "Served now"]
    assert "Nothing was published: the run was only to report." in page
    assert f'href="/app/segments?run={status["run_id"]}"' in page
    assert "/app/moves?run=" not in page


def test_a_choice_that_there_is_not_is_refused_and_starts_nothing(workless: Live) -> None:
    with entered(workless, ADMIN_KEY) as client:
        answer = client.post("/app/runs", data={"publish": HOSTILE})
    assert answer.status_code == 422
    assert "<script>document" not in answer.text
    assert len(told_runs(workless)) == 1


@pytest.mark.parametrize("key", [API_KEY, MASKED_KEY])
def test_who_does_not_administer_starts_and_ends_nothing(workless: Live, key: str) -> None:
    with entered(workless, ADMIN_KEY) as client:
        address = client.post("/app/runs").headers["location"]
    with entered(workless, key) as client:
        assert client.post("/app/runs").status_code == 403
        assert client.post(address).status_code == 403
        assert "<form" not in client.get(address).text.partition("<main")[2]
    assert told_runs(workless)[0]["state"] == "queued"


def test_another_site_starts_nothing(workless: Live) -> None:
    with entered(workless, ADMIN_KEY) as client:
        answer = client.post("/app/runs", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert len(told_runs(workless)) == 1


def test_no_run_of_that_id_is_a_page_that_says_so(paged: Live) -> None:
    with entered(paged) as client:
        for path in ("/app/runs/0000", "/app/runs/0000/report"):
            assert client.get(path).status_code == 404
        assert client.get("/app/runs?cursor=nonsense").status_code == 422
        assert client.post("/app/runs/0000").status_code == 404


def test_before_the_first_run_one_can_be_started(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    with (
        serving(new_sqlite(migrated), tmp_path, variables=NO_WORKER) as live,
        entered(live) as client,
    ):
        page = client.get("/app/runs").text
        assert "No run was asked for yet." in page
        assert "Start a run" in page


def test_older_runs_are_a_link_away(workless: Live) -> None:
    for number in range(25):
        write(
            workless,
            "INSERT INTO intelligence_runs (id, state, revision, request, share_done, counts, "
            "queued_at) SELECT ?, 'cancelled', 0, '{}', 0, '{}', queued_at "
            "FROM intelligence_runs WHERE published = 1",
            f"{number:04}",
        )
    found: list[str] = []
    path = "/app/runs"
    with entered(workless) as client:
        while path:
            page = client.get(path).text
            found += re.findall(r'href="/app/runs/(\w+)"', page)
            older = re.search(r'href="(/app/runs\?cursor=[^"]+)"', page)
            path = unescape(older[1]) if older else ""
    assert len(found) == len(set(found)) == 26


@every_width
@pytest.mark.external
def test_a_run_is_watched_to_its_end_and_hostile_texts_stay_text(
    workless: Live, browser: Chrome, width: int
) -> None:
    with entered(workless, ADMIN_KEY) as client:
        address = client.post("/app/runs").headers["location"]
    run_id = address.rpartition("/")[2]
    with signed_in(browser, workless):
        look_at(browser, workless.address + address, width)
        write(
            workless,
            "UPDATE intelligence_runs SET state = 'running', stage = 'forecast', "
            "share_done = 0.42, counts = '{\"customers\": 1234}' WHERE id = ?",
            run_id,
        )
        waiting = patiently(browser)
        waiting.until(lambda one: "42 % done" in one.find_element(By.TAG_NAME, "main").text)
        assert "1,234 customers" in browser.find_element(By.TAG_NAME, "main").text
        write(
            workless,
            "UPDATE intelligence_runs SET state = 'failed', active = NULL, error = ?, "
            "finished_at = queued_at WHERE id = ?",
            HOSTILE,
            run_id,
        )
        waiting.until(lambda one: HOSTILE in one.find_element(By.TAG_NAME, "main").text)
        assert browser.title != "taken"
        look_at(browser, workless.address + address, width)


@pytest.mark.external
def test_without_scripts_the_page_of_a_run_looks_again_by_itself(
    workless: Live, browser: Chrome
) -> None:
    with entered(workless, ADMIN_KEY) as client:
        address = client.post("/app/runs").headers["location"]
        with without_scripts(browser), signed_in(browser, workless):
            browser.get(workless.address + address)
            assert "Waiting for a worker" in browser.find_element(By.TAG_NAME, "main").text
            assert browser.find_element(By.LINK_TEXT, "Look again").is_displayed()
            client.post(address)
            waiting = patiently(browser)
            waiting.until(lambda one: "Cancelled" in one.find_element(By.TAG_NAME, "main").text)
