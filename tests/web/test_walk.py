"""The pages as somebody new to them walks through, with scripts, without, and by keyboard alone."""

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

from tests.chromium import patiently
from tests.conftest import NewDatabase
from tests.live import ADMIN_KEY, Live, serving
from tests.performed import perform_once
from tests.shops import AS_OF, fill, invented
from tests.waiting import wait_until
from tests.web.browsing import complaints, leaving, set_width, without_scripts

MOST_TABS, ROWS_OF_A_PAGE = 120, 50
FOCUS = """
const one = document.activeElement;
return [one.tagName, one.id, one.innerText.trim(), one.href ?? ""];
"""


@pytest.fixture
def shop(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop that two runs have seen, the last one two months ago, with a worker."""
    variables = {"RUN_AS_OF": AS_OF.isoformat()}
    with serving(new_sqlite(seen_until_april), tmp_path, variables=variables) as live:
        yield live


async def seen_until_april(url: str) -> None:
    """Prepare a shop whose runs are of four and of two months ago."""
    await fill(url, invented(200))
    for days in (120, 60):
        await perform_once(url, as_of=AS_OF - timedelta(days=days))


@pytest.fixture
def visitor(browser: Chrome, tmp_path: Path) -> Iterator[Chrome]:
    """Give a browser that nobody has signed in with, and that keeps what it downloads."""
    browser.delete_all_cookies()
    kept = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", kept)
    set_width(browser, 1440)
    complaints(browser)
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.delete_all_cookies()


def said(browser: Chrome, selector: str) -> str:
    return browser.find_element(By.CSS_SELECTOR, selector).text


def number_in(text: str) -> int:
    found = re.search(r"[\d,]+", text)
    assert found is not None, text
    return int(found[0].replace(",", ""))


def follow(browser: Chrome, selector: str) -> None:
    """Click a link or a button, and wait until another page is there."""
    with leaving(browser):
        browser.find_element(By.CSS_SELECTOR, selector).click()


def open_fold(browser: Chrome, selector: str) -> None:
    """Open what is folded, unless it is open."""
    fold = browser.find_element(By.CSS_SELECTOR, selector)
    if fold.get_attribute("open") is None:
        fold.find_element(By.TAG_NAME, "summary").click()


def asked(browser: Chrome, live: Live, more: str = "") -> str:
    """Ask the API what the address of the open list asks for, fields left empty left out."""
    query = urlencode(parse_qsl(urlsplit(browser.current_url).query))
    return live.get(f"/api/mcp/customers?{query}{more}", ADMIN_KEY).text


@pytest.mark.external
@pytest.mark.parametrize(
    "scripts",
    [
        pytest.param(True, id="with-scripts"),
        pytest.param(False, id="without", marks=pytest.mark.long),
    ],
)
def test_a_new_user_gets_from_the_door_to_what_changed(
    shop: Live, visitor: Chrome, tmp_path: Path, scripts: bool
) -> None:
    with nullcontext() if scripts else without_scripts(visitor):
        people = signs_in_and_reads_today(visitor, shop)
        opens_the_list_behind_the_first_sentence(visitor, people)
        filters_it(visitor, shop, people)
        downloads_it(visitor, shop, tmp_path)
        opens_a_customer(visitor, shop)
        renames_a_segment(visitor, shop)
        starts_a_run_and_watches_it_end(visitor, shop)
        compares_it_with_the_one_before(visitor, shop)
        assert complaints(visitor) == []


def signs_in_and_reads_today(browser: Chrome, live: Live) -> int:
    browser.get(live.address)
    browser.find_element(By.ID, "key").send_keys(ADMIN_KEY)
    follow(browser, ".door button")
    assert browser.current_url == f"{live.address}/app"
    return number_in(said(browser, "h1"))


def opens_the_list_behind_the_first_sentence(browser: Chrome, people: int) -> None:
    follow(browser, ".sub a")
    assert number_in(said(browser, "h1")) == people
    shown = browser.find_elements(By.CSS_SELECTOR, "#list tbody tr")
    assert len(shown) == min(people, ROWS_OF_A_PAGE)


def filters_it(browser: Chrome, live: Live, people: int) -> None:
    open_fold(browser, "details:has(#min_frequency)")
    least = browser.find_element(By.ID, "min_frequency")
    least.clear()
    least.send_keys("3")
    follow(browser, "details:has(#min_frequency) button")
    fewer = number_in(said(browser, "h1"))
    assert 0 < fewer < people
    assert f'"total":{fewer},' in asked(browser, live).replace(" ", "")


def downloads_it(browser: Chrome, live: Live, folder: Path) -> None:
    browser.find_element(By.CSS_SELECTOR, "a[download]").click()
    wait_until(lambda: is_whole(folder), lambda: str([*folder.iterdir()]))
    (file,) = folder.glob("*.csv")
    assert file.read_bytes().decode() == asked(browser, live, "&format=csv")
    rows = list(csv.DictReader(StringIO(file.read_text(encoding="utf-8-sig"))))
    assert len(rows) == number_in(said(browser, "h1"))


def is_whole(folder: Path) -> bool:
    """Whether the one file that is downloaded has come: until then it has another name beside."""
    return bool([*folder.glob("*.csv")]) and not [*folder.glob("*.crdownload")]


def opens_a_customer(browser: Chrome, live: Live) -> None:
    shown = said(browser, "#list tbody th a")
    follow(browser, "#list tbody th a")
    assert shown in said(browser, "h1")
    customer = re.search(r"id=(\w+)", browser.current_url)
    assert customer is not None
    email = live.get(f"/api/mcp/customers/{customer[1]}").json()["email"]
    assert email in said(browser, "main")


def renames_a_segment(browser: Chrome, live: Live) -> None:
    follow(browser, 'nav a[href="/app/segments"]')
    follow(browser, "tbody th a")
    open_fold(browser, "details:has(#name)")
    name = browser.find_element(By.ID, "name")
    name.clear()
    name.send_keys("Our favourites")
    follow(browser, "details:has(#name) button")
    assert said(browser, "h1") == "Our favourites"
    told = live.get("/api/mcp/segments").json()["segments"]
    assert "Our favourites" in [one["name"] for one in told]


def starts_a_run_and_watches_it_end(browser: Chrome, live: Live) -> None:
    follow(browser, 'nav a[href="/app/runs"]')
    open_fold(browser, "details:has(#publish)")
    follow(browser, "details:has(#publish) button")
    patiently(browser).until(lambda one: "Served now" in said(one, "main"))
    served = live.get("/api/mcp/segments").json()["run_id"]
    assert browser.current_url == f"{live.address}/app/runs/{served}"


def compares_it_with_the_one_before(browser: Chrome, live: Live) -> None:
    run = browser.current_url.rpartition("/")[2]
    follow(browser, f'a[href="/app/segments?run={run}"]')
    lines = said(browser, "main table")
    assert "Our favourites" in lines
    assert re.search(r"[+\N{MINUS SIGN}]\d", lines)
    browser.back()
    follow(browser, f'a[href="/app/moves?run={run}"]')
    moves = live.get(f"/api/mcp/runs/{run}/report").json()["moves"]
    assert number_in(said(browser, "h1")) == moves["total"]


@pytest.mark.external
def test_the_keyboard_alone_gets_as_far(shop: Live, visitor: Chrome) -> None:
    visitor.get(shop.address)
    with leaving(visitor):
        types(visitor, ADMIN_KEY + Keys.ENTER)
    people = number_in(said(visitor, "h1"))
    tab_to(visitor, lambda one: one.text == f"See the {people}", press=Keys.ENTER)
    assert number_in(said(visitor, "h1")) == people
    tab_to(visitor, lambda one: one.text.startswith("First"), press=Keys.ENTER)
    assert said(visitor, "h1").startswith("First")
    tab_to(visitor, lambda one: one.text == "Segments", press=Keys.ENTER)
    tab_to(visitor, lambda one: "/app/segments/" in one.link, press=Keys.ENTER)
    tab_to(visitor, lambda one: one.tag == "SUMMARY" and "name" in one.text.lower(), " ")
    tab_to(visitor, lambda one: one.id == "name", Keys.CONTROL + "a")
    types(visitor, "By keys" + Keys.ENTER)
    patiently(visitor).until(lambda one: said(one, "h1") == "By keys")
    tab_to(visitor, lambda one: one.text == "Runs", press=Keys.ENTER)
    tab_to(visitor, lambda one: one.tag == "SUMMARY", press=" ")
    tab_to(visitor, lambda one: one.tag == "BUTTON" and "tart" in one.text, press=Keys.ENTER)
    patiently(visitor).until(lambda one: "Served now" in said(one, "main"))


def types(browser: Chrome, keys: str) -> None:
    browser.switch_to.active_element.send_keys(keys)


class Focus(NamedTuple):
    """What has the focus, told in one look."""

    tag: str
    id: str
    text: str
    link: str


def tab_to(browser: Chrome, is_sought: Callable[[Focus], bool], press: str) -> None:
    """Press Tab until the focus is on what is sought, and press a key there."""
    patiently(browser).until(
        lambda one: one.execute_script("return document.readyState") == "complete"
    )
    for _ in range(MOST_TABS):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        focus = Focus(*browser.execute_script(FOCUS))
        if is_sought(focus):
            with leaving(browser) if focus.tag == "A" else nullcontext():
                types(browser, press)
            return
    raise AssertionError(f"no such thing within {MOST_TABS} tabs of {browser.current_url}")
