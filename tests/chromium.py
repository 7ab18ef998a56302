"""Debian's Chromium, as the tests and the pictures of the README drive it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.support.wait import WebDriverWait

from tests import services
from tests.waiting import PATIENCE_SECONDS

PACKAGES = ["chromium", "chromium-driver"]
FLAGS = (
    "headless",
    "disable-gpu",
    "disable-dev-shm-usage",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "no-first-run",
)


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """Give a browser without a window that talks to nobody but us.

    Raises
    ------
    ServiceMissing
        When it is not there and cannot be installed.
    """
    program = services.need("chromium", PACKAGES)
    driver = services.need("chromedriver", PACKAGES)
    # The browser leaves folders where it is told to keep temporary files.
    with tempfile.TemporaryDirectory(prefix="ib-", ignore_cleanup_errors=True) as folder:
        service = webdriver.ChromeService(driver, env={**os.environ, "TMPDIR": folder})
        window = webdriver.Chrome(_options(program), service)
        window.set_script_timeout(PATIENCE_SECONDS)
        try:
            yield window
        finally:
            window.quit()


def patiently(browser: webdriver.Chrome) -> WebDriverWait[webdriver.Chrome]:
    """Wait for what a page is to show; between two pages there is none to look at."""
    return WebDriverWait(browser, PATIENCE_SECONDS, ignored_exceptions=[WebDriverException])


def _options(program: str) -> webdriver.ChromeOptions:
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, *(["no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    return options
