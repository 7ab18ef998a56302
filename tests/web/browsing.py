"""Pages as people meet them: in a real browser, at three widths, with scripts and without."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.chromium import patiently
from tests.live import ADMIN_KEY, Live
from tests.waiting import PATIENCE_SECONDS, wait_until

MASKED_KEY = "masked-key"
WIDTHS = (360, 768, 1440)
# The narrowest leaves the least room; the others are seen in `make test-all`.
NARROWEST, *WIDER = WIDTHS
every_width = pytest.mark.parametrize(
    "width", [NARROWEST, *(pytest.param(one, marks=pytest.mark.long) for one in WIDER)]
)
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
# axe-core 4.14.1 from npm, MPL-2.0; its licence is beside it.
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What other colours can change of an open page.
RULES_OF_COLOUR = ["color-contrast", "link-in-text-block"]
# Colours that are on their way to others are nobody's to read.
FAULTS = """
const [rules, told] = arguments;
const changing = document.getAnimations().filter((one) => one instanceof CSSTransition);
const asked = {runOnly: rules, resultTypes: ["violations"]};  // to list what is right takes as long
Promise.allSettled(changing.map((one) => one.finished)).then(() => axe.run(asked)).then(
  (found) => told(found.violations.flatMap(
    (one) => one.nodes.map((node) => `${one.id}: ${node.target} ${node.failureSummary}`))));
"""
TEXT = "return document.querySelector(arguments[0]).innerText"
BEYOND = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


@contextmanager
def entered(live: Live, key: str = ADMIN_KEY) -> Iterator[httpx.Client]:
    """Give a client that has signed in; like a browser, it says that forms are of our pages."""
    said = {"Sec-Fetch-Site": "same-origin"}
    with httpx.Client(
        base_url=live.address, headers=said, timeout=PATIENCE_SECONDS, verify=False
    ) as client:
        answer = client.post("/app/sign-in", data={"key": key})
        assert answer.status_code == 303, answer.text
        yield client


@contextmanager
def signed_in(browser: Chrome, live: Live, key: str = ADMIN_KEY) -> Iterator[Chrome]:
    """Sign a browser in by the form, and let it forget that at the end."""
    browser.delete_all_cookies()
    browser.get(f"{live.address}/app/sign-in")
    browser.find_element(By.ID, "key").send_keys(key)
    browser.find_element(By.CSS_SELECTOR, ".door button").click()
    # A click may return before its answer is there, which would then replace what is opened next.
    wait_until(lambda: "/sign-in" not in browser.current_url, lambda: browser.page_source)
    browser.get_log("browser")  # type: ignore[no-untyped-call]
    try:
        yield browser
    finally:
        browser.delete_all_cookies()


def look_at(browser: Chrome, address: str, width: int) -> None:
    """Open a page in a window of this width, and see that nothing is wrong with it."""
    try:
        set_width(browser, width)
        complaints(browser)  # those of whoever had the browser before are not this page's
        browser.get(address)
        see_no_fault(browser)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def set_width(browser: Chrome, width: int) -> None:
    """Let the window be so many pixels wide."""
    measures = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", measures)


def see_no_fault(browser: Chrome, rules: Sequence[str] = RULES) -> None:
    """See that an open page can be used by all, fits its window, and keeps its own policy."""
    assert browser.execute_script(BEYOND) <= 0, f"{browser.current_url} is wider than its window"
    found = [*faults(browser, rules), *complaints(browser)]
    assert not found, f"{browser.current_url}: {found}"


def faults(browser: Chrome, rules: Sequence[str] = RULES) -> list[str]:
    """Return what keeps some people from using the open page."""
    if not browser.execute_script("return window.axe !== undefined"):
        browser.execute_cdp_cmd("Runtime.evaluate", {"expression": axe()})
    return list(browser.execute_async_script(FAULTS, rules))


@cache
def axe() -> str:
    """Return axe-core."""
    script = AXE.read_text(encoding="utf-8")
    assert hashlib.sha256(script.encode()).hexdigest() == AXE_SHA256
    return script


def text_of(browser: Chrome, selector: str = "body") -> str:
    """Return what a part of the open page says, in one look: `.text` looks at each element anew."""
    return str(browser.execute_script(TEXT, selector))


def complaints(browser: Chrome) -> list[str]:
    """Return what the browser itself complained of since it was last asked, such as a policy."""
    entries: list[dict[str, Any]] = browser.get_log("browser")  # type: ignore[no-untyped-call]
    told = [one["message"] for one in entries if one["level"] in {"SEVERE", "WARNING"}]
    # A report is a file that asks for nothing; its icon the browser looks for by itself.
    return [one for one in told if "/favicon.ico - " not in one]


@contextmanager
def without_scripts(browser: Chrome) -> Iterator[None]:
    """Let pages run no scripts."""
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@contextmanager
def in_the_dark(browser: Chrome) -> Iterator[None]:
    """Let pages be asked for dark colours."""
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [dark]})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@contextmanager
def leaving(browser: Chrome) -> Iterator[None]:
    """Wait until another page is there than was at the beginning."""
    page = browser.find_element(By.TAG_NAME, "html")
    yield
    patiently(browser).until(lambda _: is_left(page))


def is_left(page: WebElement) -> bool:
    try:
        return not page.is_enabled()
    except Exception:  # noqa: BLE001, the driver has several for an element of a page that is gone
        return True
