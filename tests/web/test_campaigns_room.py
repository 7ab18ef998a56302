"""The room Campaigns: described from a list, started, reached, ended, and what it brought."""

import csv
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from backend.results.campaign import Goal
from backend.results.campaign_life import AnswerKind
from tests.campaign_shop import THEN, asked, campaign_shop, described, started
from tests.campaigns_kept import Kept, answer_campaign, keep_campaign
from tests.conftest import NewDatabase, execute, wait_for
from tests.databases import SqliteFolder
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.web.browsing import (
    MASKED_KEY,
    complaints,
    entered,
    see_no_fault,
    set_width,
    signed_in,
    without_scripts,
)
from tests.web.test_segments import texts
from tests.web.test_walk import follow, number_in, open_fold, said

ROOM = "/app/campaigns"
FORM = {
    "name": "Spring letter",
    "min_frequency": "1",
    "goal": "buyers",
    "holdout_percent": "30",
    "window_days": "90",
    "cost": "300",
}
MINUS = "\N{MINUS SIGN}"
COUNTED = Kept(kinds=(AnswerKind.LOOK, AnswerKind.AT_CLOSE))


@pytest.fixture(scope="module")
def shop(sqlite_folder: SqliteFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve a shop of 1,200 as of the day of its only run."""
    url = sqlite_folder.empty()
    wait_for(campaign_shop(url))
    variables = {**THEN, "API_KEY_MASKED": MASKED_KEY}
    with serving(url, tmp_path_factory.mktemp("campaigns"), variables=variables) as live:
        yield live


@pytest.fixture
def own(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve such a shop to one test alone."""
    with serving(new_sqlite(campaign_shop), tmp_path, variables=THEN) as live:
        yield live


def told(live: Live, campaign_id: str) -> dict[str, Any]:
    return dict(asked(live, "GET", f"/{campaign_id}").json())


def table(html: str, name: str) -> list[list[str]]:
    """Return the rows of the table of this name, heads first."""
    found = re.search(rf'aria-label="{re.escape(name)}">\s*<table>(.*?)</table>', html, re.DOTALL)
    assert found is not None, name
    rows = re.findall(r"<tr>(.*?)</tr>", found[1], re.DOTALL)
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows)
    return [[unescape(re.sub(r"<[^>]+>", "", one)) for one in row] for row in cells]


def tiles(html: str) -> dict[str, str]:
    found = re.findall(r"<dt>(.*?)</dt><dd><strong>(.*?)</strong>", html)
    return {unescape(name): unescape(figure) for name, figure in found}


def hundredths(share: float) -> str:
    points = f"{abs(100 * share):.1f}"
    return f"{'+' if share > 0 else MINUS}{points} in 100"


def amount(value: float) -> str:
    size = f"{abs(value):,.0f}" if abs(value) >= 99.5 else f"{abs(value):,.2f}"
    return f"{'+' if value > 0 else MINUS}{size}"


@pytest.mark.external
@pytest.mark.parametrize(
    "scripts",
    [
        pytest.param(True, id="with-scripts"),
        pytest.param(False, id="without", marks=pytest.mark.long),
    ],
)
def test_a_list_becomes_a_campaign_that_is_started_and_answered(
    own: Live, browser: Chrome, scripts: bool
) -> None:
    scripted = nullcontext() if scripts else without_scripts(browser)
    with signed_in(browser, own), scripted:
        set_width(browser, 1440)
        browser.get(f"{own.address}/app/customers?min_frequency=2&sort=-ltv")
        people = number_in(said(browser, "h1"))
        follow(browser, 'a[href*="/app/campaigns?"]')
        assert "Orders from: 2" in said(browser, "#new")
        browser.find_element(By.ID, "name").send_keys("To those who came back")
        open_fold(browser, "#new")
        for name, value in (("holdout_percent", "40"), ("window_days", "90"), ("cost", "120")):
            browser.find_element(By.ID, name).clear()
            browser.find_element(By.ID, name).send_keys(value)
        browser.find_element(By.CSS_SELECTOR, '#goal option[value="buyers"]').click()
        follow(browser, "#new form button")
        assert said(browser, "h1") == "To those who came back"
        assert f"Of {people:,} customers" in said(browser, "main")
        assert "Four times out of five" in said(browser, "main")
        follow(browser, 'button[name="start"]')
        assert said(browser, ".sub").startswith("Running; its window closes")
        campaign_id = browser.current_url.rpartition("/")[2]
        arms = told(own, campaign_id)["drawn"]["arms"]
        assert sum(arms.values()) == people
        follow(browser, 'a[href$="/treated"]')
        assert number_in(said(browser, ".sub").partition(".")[2]) == arms["treated"]
        wait_for(answer_campaign(own.url, campaign_id, replace(COUNTED, buying=(60, 20))))
        follow(browser, ".sub a")
        assert said(browser, ".done").startswith("It worked: of 100 who were reached")
        assert browser.find_elements(By.CSS_SELECTOR, ".intervals .early circle")
        if scripts:  # what looks for faults is a script
            see_no_fault(browser)
        assert complaints(browser) == []


def test_what_an_answer_says_is_what_the_api_tells(shop: Live) -> None:
    campaign_id = wait_for(keep_campaign(shop.url, replace(COUNTED, name="Counted twice")))
    campaign = told(shop, campaign_id)
    last = campaign["answers"][0]["answer"]
    effects, brought = last["effects"], last["effects"]["brought_in"]
    with entered(shop) as client:
        html = client.get(f"{ROOM}/{campaign_id}").text
        assert ["Counted twice", "Running", "It worked"] in [
            row[:3] for row in table(client.get(ROOM).text, "Campaigns")
        ]
    assert texts(html, "h1") == ["Counted twice"]
    assert unescape(html).count(campaign["sentences"][0]) == 1
    assert brought["value"] == pytest.approx(
        effects["limited_adjusted_spend"]["difference"] * last["treated"]["drawn"]
    )
    shown = tiles(html)
    assert shown["Brought all together"] == amount(brought["value"])
    assert shown["Came back for each unit of cost"] == f"{brought['value'] / 300:,.2f}"
    both = [last[arm]["buyers"] / last[arm]["drawn"] for arm in ("treated", "held_out")]
    assert abs(float(shown["Bought"].split("\N{NO-BREAK SPACE}")[0]) / 100 - both[0]) < 0.01
    rows = table(html, "More buyers in a hundred")[1:]
    assert [row[0] for row in rows] == [
        "When the window had closed",
        "A look before the window closed",
    ]
    assert rows[0][1] == hundredths(effects["buyers"]["difference"])
    ends = (hundredths(effects["buyers"][end]) for end in ("low", "high"))
    assert rows[0][2] == " to ".join(ends)
    assert len(table(html, "By segment: more buyers in a hundred")) == 1 + len(last["segments"])
    statistics = {row[0]: row[1:] for row in table(html, "Effects")[1:]}
    assert len(statistics) == 5
    for name, effect in (
        ("Spend, every cent (Welch, skewness taken out)", effects["spend"]),
        (
            "Spend, limited, with the forecast (CUPED): money rests on it",
            effects["limited_adjusted_spend"],
        ),
    ):
        assert statistics[name] == [amount(effect[one]) for one in ("difference", "low", "high")]
    arms = {row[0]: row[1:] for row in table(html, "Both arms")[1:]}
    for name, figure in (("Customers drawn", "drawn"), ("Customers who bought", "buyers")):
        assert arms[name] == [f"{last[arm][figure]:,}" for arm in ("treated", "held_out")]
    balance = table(html, "Alike before")[1:]
    assert [row[1].replace(MINUS, "-") for row in balance] == [
        f"{one:+.3f}" for one in last["balance"].values()
    ]


@pytest.mark.parametrize(
    ("asked_for", "verdict", "sentence", "is_in_money"),
    [
        (Kept(kinds=(AnswerKind.LOOK,)), "An early look: it worked", "window is still open", True),
        (
            Kept(goal=Goal.SPEND, kinds=(AnswerKind.SETTLED,), buying=(30, 30)),
            "Not enough data to tell",
            "Not enough data to tell. A customer who was reached spent",
            True,
        ),
        (
            Kept(kinds=(AnswerKind.SETTLED,), buying=(20, 60)),
            "It did harm",
            "It did harm: of 100 who were reached",
            True,
        ),
        (
            Kept(kinds=(AnswerKind.SETTLED,), lost=(150, 0)),
            "Nothing can be concluded",
            "One arm lost more of its customers than chance",
            False,
        ),
        (
            Kept(kinds=(AnswerKind.SETTLED,), lost=(10_000, 10_000)),
            "Not enough data to tell",
            "One of the arms has too few customers left.",
            False,
        ),
        (
            Kept(kinds=(AnswerKind.AT_CLOSE,), buying=(80, 20), cut_after=12),
            "An early look: it worked",
            "Its window was cut short, so this is an early look",
            True,
        ),
    ],
    ids=["look", "cannot-tell", "harm", "uneven", "nobody-left", "cut-short"],
)
def test_each_verdict_has_its_words(
    shop: Live, asked_for: Kept, verdict: str, sentence: str, is_in_money: bool
) -> None:
    campaign_id = wait_for(keep_campaign(shop.url, replace(asked_for, name=f"Says {verdict}")))
    with entered(shop, API_KEY) as client:
        html = unescape(client.get(f"{ROOM}/{campaign_id}").text)
        rows = table(client.get(ROOM).text, "Campaigns")
        assert verdict in next(row[2] for row in rows if row[0] == f"Says {verdict}")
    assert sentence in html
    assert ("Brought all together" in html) is is_in_money
    early = AnswerKind.LOOK in asked_for.kinds or asked_for.cut_after is not None
    assert ('class="done"' in html) is (verdict == "It worked")
    assert ('class="early"' in html) is early
    assert ("not to be decided by" in html) is early
    assert ("When the window was cut short" in html) is (asked_for.cut_after is not None)
    assert ("Its window was cut short 13 Jun 2024;" in html) is (asked_for.cut_after is not None)


def test_what_is_not_worth_starting_is_refused_and_the_form_stays_filled_in(shop: Live) -> None:
    with entered(shop) as client:
        refused = client.post(ROOM, data={**FORM, "window_days": "1", "segment": "one_time"})
        assert refused.status_code == 422
        page = unescape(refused.text)
    assert re.search(r"Of [\d,]+ customers, [\d.]+ of the smaller arm are expected to buy", page)
    for name, value in (("name", "Spring letter"), ("window_days", "1"), ("cost", "300")):
        assert re.search(rf'name="{name}"[^>]* value="{value}"', page), name
    assert '<input type="hidden" name="segment" value="one_time">' in page
    assert 'value="buyers" selected' in page


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"holdout_percent": "60"}, "Held out, in percent: a number from 5 to 50."),
        ({"holdout_percent": "many"}, "Held out, in percent: a number from 5 to 50."),
        ({"name": ""}, "What it is called: String should have at least 1 character."),
        ({"window_days": "0"}, "Days in which what they buy is counted: Input should be greater"),
        ({"goal": "fame"}, "What it is to bring: Input should be 'buyers' or 'spend'."),
        ({"cost": "-1"}, "What it costs, all together: Input should be greater"),
        ({"min_churn_risk": "2"}, "min_churn_risk: Input should be less than or equal to 1."),
    ],
)
def test_what_cannot_be_meant_is_told_in_words(
    shop: Live, wrong: dict[str, str], sentence: str
) -> None:
    with entered(shop) as client:
        refused = client.post(ROOM, data={**FORM, **wrong})
        assert refused.status_code == 422
        assert sentence in unescape(refused.text)


def test_a_form_asks_for_what_the_api_is_asked_for(own: Live) -> None:
    segments = own.get("/api/mcp/segments").json()["segments"]
    two = [one["id"] for one in segments if not one["is_group"]][:2]
    chosen = {"segment": ",".join(two), "status": "scored", "ordered_before": "2024-06-01"}
    form = {**FORM, **chosen, "min_frequency": "", "window_days": "", "cost": ""}
    with entered(own) as client:
        made = client.post(ROOM, data=form)
        assert made.status_code == 303, made.text
        campaign_id = made.headers["location"].rpartition("/")[2]
        page = unescape(client.get(made.headers["location"]).text)
    campaign = told(own, campaign_id)
    conditions = {"segment": two, "status": ["scored"]}
    assert campaign["filter"].pop("ordered_before").startswith("2024-06-01")
    assert campaign["filter"] == conditions
    assert (campaign["holdout_share"], campaign["goal"]) == (0.3, "buyers")
    assert (campaign["window_days"], campaign["cost"]) == (None, None)
    same = described(own, filter={**conditions, "ordered_before": "2024-06-01"}, window_days=None)
    assert campaign["promise"] == same["promise"]
    assert "Counted until somebody closes it" in page
    listed = re.search(r'href="(/app/customers\?[^"]+)"', page)
    assert listed is not None
    with entered(own) as client:
        heading = texts(client.get(listed[1]).text, "h1")
    assert heading == [f"{sum(campaign['promise']['audience'].values()):,} customers"]


@pytest.mark.parametrize("key", [API_KEY, MASKED_KEY])
def test_those_who_do_not_administer_look_and_change_nothing(shop: Live, key: str) -> None:
    draft = described(shop)
    with entered(shop, key) as client:
        assert f'href="{ROOM}"' in client.get("/app").text
        for path in (ROOM, f"{ROOM}/{draft['id']}"):
            page = client.get(path)
            assert page.status_code == 200
            forms = re.findall(r'<form[^>]*action="([^"]+)"', page.text)
            assert forms == ["/app/sign-out"]
        assert "/app/campaigns?" not in client.get("/app/customers?min_frequency=2").text
        assert client.post(ROOM, data=FORM).status_code == 403
        assert client.post(f"{ROOM}/{draft['id']}", data={"start": "yes"}).status_code == 403
    assert told(shop, draft["id"])["state"] == "draft"


def test_a_campaign_is_started_closed_and_given_up_by_who_is_sure(own: Live) -> None:
    with entered(own) as client:
        address = client.post(ROOM, data=FORM).headers["location"]
        campaign_id = address.rpartition("/")[2]

        def state(**sent: str) -> tuple[int, str]:
            return client.post(address, data=sent).status_code, told(own, campaign_id)["state"]

        assert state(start="yes") == (303, "running")
        again = client.post(address, data={"start": "yes"})
        assert again.status_code == 409
        assert "only a draft can be started" in again.text
        assert state(close="yes") == (303, "running")
        assert told(own, campaign_id)["ended_at"] is None
        assert state(close="yes", sure="yes") == (303, "running")
        assert told(own, campaign_id)["ended_at"] is not None
        assert 'name="close"' not in client.get(address).text
        assert state(abandon="yes") == (303, "running")
        assert state(abandon="yes", sure="yes") == (303, "abandoned")
        assert "Given up: it is never counted." in client.get(address).text
        assert client.get(f"{ROOM}/none").status_code == 404
    entries = own.get("/api/admin/audit", ADMIN_KEY).json()["entries"]
    assert [one["action"] for one in entries][::-1] == [
        "campaign_created",
        "campaign_started",
        "campaign_closed",
        "campaign_abandoned",
    ]


def test_who_is_to_be_reached_is_one_click_away_and_nobody_held_out_is_there(shop: Live) -> None:
    campaign = started(shop, name="Reached")
    path = f"{ROOM}/{campaign['id']}/treated"
    found: list[str] = []
    following: str | None = path
    with entered(shop) as client:
        assert f'href="{path}"' in client.get(f"{ROOM}/{campaign['id']}").text
        while following is not None:
            html = client.get(following).text
            found += re.findall(r'href="/app/customer\?id=(\w+)"', html)
            more = re.search(r'<a href="([^"]+)" rel="next"', html)
            following = more and unescape(more[1])
        file = client.get(f"{path}/csv")
        held_out = client.get("/app/customers?fields=held_out_until&min_frequency=1").text
    assert file.text == asked(shop, "GET", f"/{campaign['id']}/treated?format=csv").text
    rows = list(csv.DictReader(StringIO(file.text.lstrip("\ufeff"))))
    assert [row["customer_id"] for row in rows] == found
    assert len(found) == campaign["drawn"]["arms"]["treated"]
    assert {row["held_out_until"] for row in rows} == {""}
    assert "Held out until" in held_out
    with entered(shop, MASKED_KEY) as client:
        masked = client.get(f"{path}/csv").text + client.get(path).text
    assert "@example.com" in file.text
    assert "@example.com" not in masked


def test_a_customer_says_until_when_they_are_held_out(shop: Live) -> None:
    until = "UPDATE customer_intelligence SET held_out_until = :until WHERE customer_id = 7"
    with entered(shop) as client:
        for instant, sentence in (
            ("2024-07-01 12:00:00.000000", "Held out until 1 Jul 2024"),
            ("9999-12-31 00:00:00.000000", "Held out without end"),
        ):
            wait_for(execute(shop.url, until.replace(":until", f"'{instant}'")))
            assert f'<span class="tag">{sentence}</span>' in client.get("/app/customer?id=7").text
        wait_for(execute(shop.url, until.replace(":until", "NULL")))
        assert "Held out until" not in client.get("/app/customer?id=7").text.partition("<dl")[0]


def test_older_campaigns_are_a_click_further(shop: Live) -> None:
    with entered(shop) as client:
        for _ in range(51 - len(table(client.get(ROOM).text, "Campaigns")) + 1):
            described(shop, name="One of many")
        first = client.get(ROOM).text
        following = re.search(r'<a href="([^"]+)" rel="next"', first)
        assert following is not None
        second = client.get(unescape(following[1]))
    assert len(table(first, "Campaigns")) == 51
    assert second.status_code == 200
    links = [re.findall(r'href="(/app/campaigns/\w+)"', one) for one in (first, second.text)]
    assert links[1]
    assert {*links[0]}.isdisjoint(links[1])
