"""The API describes itself: a snapshot, an example for every body and error, pages offline."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import jsonschema_rs
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from backend.api.runs.example import REPORT
from backend.core.settings import IsolatedSettings
from backend.main import create_app
from backend.store.stored import REPORT as REPORT_KIND
from tests.chromium import patiently
from tests.conftest import wait_for
from tests.live import Live, serving
from tests.shops import fill, invented

SNAPSHOT = Path(__file__).with_name("openapi.json")


@cache
def described() -> dict[str, Any]:
    """Describe the API, once: it takes long, and nobody here changes what is said."""
    settings = IsolatedSettings.load(database_url="sqlite:///x.db", api_key="key")
    return create_app(settings).openapi()


def test_the_api_is_what_the_snapshot_says() -> None:
    """Renew it with `make openapi` when a change is meant, and say so in CHANGELOG.md."""
    assert described() == json.loads(SNAPSHOT.read_text())


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


@pytest.mark.parametrize("name", [name for name, _ in operations()])
def test_every_body_and_error_has_an_example(name: str) -> None:
    operation = dict(operations())[name]
    schemas = described()["components"]["schemas"]
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    for status, answer in operation["responses"].items():
        if status != "204":
            bodies.append(answer)
    for body in bodies:
        for content in body["content"].values():
            schema = content.get("schema", {})
            if schema.get("format") == "binary":
                continue  # JSON can show no bytes of a workbook.
            referred = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
            assert "example" in content or "example" in schema or "example" in referred, name
    assert operation["description"]


@pytest.mark.parametrize("name", [name for name, _ in operations()])
def test_every_example_is_as_its_schema_says(name: str) -> None:
    """Of parameters, bodies and answers."""
    operation = dict(operations())[name]
    shown = [*operation.get("parameters", [])]
    for body in [operation.get("requestBody", {}), *operation["responses"].values()]:
        shown += [one for kind, one in body.get("content", {}).items() if "json" in kind]
    for one in shown:
        schema = {**one["schema"], "components": described()["components"]}
        for example in examples_of(one):
            told = jsonschema_rs.Draft202012Validator(schema).iter_errors(example)
            assert [error.message for error in told] == [], name


def examples_of(shown: dict[str, Any]) -> list[Any]:
    """Return the examples of a parameter or a body, here or where its schema is."""
    schema = shown["schema"]
    name = schema.get("$ref", "").rpartition("/")[2]
    places = (shown, schema, described()["components"]["schemas"].get(name, {}))
    found = [one["value"] for one in shown.get("examples", {}).values()]
    found += [place["example"] for place in places if "example" in place]
    return [*found, *(one for place in places[1:] for one in place.get("examples", []))]


@pytest.mark.parametrize("name", [name for name, _ in operations()])
def test_every_parameter_has_a_meaning_and_an_example(name: str) -> None:
    for one in dict(operations())[name].get("parameters", []):
        assert one["description"], one["name"]
        assert examples_of(one), one["name"]


def test_every_reference_leads_to_a_component() -> None:
    written = json.dumps(described())
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', written))
    assert referred <= set(described()["components"]["schemas"])
    assert "$defs" not in written


def test_the_example_of_a_report_is_one_whole() -> None:
    written = REPORT_KIND.write(REPORT_KIND.read(json.dumps({"format": 2, **REPORT})))
    assert json.loads(written) == {"format": 2, **REPORT}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve the pages; which database is behind them does not matter."""
    folder = tmp_path_factory.mktemp("documentation")
    url = f"sqlite:///{folder}/shop.db"
    wait_for(fill(url, invented(5)))
    with serving(url, folder) as service:
        yield service


@pytest.mark.external
@pytest.mark.parametrize(
    ("page", "operation"),
    [("/docs", ".opblock-summary-path"), ("/redoc", "[id^='tag/customers']")],
)
def test_the_pages_work_without_the_internet(
    live: Live, browser: webdriver.Chrome, page: str, operation: str
) -> None:
    asked_so_far(browser)
    broken_policies(browser)
    browser.get(live.address + page)
    patiently(browser).until(lambda window: window.find_elements(By.CSS_SELECTOR, operation))
    assert "/api/mcp/customers/search" in browser.page_source
    hosts = {urlparse(url).netloc for url in asked_so_far(browser) if url.startswith("http")}
    assert hosts == {urlparse(live.address).netloc}
    # ReDoc asks for its maker's logo, and does not get it.
    assert [said for said in broken_policies(browser) if "cdn.redoc.ly" not in said] == []


@pytest.mark.external
def test_a_route_can_be_tried_out_on_the_page(live: Live, browser: webdriver.Chrome) -> None:
    operation = "#operations-health-health"
    broken_policies(browser)
    browser.get(f"{live.address}/docs#/health/health")
    for button in (".try-out__btn", ".execute"):
        press(browser, f"{operation} {button}")
    patiently(browser).until(
        lambda window: any(
            cell.text.startswith("200")
            for cell in window.find_elements(
                By.CSS_SELECTOR, f"{operation} .live-responses-table .response-col_status"
            )
        )
    )
    assert broken_policies(browser) == []


def press(browser: webdriver.Chrome, selector: str) -> None:
    """Press a button as soon as it is there."""
    script = "const b = document.querySelector(arguments[0]); if (b) b.click(); return !!b;"
    patiently(browser).until(lambda window: window.execute_script(script, selector))


def test_pages_may_run_their_own_scripts_alone(live: Live) -> None:
    for page in ("/docs", "/redoc"):
        policy = live.client.get(page).headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "'sha256-" in policy


def test_the_documentation_can_be_switched_off(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    with serving(url, tmp_path, variables={"SERVE_DOCS": "false"}) as service:
        for page in (
            "/docs",
            "/redoc",
            "/openapi.json",
            "/static-offline-docs/redoc.standalone.js",
        ):
            answer = service.client.get(page)
            assert answer.status_code == 404
            assert answer.headers["content-type"] == "application/problem+json"


def broken_policies(browser: webdriver.Chrome) -> list[str]:
    """Return what the browser said of policies that a page broke since the last call."""
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]
    said = [str(entry["message"]) for entry in entries]
    return [message for message in said if "Content Security Policy" in message]


def asked_so_far(browser: webdriver.Chrome) -> list[str]:
    """Return the addresses the browser has asked for since the last call.

    What the page's own policy blocks never leaves the browser.
    """
    entries = browser.get_log("performance")  # type: ignore[no-untyped-call]
    messages = [json.loads(entry["message"])["message"] for entry in entries]
    blocked = {
        message["params"]["requestId"]
        for message in messages
        if message["params"].get("blockedReason") == "csp"
    }
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
        and message["params"]["requestId"] not in blocked
    ]
