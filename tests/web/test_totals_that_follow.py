"""Where adding a list up takes long its rows are there at once, and what they come to follows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.chromium import patiently
from tests.live import Live, serving
from tests.performed import NO_WORKER
from tests.web.browsing import complaints, entered, see_no_fault, signed_in, without_scripts
from tests.web.test_customers_room import ids, link, tiles
from tests.web.test_segments import texts

LIST = "/app/customers?min_churn_risk=0.5&sort=churn_risk"
# What is counted is kept for who comes back for it.
VARIABLES = {**NO_WORKER, "ANSWER_SECONDS": "5", "SERVED_RUN_SECONDS": "2"}


@pytest.fixture
def hurried(paged: Live, tmp_path: Path) -> Iterator[Live]:
    """Serve the shop by pages that wait for no totals."""
    program = ("uvicorn", "tests.web.hurried_app:app")
    with serving(paged.url, tmp_path, variables=VARIABLES, program=program) as service:
        yield service


def counted(paged: Live) -> str:
    total = paged.get(f"/api/mcp/customers?{LIST.partition('?')[2]}").json()["total"]
    assert total > 50
    return f"{total:,} customers"


def test_rows_are_there_before_what_they_add_up_to(hurried: Live, paged: Live) -> None:
    with entered(hurried) as client:
        first = client.get(LIST).text
        (later,) = re.findall(r'data-hx-get="([^"]+totals=true)"', first)
        whole = client.get(later.replace("&amp;", "&")).text
        again = client.get(LIST).text
    assert texts(first, "h1") == ["Customers"]
    assert (tiles(first), "being counted" in first) == ({}, True)
    assert ids(first) == ids(whole) == ids(again)
    assert len(ids(first)) == 50
    assert link(first, "Download all as CSV") == link(again, "Download all as CSV") is not None
    for complete in (whole, again):
        assert texts(complete, "h1") == [counted(paged)]
        assert "being counted" not in complete
        assert tiles(complete)
    assert tiles(whole) == tiles(again)


def test_a_page_sent_in_two_is_the_page_sent_at_once(hurried: Live, paged: Live) -> None:
    address = f"{LIST}&totals=true"
    packed = {"Accept-Encoding": "gzip"}
    with entered(hurried) as client, entered(paged) as at_once:
        in_two, whole = (one.get(address, headers=packed) for one in (client, at_once))
    assert "Content-Length" not in in_two.headers
    assert "Content-Encoding" not in in_two.headers
    assert whole.headers["Content-Encoding"] == "gzip"
    assert in_two.text.split() == whole.text.split()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("cursor=rubbish", "cursor"),
        ("min_churn_risk=much", "Risk to leave from"),
        ("fields=no", "no"),
    ],
)
def test_what_does_not_fit_is_told_where_the_rows_would_be(
    hurried: Live, wrong: str, sentence: str
) -> None:
    with entered(hurried) as client:
        page = client.get(f"/app/customers?{wrong}").text
    assert page.count("<nav") == page.count("</html>") == 1
    (alert,) = re.findall(r'role="alert">([^<]+)<', page)
    assert sentence in alert


def test_a_script_that_asks_for_sums_is_read_no_rows(hurried: Live, paged: Live) -> None:
    with entered(hurried) as client:
        client.headers["HX-Request"] = "true"
        part, rows = (client.get(one).text for one in (f"{LIST}&totals=true", LIST))
    assert texts(part, "h1") == [counted(paged)]
    assert (tiles(part) != {}, ids(part)) == (True, [])
    assert len(ids(rows)) == 50


@pytest.mark.parametrize("has_scripts", [True, False])
def test_they_follow_in_a_browser_with_scripts_and_without(
    hurried: Live, paged: Live, browser: Chrome, has_scripts: bool
) -> None:
    with signed_in(browser, hurried):
        if has_scripts:
            browser.get(f"{hurried.address}{LIST}")
            see(browser, counted(paged))
            assert "totals" not in browser.current_url
            see_no_fault(browser)
        else:
            with without_scripts(browser):
                browser.get(f"{hurried.address}{LIST}")
                see(browser, counted(paged))
            complaints(browser)


def see(browser: Chrome, head: str) -> None:
    patiently(browser).until(lambda one: one.find_element(By.TAG_NAME, "h1").text == head)
    assert browser.find_elements(By.CSS_SELECTOR, "#totals .tile")
    assert browser.find_elements(By.CSS_SELECTOR, "#list tbody tr")
