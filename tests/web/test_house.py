"""What holds of every page: its policy, its files, its errors, and that people can use it."""

import hashlib
import re
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from backend.web.files_served import FOLDER
from tests.chromium import patiently
from tests.conftest import NewDatabase, execute, wait_for
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER, clustered_shop
from tests.web.browsing import (
    MASKED_KEY,
    entered,
    signed_in,
    without_scripts,
)

TEMPLATES = sorted(Path("backend/web").rglob("*.html"))
MARKUP = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", re.DOTALL)
SAID_BY_ATTRIBUTES = re.compile(r'(?:aria-label|title|placeholder|alt)="([^"]*)"')
BYTES_OF_A_PAGE = 100_000


def rooms(live: Live, key: str = ADMIN_KEY) -> list[str]:
    """Return the addresses of all rooms in the bar."""
    with entered(live, key) as client:
        bar = re.search(r"<nav.*?</nav>", client.get("/app").text, re.DOTALL)
    assert bar is not None
    return re.findall(r'href="([^"]+)"', bar[0])


@pytest.mark.external
def test_every_room_can_be_read_without_scripts(paged: Live, browser: Chrome) -> None:
    with without_scripts(browser), signed_in(browser, paged):
        for path in rooms(paged):
            browser.get(paged.address + path)
            assert browser.find_element(By.TAG_NAME, "h1").text
            for figure in browser.find_elements(By.CSS_SELECTOR, "figure[data-chart]"):
                assert figure.find_element(By.TAG_NAME, "table").is_displayed()
                assert not figure.find_element(By.TAG_NAME, "canvas").is_displayed()


@pytest.mark.external
def test_the_keyboard_alone_signs_in_and_reaches_the_page(paged: Live, browser: Chrome) -> None:
    browser.delete_all_cookies()
    browser.get(f"{paged.address}/app/sign-in")
    browser.switch_to.active_element.send_keys(API_KEY + "\n")
    there = (By.CSS_SELECTOR, "nav a[aria-current]")
    assert patiently(browser).until(lambda page: page.find_elements(*there))
    browser.find_element(By.TAG_NAME, "body").send_keys("\t")
    skip = browser.switch_to.active_element
    assert skip.get_attribute("href") == f"{paged.address}/app#page"
    assert skip.is_displayed()
    browser.delete_all_cookies()


@pytest.mark.parametrize("key", [API_KEY, ADMIN_KEY, MASKED_KEY])
def test_pages_allow_nothing_inline_and_nothing_from_elsewhere(paged: Live, key: str) -> None:
    with entered(paged, key) as client:
        for path in rooms(paged, key):
            answer = client.get(path)
            assert answer.status_code == 200, path
            policy = answer.headers["content-security-policy"]
            assert "script-src 'self'" in policy
            assert "style-src 'self'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-robots-tag"] == "noindex, nofollow"
            assert answer.headers["cache-control"] == "private, no-cache"
            assert "Cookie" in answer.headers["vary"]
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", answer.text)
            assert not re.search(r'(?:src|href|action)="(?!/app|#)', answer.text)
            assert len(answer.content) < BYTES_OF_A_PAGE


def test_files_are_compressed_and_kept_for_ever_under_names_of_their_content(paged: Live) -> None:
    door = paged.client.get("/app/sign-in").text
    files = re.findall(r'"(/app/static/[^"]+)"', door)
    assert len(files) == 4
    for path in files:
        answer = paged.client.get(path, headers={"Accept-Encoding": "br"})
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert hashlib.sha256(answer.content).hexdigest().startswith(path.split(".")[-2])
        if len(answer.content) > 1024:
            assert answer.headers["content-encoding"] == "br"
    assert paged.client.get("/app/static/..%2fhouse.py").status_code == 404
    assert paged.client.get("/app/static/app.css").status_code == 404


def test_libraries_are_those_that_were_recorded() -> None:
    recorded = (FOLDER / "vendor" / "README.md").read_text()
    libraries = [one for one in (FOLDER / "vendor").iterdir() if one.suffix == ".js"]
    assert len(libraries) == 2
    for library in libraries:
        digest = hashlib.sha256(library.read_bytes()).hexdigest()
        assert f"| `{library.name}` |" in recorded
        assert digest in recorded
        assert library.with_name(library.name.split(".")[0] + ".LICENSE").exists()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.name)
def test_templates_say_nothing_of_their_own(template: Path) -> None:
    text = template.read_text()
    said = [
        MARKUP.sub("", text),
        *(MARKUP.sub("", one) for one in SAID_BY_ATTRIBUTES.findall(text)),
    ]
    assert re.findall(r"[A-Za-z]{2,}", " ".join(said)) == []
    assert "| safe" not in text


def test_an_unknown_address_and_a_wrong_method_are_told_on_a_page(paged: Live) -> None:
    with entered(paged) as client:
        missing = client.get("/app/no-such-room")
        assert missing.status_code == 404
        assert "There is no such page" in missing.text
        assert "Sign out" in missing.text
        assert client.delete("/app").status_code == 405
    assert paged.client.get("/app/no-such-room").status_code == 404


def test_a_part_of_a_page_gets_the_sentence_alone(paged: Live) -> None:
    with entered(paged) as client:
        part = client.get("/app/no-such-room", headers={"HX-Request": "true"})
        assert part.status_code == 404
        assert part.text.startswith("<p ")
        assert "<html" not in part.text


@pytest.mark.parametrize("path", ["/app/sign-in", "/app/segments/any"])
def test_a_form_that_is_too_large_is_refused_on_a_page(paged: Live, path: str) -> None:
    with entered(paged) as client:
        answer = client.post(path, data={"name": "x" * 70_000})
    assert answer.status_code == 413
    assert "65,536 bytes" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_a_key_that_asks_too_often_is_told_when_to_come_back(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    variables = {**NO_WORKER, "RATE_LIMIT_PER_MINUTE": "2"}
    url = new_sqlite(clustered_shop)
    with serving(url, tmp_path, variables=variables) as live, entered(live) as client:
        assert [client.get("/app").status_code for _ in range(3)] == [200, 200, 429]
        answer = client.get("/app")
        assert int(answer.headers["retry-after"]) > 0
        assert "Too many requests; try again in" in answer.text


def test_tables_that_are_away_are_told_on_a_page(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    url = new_sqlite(clustered_shop)
    with serving(url, tmp_path, variables=NO_WORKER) as live, entered(live) as client:
        assert client.get("/app").status_code == 200
        wait_for(execute(url, "ALTER TABLE intelligence_segments RENAME TO away"))
        answer = client.get("/app")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert "Not at the moment" in answer.text


def test_requests_are_counted_by_the_routes_of_rooms(paged: Live) -> None:
    with entered(paged) as client:
        client.get("/app")
    told = paged.get("/metrics", ADMIN_KEY).text
    assert 'route="/app"' in told
    assert 'route="/app/static/{name}"' in told or "/app/static" not in told
    assert 'route="/app/sign-in"' in told
