"""The room Moves: its numbers beside the API's and the tables', and what is hostile in them."""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.conftest import NewDatabase
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER, perform_once
from tests.shops import AS_OF, fill, invented
from tests.web.browsing import MASKED_KEY, entered, look_at, signed_in

HOSTILE = "<script>document.title='taken'</script>\"'{{ 7*7 }}"
CHANGES = "/api/mcp/segments/changes"
WAYS = ("from_segment_id", "to_segment_id")


@pytest.fixture
def moving(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop of few whom two runs have seen."""

    async def twice_seen(url: str) -> None:
        await fill(url, invented(80))
        for as_of in (AS_OF - timedelta(days=90), AS_OF):
            await perform_once(url, as_of=as_of)

    with serving(new_sqlite(twice_seen), tmp_path, variables=NO_WORKER) as live:
        yield live


def asked(live: Live, question: str, *values: object) -> Sequence[tuple[Any, ...]]:
    """Ask the tables themselves."""
    with sqlite3.connect(live.url.removeprefix("sqlite:///")) as connection:
        return connection.execute(question, values).fetchall()


def counted(live: Live) -> Sequence[tuple[Any, ...]]:
    """Return from where to where and why how many went with the served run."""
    return asked(
        live,
        "SELECT from_segment_id, to_segment_id, cause, COUNT(*) FROM intelligence_segment_changes "
        "WHERE run_id = (SELECT id FROM intelligence_runs WHERE published = 1) GROUP BY 1, 2, 3",
    )


def named(live: Live) -> dict[str | None, str]:
    segments = live.get("/api/mcp/segments").json()["segments"]
    return {"no_orders": "No Orders Yet"} | {one["id"]: one["name"] for one in segments}


def page_of(live: Live, query: str = "", key: str = API_KEY) -> str:
    with entered(live, key) as client:
        answer = client.get(f"/app/moves{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def table(page: str, title: str) -> list[list[str]]:
    """Return the texts of the table that has this label, row by row, its head first."""
    found = page.partition(f'role="group" aria-label="{title}"')[2].partition("</table>")[0]
    rows = [re.findall(r"<t[hd].*?</t[hd]>", one) for one in re.findall(r"<tr>.*?</tr>", found)]
    return [[unescape(re.sub(r"<[^>]+>", "", one)) for one in row] for row in rows]


def test_the_matrix_counts_every_move_of_the_served_run(paged: Live) -> None:
    names, ways = named(paged), Counter[tuple[str, str]]()
    for start, end, _, customers in counted(paged):
        ways[names.get(start, "Newly known"), names.get(end, "Gone from the shop")] += customers
    head, *rows = table(page_of(paged), "From where to where")
    shown = {
        (row[0], end): int(cell.replace(",", ""))
        for row in rows
        for end, cell in zip(head[1:-1], row[1:-1], strict=True)
        if cell != "\N{EN DASH}"
    }
    assert shown == dict(ways)
    for row in rows:
        assert int(row[-1]) == sum(one for way, one in ways.items() if way[0] == row[0])


@pytest.mark.parametrize("key", [API_KEY, MASKED_KEY, ADMIN_KEY])
def test_the_page_says_how_many_moved_and_why(paged: Live, key: str) -> None:
    causes = Counter[str]()
    for start, end, cause, customers in counted(paged):
        if start is not None and end is not None:
            causes[cause] += customers
    page = page_of(paged, key=key)
    assert causes["behaviour"]
    assert f"<h1>{causes.total()} customers went from one segment to another</h1>" in page
    assert f"{causes['behaviour']} by what they did or did not do" in page
    assert ("because the border" in page) == (causes["model"] > 0)


def test_flows_are_the_largest_first_and_lead_to_their_people(paged: Live) -> None:
    names, ways = named(paged), Counter[tuple[str, str]]()
    for start, end, _, customers in counted(paged):
        if start is not None and end is not None:
            ways[start, end] += customers
    page = page_of(paged)
    flows = table(page, "The largest flows")[1:]
    assert [int(one[2]) for one in flows] == sorted(ways.values(), reverse=True)[:10]
    (start, end), customers = ways.most_common(1)[0]
    link = f"/app/moves?from={quote(start)}&to={quote(end)}"
    assert f'href="{link}#who"' in unescape(page)
    of_one_way = page_of(paged, link.removeprefix("/app/moves"))
    people = table(of_one_way, "Who they are")[1:]
    by_hand = asked(
        paged,
        "SELECT customer_id FROM intelligence_segment_changes WHERE from_segment_id = ? AND "
        "to_segment_id = ? AND run_id = (SELECT id FROM intelligence_runs WHERE published = 1)",
        start,
        end,
    )
    assert len(people) == customers
    assert {one[0] for one in people} == {str(one) for (one,) in by_hand}
    assert {tuple(one[1:3]) for one in people} == {(names[start], names[end])}
    for (customer,) in by_hand:
        assert f'href="/app/customer?id={customer}"' in of_one_way


def test_since_a_day_the_page_counts_what_the_api_counts(paged: Live) -> None:
    for since, cause in (("2020-01-01", ""), ("2020-01-01", "behaviour"), ("2199-01-01", "")):
        query = f"?since={since}" + (f"&cause={cause}" if cause else "")
        told = paged.get(CHANGES + query).json()
        between = sum(
            one["customers"] for one in told["matrix"] if None not in {one[way] for way in WAYS}
        )
        page = page_of(paged, f"?since={since}&cause={cause}&from=&to=")
        assert f"<h1>{between:,} moves from one segment to another</h1>" in page
        people = [one[0] for one in table(page, "Who they are")[1:]]
        assert people == [one["customer_id"] for one in told["changes"]]
        of = f"The latest {len(people)} of {told['total']:,}." if people else "Nobody moved so."
        assert (
            of if told["total"] != len(people) or not people else f"{len(people)} moves."
        ) in page


@pytest.mark.parametrize("query", ["?since=nonsense", "?cause=fate", "?since=99999-01-01"])
def test_what_cannot_be_asked_for_is_told_on_a_page(paged: Live, query: str) -> None:
    with entered(paged) as client:
        answer = client.get(f"/app/moves{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


def test_a_segment_that_is_not_known_holds_nobody(paged: Live) -> None:
    page = page_of(paged, f"?from={quote(HOSTILE)}")
    assert "Nobody moved so." in page
    assert "<script>document" not in page


@pytest.mark.external
def test_hostile_names_and_ids_stay_text(moving: Live, browser: Chrome) -> None:
    (start,) = asked(
        moving,
        "SELECT from_segment_id FROM intelligence_segment_changes "
        "WHERE from_segment_id IS NOT NULL",
    )[-1]
    headers = {"X-API-Key": ADMIN_KEY}
    renamed = moving.client.patch(
        f"/api/admin/segments/{start}", json={"name": HOSTILE}, headers=headers
    )
    assert renamed.status_code == 200
    with signed_in(browser, moving):
        browser.get(f"{moving.address}/app/moves?since=2020-01-01")
        assert browser.title != "taken"
        assert HOSTILE in browser.find_element(By.TAG_NAME, "main").text
        look_at(browser, f"{moving.address}/app/moves?since=2020-01-01")
