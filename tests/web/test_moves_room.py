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

from tests.conftest import NewDatabase, execute, wait_for
from tests.databases import SqliteFolder
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER, clustered_shop, perform_once
from tests.shops import AS_OF, fill, invented
from tests.web.browsing import MASKED_KEY, entered, every_width, look_at, signed_in

HOSTILE = "<script>document.title='taken'</script>\"'{{ 7*7 }}"
GONE = 7


@pytest.fixture
def moving(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop of few whom three runs have seen, to a test that changes what is stored."""
    with serving(new_sqlite(seen_three_times), tmp_path, variables=NO_WORKER) as live:
        yield live


@pytest.fixture(scope="module")
def moved(sqlite_folder: SqliteFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve that shop to all tests that only read."""
    url = sqlite_folder.prepared(seen_three_times)
    with serving(url, tmp_path_factory.mktemp("moved"), variables=NO_WORKER) as live:
        yield live


async def seen_three_times(url: str) -> None:
    """Prepare a shop that three runs have seen; somebody is gone by the last."""
    await fill(url, invented(80))
    for days in (180, 90, 0):
        if not days:
            await execute(url, "DELETE FROM order_line_items")
            await execute(url, f"DELETE FROM orders WHERE customer_id = {GONE}")
            await execute(url, f"DELETE FROM customers WHERE id = {GONE}")
        await perform_once(url, as_of=AS_OF - timedelta(days=days))


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


def who_moved(page: str) -> set[str]:
    """Return the ids of those who are listed: below their names, or instead of them."""
    listed = page.partition('aria-label="Who they are"')[2].partition("</table>")[0]
    heads = re.findall(r'<th scope="row">(.*?)</th>', listed)
    return {re.sub(r".*<small[^>]*>|<[^>]+>", "", one) for one in heads}


def test_those_who_moved_are_called_by_name_where_names_may_be_seen(paged: Live) -> None:
    people = who_moved(page_of(paged))
    names = {
        str(number): f"{first} {last}"
        for number, first, last in asked(paged, "SELECT id, first_name, last_name FROM customers")
    }
    for key, sees in ((API_KEY, True), (MASKED_KEY, False)):
        page = page_of(paged, key=key)
        assert who_moved(page) == people
        for one in people:
            assert (f"{names[one]}</a><br><small" in page) is sees


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
    assert who_moved(of_one_way) == {str(one) for (one,) in by_hand}
    assert {tuple(one[1:3]) for one in people} == {(names[start], names[end])}
    for (customer,) in by_hand:
        assert f'href="/app/customer?id={customer}"' in of_one_way


def runs_of(live: Live) -> list[str]:
    """Return the runs, as they were published."""
    found = asked(live, "SELECT id FROM intelligence_runs ORDER BY finished_at")
    return [one for (one,) in found]


def by_hand(live: Live, runs: Sequence[str]) -> dict[str, tuple[str | None, str | None, str]]:
    """Follow everybody through these runs: where they began, where they ended, and why."""
    net: dict[str, tuple[str | None, str | None, str]] = {}
    for run in runs:
        for customer, start, end, cause in asked(
            live,
            "SELECT customer_id, from_segment_id, to_segment_id, cause "
            "FROM intelligence_segment_changes WHERE run_id = ?",
            run,
        ):
            began, _, because = net.get(str(customer), (start, end, cause))
            why = "behaviour" if "behaviour" in {because, cause} else "model"
            net[str(customer)] = (began, end, why)
    return {who: way for who, way in net.items() if way[0] != way[1]}


@pytest.mark.parametrize("cause", ["", "behaviour", "model"])
def test_between_any_two_runs_everybody_counts_once(moved: Live, cause: str) -> None:
    first, second, third = runs_of(moved)
    for before, run, runs in (
        (first, second, [second]),
        (second, third, [third]),
        (first, third, [second, third]),
    ):
        net = {who: way for who, way in by_hand(moved, runs).items() if cause in {"", way[2]}}
        page = page_of(moved, f"?before={before}&run={run}&cause={cause}&from=&to=")
        between = [way for way in net.values() if None not in way]
        many = "Nobody went" if not between else f"{len(between)} customers went"
        assert many in page.replace("1 customer has gone", "1 customers went")
        matrix = table(page, "From where to where")[1:]
        assert sum(int(row[-1]) for row in matrix) == len(net)
        assert who_moved(page) == set(net)


def test_who_is_where_they_were_has_not_moved(moving: Live) -> None:
    first, second, third = runs_of(moving)
    (customer, start, end), *_ = asked(
        moving,
        "SELECT customer_id, from_segment_id, to_segment_id FROM intelligence_segment_changes "
        "WHERE run_id = ? AND from_segment_id IS NOT NULL AND to_segment_id IS NOT NULL "
        "AND customer_id NOT IN "
        "(SELECT customer_id FROM intelligence_segment_changes WHERE run_id = ?)",
        second,
        third,
    )
    way = f"?before={first}&run={third}&from={quote(start)}&to={quote(end)}"
    assert str(customer) in who_moved(page_of(moving, way))
    back = f"({customer}, '{end}', '{start}', '2199-01-01', '{third}', 'behaviour')"
    columns = "customer_id, from_segment_id, to_segment_id, changed_at, run_id, cause"
    statement = f"INSERT INTO intelligence_segment_changes ({columns}) VALUES {back}"
    wait_for(execute(moving.url, statement))
    page = page_of(moving, f"?before={first}&run={third}&from=&to=&cause=behaviour")
    assert str(customer) not in who_moved(page)


def test_who_came_and_who_is_gone_are_a_click_away(moved: Live) -> None:
    page = page_of(moved)
    (link,) = re.findall(r'href="(/app/moves\?from=[^"]*to=-#who)">1</a>', unescape(page))
    gone = page_of(moved, link.removeprefix("/app/moves").removesuffix("#who"))
    ((who, _, end, *_),) = table(gone, "Who they are")[1:]
    assert (who, end) == (str(GONE), "Gone from the shop")
    assert f"/app/customer?id={GONE}" not in gone


def test_flows_are_drawn_as_wide_as_they_are_large(moved: Live) -> None:
    first, _, third = runs_of(moved)
    page = page_of(moved, f"?before={first}&run={third}")
    ways = Counter(way[:2] for way in by_hand(moved, runs_of(moved)[1:]).values())
    drawn = page.partition('<svg class="flow wide"')[2].partition("</svg>")[0]
    labels = [unescape(one) for one in re.findall(r"<title>(.*?)</title>", drawn)]
    names = named(moved)
    assert sorted(labels) == sorted(
        f"{count} from {names[start]} to {names[end]}"
        for (start, end), count in ways.items()
        if start is not None and end is not None
    )
    heights = [float(one) for one in re.findall(r'<rect [^>]*height="([\d.]+)"', drawn)]
    left = Counter[str]()
    for (start, end), count in ways.items():
        if start is not None and end is not None:
            left[start] += count
    most = max(left.values())
    assert max(heights[: len(left)]) == pytest.approx(260 * most / left.total(), abs=0.1)


def test_a_shop_that_one_run_has_seen_has_nothing_to_compare(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    with serving(new_sqlite(clustered_shop), tmp_path, variables=NO_WORKER) as live:
        page = page_of(live)
    assert "<h1>There is no earlier run to compare with</h1>" in page
    assert "<select" not in page


def test_runs_whose_moves_are_forgotten_are_not_offered(moving: Live) -> None:
    first, second, third = runs_of(moving)
    wait_for(execute(moving.url, f"DELETE FROM intelligence_runs WHERE id = '{first}'"))
    page = page_of(moving, f"?before={first}&run={third}")
    assert f'value="{first}"' not in page
    assert re.findall(rf'value="({second}|{third})" selected', page) == [second, third]


@pytest.mark.parametrize("query", ["?cause=fate", "?cause=model&cause=fate"])
def test_what_cannot_be_asked_for_is_told_on_a_page(paged: Live, query: str) -> None:
    with entered(paged) as client:
        answer = client.get(f"/app/moves{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


def test_a_segment_that_is_not_known_holds_nobody(paged: Live) -> None:
    page = page_of(paged, f"?from={quote(HOSTILE)}")
    assert "Nobody moved so." in page
    assert "<script>document" not in page


@every_width
@pytest.mark.external
def test_hostile_names_and_ids_stay_text(moving: Live, browser: Chrome, width: int) -> None:
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
        browser.get(f"{moving.address}/app/moves")
        assert browser.title != "taken"
        assert HOSTILE in browser.find_element(By.TAG_NAME, "main").text
        look_at(browser, f"{moving.address}/app/moves", width)
