"""The run's report as JSON and as a page, looked at in a real browser."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from selenium import webdriver
from selenium.webdriver.common.by import By

from backend.core.glossary import NO_ORDERS, Fate
from backend.report import render_report
from backend.report.charts import nice_ticks
from backend.report.flow import draw_flow
from backend.report.segment_charts import APART, SegmentMap, segment_map
from backend.report.segment_colours import colour_of
from backend.results.clustering import PicturePoint
from backend.results.move import SegmentEvent, SegmentFlow
from backend.results.run_report import RunReport
from backend.shop.counted import SQL_REASONS
from backend.wording.order_reasons import LEFT_OUT
from backend.wording.segment_sentences import event_in_words
from tests.conftest import execute, wait_for
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER, performed
from tests.shops import AS_OF, fill, invented

SMALLEST_TEXT = 12
LONG = pytest.mark.long
HOSTILE = "<script>document.title='taken'</script><img src=x onerror=alert(1)>{{ 7*7 }}"
A4_PIXELS = 688  # 210 mm less two margins of 14 mm
# What a person sees: the width of the page, texts that are too small, texts upon each other.
SEEN = """
const texts = [], small = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; (node = walker.nextNode());) {
  const element = node.parentElement, range = document.createRange();
  range.selectNodeContents(node);
  const box = range.getBoundingClientRect();
  if (!node.textContent.trim() || !box.width || element.closest("title")) continue;
  const picture = element.closest("svg");
  const scale = picture ? picture.getBoundingClientRect().width / picture.viewBox.baseVal.width : 1;
  if (parseFloat(getComputedStyle(element).fontSize) * scale < arguments[0])
    small.push(node.textContent);
  if (picture) texts.push([node.textContent, box]);
}
const over = [];
texts.forEach(([one, a], i) => texts.slice(i + 1).forEach(([other, b]) => {
  if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
    over.push(one + " / " + other);
}));
const page = document.documentElement;
const beyond = texts.filter(([, b]) => b.left < 0 || b.right > page.clientWidth);
return {wide: page.scrollWidth - page.clientWidth, small, over, beyond: beyond.map(([t]) => t)};
"""


SWATCHES = """
return [...document.querySelectorAll(".swatch")].map(
  (one) => getComputedStyle(one).backgroundColor);
"""
BAR_WIDTHS = """
return [...document.querySelectorAll(".bar:not(.of-revenue)")].map(
  (one) => one.firstChild.getBoundingClientRect().width / one.getBoundingClientRect().width);
"""


@dataclass(frozen=True, slots=True)
class Reported:
    """A served shop and the status of its runs, the latest last."""

    live: Live
    runs: Sequence[dict[str, Any]]

    def page(self, run: int) -> str:
        """Return the page of a run."""
        return self.live.get(self.runs[run]["report_page_url"], ADMIN_KEY).text


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reported]:
    """Serve a shop large enough to be tried on its own past: a first run, and one later."""
    folder = tmp_path_factory.mktemp("report")
    url = f"sqlite:///{folder}/shop.db"
    wait_for(fill(url, invented(400)))
    with serving(url, folder, variables=NO_WORKER) as service:
        days = (AS_OF - timedelta(days=60), AS_OF)
        yield Reported(service, [performed(service, as_of=day) for day in days])


@pytest.fixture(scope="module")
def small_pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Report on shops with little to show: nobody, few, and all in one segment."""
    return {
        "nobody": _page(tmp_path_factory.mktemp("nobody"), 0),
        "few": _page(tmp_path_factory.mktemp("few"), 12),
        "one segment": _page(tmp_path_factory.mktemp("one"), 120, max_k=1),
    }


def _page(folder: Path, customers: int, **wanted: int) -> str:
    url = f"sqlite:///{folder}/shop.db"
    wait_for(fill(url, invented(customers)))
    with serving(url, folder, variables=NO_WORKER) as service:
        status = performed(service, as_of=AS_OF, **wanted)
        return service.get(status["report_page_url"], ADMIN_KEY).text


def test_the_status_links_the_report_and_the_page(reported: Reported) -> None:
    for status in reported.runs:
        assert status["report_url"] == f"/api/admin/runs/{status['run_id']}/report"
        assert status["report_page_url"] == status["report_url"] + ".html"
        answer = reported.live.get(status["report_url"], ADMIN_KEY)
        report = TypeAdapter(RunReport).validate_json(answer.content)
        assert render_report(report) == reported.live.get(status["report_page_url"], ADMIN_KEY).text


def test_the_median_of_a_segment_that_one_customer_carries_is_told(reported: Reported) -> None:
    answer = reported.live.get(reported.runs[-1]["report_url"], ADMIN_KEY)
    report = TypeAdapter(RunReport).validate_json(answer.content)
    plain = tuple(replace(one, ltv_carried_by_one=False) for one in report.segments)
    carried = replace(plain[0], median_ltv=41.5, largest_ltv_share=0.63, ltv_carried_by_one=True)
    said = "One customer is 63\N{NO-BREAK SPACE}% of this segment"
    assert said in render_report(replace(report, segments=(carried, *plain[1:])))
    assert said not in render_report(replace(report, segments=plain))


def test_the_report_is_for_admins(reported: Reported) -> None:
    path = reported.runs[-1]["report_page_url"]
    assert reported.live.get(path, API_KEY).status_code == 403
    assert reported.live.get(path, ADMIN_KEY).headers["content-type"].startswith("text/html")


def test_the_page_is_one_file_that_loads_nothing(reported: Reported) -> None:
    for reference in ("<script", "src=", "href=", "url(", "@import"):
        assert reference not in reported.page(-1)


@pytest.mark.external
def test_the_page_looks_the_same_under_its_policy(
    reported: Reported, browser: webdriver.Chrome
) -> None:
    live, path = reported.live, reported.runs[-1]["report_page_url"]
    policy = live.get(path, ADMIN_KEY).headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    browser.execute_cdp_cmd("Network.enable", {})
    key = {"headers": {"X-API-Key": ADMIN_KEY}}
    browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", key)
    browser.get_log("browser")  # type: ignore[no-untyped-call]
    browser.get(live.address + path)
    browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert [one["message"] for one in entries if "Content Security" in one["message"]] == []
    segments = live.get("/api/mcp/segments").json()["segments"]
    wanted = {colour_of(one["id"]) for one in segments if one["id"] != NO_ORDERS}
    assert {as_hex(colour) for colour in browser.execute_script(SWATCHES)} >= wanted
    widths = browser.execute_script(BAR_WIDTHS)
    shares = [one["share_of_customers"] for one in segments if one["id"] != NO_ORDERS]
    assert sorted(widths) == pytest.approx(sorted(shares), abs=0.01)


def as_hex(colour: str) -> str:
    """Return rgb(1, 2, 3) as #010203."""
    return "#" + bytes(int(part) for part in re.findall(r"[0-9]+", colour)[:3]).hex()


def test_an_unknown_run_has_no_report(reported: Reported) -> None:
    for path in ("report", "report.html"):
        answer = reported.live.get(f"/api/admin/runs/none/{path}", ADMIN_KEY)
        assert answer.status_code == 404
        assert answer.json()["detail"] == "No run has the id none."


def test_a_run_that_failed_or_is_at_work_has_no_report_yet(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    wait_for(fill(url, invented(20)))
    with serving(url, tmp_path) as live:
        accepted = live.client.post("/api/admin/cluster", headers={"X-API-Key": ADMIN_KEY}).json()
        early = live.get(f"/api/admin/runs/{accepted['run_id']}/report.html", ADMIN_KEY)
        assert live.finished()["state"] == "succeeded"
        wait_for(execute(url, "DROP TABLE orders"))
        failed = live.cluster()
        assert (failed["report_url"], failed["report_page_url"]) == (None, None)
        late = live.get(f"/api/admin/runs/{failed['run_id']}/report.html", ADMIN_KEY)
    assert (early.status_code, late.status_code) == (404, 404)
    assert early.json()["detail"].endswith("only runs that succeeded have a report.")
    assert "is failed; only runs that succeeded" in late.json()["detail"]


@pytest.mark.external
@pytest.mark.parametrize("width", [360, *(pytest.param(one, marks=LONG) for one in (390, 1280))])
@pytest.mark.parametrize("run", [0, 1])
def test_a_person_can_read_it_on_a_phone_and_on_a_desk(
    reported: Reported, browser: webdriver.Chrome, tmp_path: Path, width: int, run: int
) -> None:
    look_at(browser, tmp_path, reported.page(run), width)
    headings = [heading.text for heading in browser.find_elements(By.TAG_NAME, "h2")]
    assert headings == [
        "Worth doing",
        "Segments",
        "Moves since the last run",
        "How good the forecasts are",
        "What was read and left out",
    ]
    plots = [plot for plot in browser.find_elements(By.TAG_NAME, "svg") if plot.is_displayed()]
    assert len(plots) == 5 + run  # the later run has moves to draw
    assert all(plot.size["width"] > 200 for plot in plots)


@pytest.mark.external
def test_what_others_wrote_stays_text(
    reported: Reported, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    answer = reported.live.get(reported.runs[-1]["report_url"], ADMIN_KEY)
    report = TypeAdapter(RunReport).validate_json(answer.content)
    taken = [replace(one, name=f"{HOSTILE} {one.id}") for one in report.segments]
    taken[0] = replace(taken[0], description=HOSTILE)
    names = {one.id: one.name for one in taken}
    notes, currency = (HOSTILE,), "<i>EUR</i>"
    told = replace(report, segments=tuple(taken), names={**report.names, **names})
    page = render_report(replace(told, notes=notes, currency=currency))
    file = tmp_path / "hostile.html"
    file.write_text(page, encoding="utf-8")
    requested(browser)
    browser.get(file.as_uri())
    assert requested(browser) == {file.as_uri()}
    assert browser.title == "Customer intelligence as of 1 June 2024"
    for tag in ("script", "img", "i[onclick]"):
        assert browser.find_elements(By.CSS_SELECTOR, tag) == []
    said = browser.find_element(By.TAG_NAME, "body").text
    assert said.count(HOSTILE) > len(taken)
    assert currency in said


@pytest.mark.external
def test_it_can_be_printed(reported: Reported, browser: webdriver.Chrome, tmp_path: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        look_at(browser, tmp_path, reported.page(-1), A4_PIXELS)
        plots = [plot for plot in browser.find_elements(By.TAG_NAME, "svg") if plot.is_displayed()]
        assert len(plots) == 6
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.external
@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=LONG)])
@pytest.mark.parametrize(
    ("shop", "says"),
    [
        ("nobody", "No customer has ordered yet."),
        ("few", "The history is too short"),
        ("one segment", "All Customers"),
    ],
)
def test_a_shop_with_little_to_show_is_readable_too(
    small_pages: dict[str, str],
    browser: webdriver.Chrome,
    tmp_path: Path,
    width: int,
    shop: str,
    says: str,
) -> None:
    look_at(browser, tmp_path, small_pages[shop], width)
    assert says in browser.find_element(By.TAG_NAME, "body").text


def look_at(browser: webdriver.Chrome, folder: Path, page: str, width: int) -> None:
    """Open a page as wide as a screen; all of it must be readable, and nothing be asked for."""
    file = folder / "report.html"
    file.write_text(page, encoding="utf-8")
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    requested(browser)  # forget what was asked for before
    browser.get(file.as_uri())
    seen = browser.execute_script(SEEN, SMALLEST_TEXT)
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert seen == {"wide": 0, "small": [], "over": [], "beyond": []}
    assert requested(browser) == {file.as_uri()}


def requested(browser: webdriver.Chrome) -> set[str]:
    log = browser.get_log("performance")  # type: ignore[no-untyped-call]
    messages = [json.loads(entry["message"])["message"] for entry in log]
    sent = "Network.requestWillBeSent"
    return {m["params"]["request"]["url"] for m in messages if m["method"] == sent}


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.534, [0, 0.2, 0.4, 0.6]),
        (7, [0, 2, 4, 6, 8]),
        (5957, [0, 2000, 4000, 6000]),
        (4.3e6, [0, 1e6, 2e6, 3e6, 4e6, 5e6]),
    ],
)
def test_axes_have_round_numbers_that_reach_the_largest(largest: float, ticks: list[float]) -> None:
    assert nice_ticks(largest) == pytest.approx(ticks)


def test_bands_of_the_flow_are_as_thick_as_customers_are_many() -> None:
    flows = [SegmentFlow(from_="a", to=one, customers=n) for one, n in (("b", 30), ("c", 10))]
    names = {one: one.upper() for one in "abc"}
    drawn = draw_flow(flows, dict.fromkeys(names, "#000"), names, 350)
    height = {node.texts[0].text[0]: node.height for node in drawn.nodes}
    assert height["A"] == pytest.approx(height["B"] + height["C"])
    assert height["B"] == pytest.approx(3 * height["C"])
    assert [band.label for band in drawn.bands] == ["30 from A to B", "10 from A to C"]
    assert drawn.undrawn == 0


def placed(*points: tuple[float, float]) -> SegmentMap:
    picture = [
        PicturePoint(activity=1.0, value=None, segment="a", recency_days=days, spent=spent)
        for days, spent in points
    ]
    drawn = segment_map(picture, {"a": "#000"}, {"a": "A"}, "EUR")
    assert drawn is not None
    return drawn


def test_the_map_has_round_numbers_at_both_axes() -> None:
    texts = [one.text.replace("\N{NARROW NO-BREAK SPACE}", " ") for one in placed((200, 45)).texts]
    assert texts[:5] == ["now", "1 w", "1 mo", "3 mo", "1 y"]
    assert texts[5:] == ["10", "20", "50", "100", "time since the last order", "spent so far, EUR"]
    wide = [one.text for one in placed((1, 3), (2000, 45_000)).texts]
    assert wide[7:12] == ["1", "10", "100", "1k", "10k"]


def test_who_stays_away_longer_lies_further_right_and_who_spends_more_higher() -> None:
    dots = placed((1, 10), (40, 10), (400, 10), (400, 900)).dots
    assert dots[0].x < dots[1].x < dots[2].x
    assert dots[3].y < dots[2].y - 50


def test_customers_who_are_alike_do_not_lie_upon_each_other() -> None:
    dots = placed(*[(30.0, 29.99)] * 100, (3.0, 300.0)).dots[:100]
    assert len({(round(dot.x, 1), round(dot.y, 1)) for dot in dots}) > 90
    assert max(dot.x for dot in dots) - min(dot.x for dot in dots) <= 2 * APART
    assert len({round(dot.x) for dot in dots}) > 4
    assert len({round(dot.y) for dot in dots}) > 4


def test_reports_that_kept_no_places_have_no_map() -> None:
    point = PicturePoint(activity=1.0, value=None, segment="a")
    assert segment_map([point], {"a": "#000"}, {"a": "A"}, None) is None


def test_a_segment_has_one_colour_whatever_it_is_shown_with() -> None:
    stage = ("high_value_repeat", "regular_repeat", "slipping_light", "no_orders")
    assert len({colour_of(identity) for identity in stage}) == len(stage)


@pytest.mark.parametrize(
    ("event", "relatives", "said"),
    [
        (Fate.SPLIT, {"b": 1.0}, "A came off another segment: its customers were in B (100%)."),
        (Fate.BORN, {}, "A is new."),
        (Fate.BORN, {"b": 0.6, "c": 0.4}, "A is new: its customers were in B (60%) and C (40%)."),
        (Fate.MERGED, {"b": 0.9}, "A went into another segment: its customers are in B (90%)."),
        (Fate.DIED, {}, "A is gone."),
        (Fate.DIED, {"b": 0.5, "c": 0.5}, "A is gone: its customers are in B (50%) and C (50%)."),
    ],
)
def test_what_became_of_a_segment_is_a_sentence(
    event: Fate, relatives: dict[str, float], said: str
) -> None:
    names = {"a": "A", "b": "B", "c": "C"}
    row = SegmentEvent(segment_id="a", event=event, relatives=relatives)
    assert event_in_words(row, names) == said


def test_every_reason_to_leave_an_order_out_has_words() -> None:
    assert set(SQL_REASONS) <= set(LEFT_OUT)
