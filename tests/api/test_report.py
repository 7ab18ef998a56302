"""The run's report as JSON and as a page, looked at in a real browser."""

from collections.abc import Iterator

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from tests.conftest import wait_for
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.shops import AS_OF, fill, invented


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, str]]:
    """Serve a shop large enough to be tried on its own past, and the address of its report."""
    folder = tmp_path_factory.mktemp("report")
    url = f"sqlite:///{folder}/shop.db"
    wait_for(fill(url, invented(400)))
    with serving(url, folder) as service:
        status = service.cluster(as_of=AS_OF.isoformat())
        assert status["report_page_url"] == status["report_url"] + ".html"
        yield service, status["report_page_url"]


def test_the_report_is_for_admins(reported: tuple[Live, str]) -> None:
    live, path = reported
    assert live.get(path, API_KEY).status_code == 403
    assert live.get(path, ADMIN_KEY).headers["content-type"].startswith("text/html")


def test_the_page_is_one_file_that_loads_nothing(reported: tuple[Live, str]) -> None:
    live, path = reported
    page = live.get(path, ADMIN_KEY).text
    for reference in ("<script", "src=", "href=", "url(", "@import"):
        assert reference not in page


def test_a_run_without_a_report_has_no_page(reported: tuple[Live, str]) -> None:
    live, _ = reported
    assert live.get("/api/admin/runs/none/report.html", ADMIN_KEY).status_code == 404


@pytest.mark.external
@pytest.mark.parametrize("width", [390, 1280])
def test_a_person_can_read_it_on_a_phone_and_on_a_desk(
    reported: tuple[Live, str], browser: webdriver.Chrome, tmp_path: str, width: int
) -> None:
    live, path = reported
    page = live.get(path, ADMIN_KEY)
    file = f"{tmp_path}/report.html"
    with open(file, "w", encoding="utf-8") as saved:  # noqa: PTH123
        saved.write(page.text)
    browser.set_window_size(width, 900)
    browser.get(f"file://{file}")
    inner = browser.execute_script("return document.documentElement.clientWidth")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= inner
    headings = [heading.text for heading in browser.find_elements(By.TAG_NAME, "h2")]
    assert headings == [
        "Segments",
        "How well value was foretold",
        "How well churn risk was foretold",
        "What was read and left out",
    ]
    plots = browser.find_elements(By.CSS_SELECTOR, "svg")
    assert len(plots) == 5
    assert all(plot.size["width"] > 200 for plot in plots)
    assert httpx.codes.is_success(page.status_code)
