"""The room Customers: its lists beside the API's, its file, its searches, and what it refuses."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from backend.results.customer_filter import CONDITIONS
from tests.chromium import patiently
from tests.live import ADMIN_KEY, API_KEY, Live
from tests.web.browsing import (
    MASKED_KEY,
    entered,
    every_width,
    leaving,
    see_no_fault,
    set_width,
    signed_in,
    without_scripts,
)
from tests.web.test_segments import texts

LISTS = (
    "",
    "min_churn_risk=0.5&sort=churn_risk",
    "status=scored,no_orders&min_frequency=2&sort=-total_orders",
    "ordered_before=2024-04-01&max_recency_days=400&sort=customer_id",
    "min_value_at_risk=20&max_ltv=5000&sort=-ltv&limit=7",
)


def lines(html: str) -> list[str]:
    """Return the rows of the table of customers."""
    return re.findall(r"<tr>.*?</tr>", html.partition("<tbody>")[2], re.DOTALL)


def ids(html: str) -> list[str]:
    """Return whom a page lists, in its order."""
    links = re.findall(r'href="(/app/customer\?[^"]+)"', html)
    return [parse_qs(urlsplit(unescape(one)).query)["id"][0] for one in links]


def link(html: str, name: str) -> str | None:
    """Return where a link of this name leads."""
    found = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>{name}</a>', html)
    return None if found is None else unescape(found[1])


def tiles(html: str) -> dict[str, str]:
    found = re.findall(r"<dt>(.*?)</dt><dd><strong>(.*?)</strong>", html)
    return {unescape(name): unescape(figure) for name, figure in found}


@pytest.mark.parametrize("asked", LISTS)
def test_a_list_is_that_of_the_api_with_the_same_address(paged: Live, asked: str) -> None:
    told = paged.get(f"/api/mcp/customers?{asked}").json()
    with entered(paged) as client:
        html = client.get(f"/app/customers?{asked}").text
    assert ids(html) == [one["customer_id"] for one in told["customers"]]
    assert told["customers"]
    count = told["total"]
    assert texts(html, "h1") == [f"{count:,} customer{'s' * (count != 1)}"]
    shown = tiles(html)
    assert shown["Orders"] == f"{told['sums']['total_orders']:,}"
    for name, number in (("At risk", "value_at_risk"), ("Expected", "predicted_value")):
        amount = told["sums"][number]
        assert shown[name].startswith(f"{amount:,.0f}" if amount >= 99.5 else f"{amount:,.2f}")
    (first, *_), row = told["customers"], texts(lines(html)[0], "td")
    assert row[0] == first["archetype"]["name"]
    assert row[1] == f"{100 * first['churn_risk']:.0f}\N{NO-BREAK SPACE}%"
    assert row[2] == f"{first['total_orders']:,}"
    assert first["email"] in lines(html)[0]


def test_every_condition_is_a_control_filled_with_what_the_address_says(paged: Live) -> None:
    asked = (
        "min_churn_risk=0.25&ordered_before=2024-04-01&status=scored&moved_since=2024-04-01T08:00"
    )
    with entered(paged) as client:
        html = client.get(f"/app/customers?{asked}").text
    filters = next(
        one for one in re.findall(r"<form.*?</form>", html, re.DOTALL) if "segment" in one
    )
    for one in CONDITIONS:
        assert f'name="{one.name}"' in filters or one.name == "group", one.name
    assert re.search(r'name="min_churn_risk" type="number"[^>]* value="0.25"', filters)
    assert re.search(r'name="ordered_before" type="date" value="2024-04-01"', filters)
    assert re.search(r'name="moved_since" type="text" value="2024-04-01T08:00"', filters)
    assert re.search(r'name="status" value="scored" checked', filters)
    assert not re.search(r'name="status" value="no_orders" checked', filters)


def test_a_form_with_fields_left_empty_asks_for_what_was_filled_in(paged: Live) -> None:
    empty = "&".join(f"{one.name}=" for one in CONDITIONS if one.name != "min_frequency")
    told = paged.get("/api/mcp/customers?min_frequency=3").json()
    with entered(paged) as client:
        html = client.get(f"/app/customers?{empty}&min_frequency=3").text
    assert texts(html, "h1") == [f"{told['total']:,} customers"]


def test_pages_follow_each_other_until_all_were_shown_and_lead_back(paged: Live) -> None:
    begun = "/app/customers?min_churn_risk=0.3&sort=-predicted_value&limit=60"
    everybody = paged.get(begun.replace("/app", "/api/mcp").replace("=60", "=1000")).json()
    found: list[str] = []
    following: str | None = begun
    html = ""
    with entered(paged) as client:
        while following is not None:
            html = client.get(following).text
            assert texts(html, "h1") == [f"{everybody['total']:,} customers"]
            found += ids(html)
            following = link(html, "Next page")
        beginning = link(html, "Back to the beginning")
    assert len(found) > 60
    assert found == [one["customer_id"] for one in everybody["customers"]]
    assert beginning is not None
    assert parse_qs(urlsplit(beginning).query) == parse_qs(urlsplit(begun).query)


def test_a_head_sorts_by_its_column_and_turns_it_round(paged: Live) -> None:
    with entered(paged) as client:
        html = client.get("/app/customers?min_frequency=2").text
        highest = client.get(str(link(html, "Orders"))).text
        lowest = client.get(str(link(highest, "Orders"))).text
    told = paged.get("/api/mcp/customers?min_frequency=2&sort=-total_orders").json()
    assert ids(highest) == [one["customer_id"] for one in told["customers"]]
    assert 'aria-sort="descending"' in highest
    told = paged.get("/api/mcp/customers?min_frequency=2&sort=total_orders").json()
    assert ids(lowest) == [one["customer_id"] for one in told["customers"]]
    assert 'aria-sort="ascending"' in lowest


def test_columns_are_those_that_were_chosen(paged: Live) -> None:
    with entered(paged) as client:
        html = client.get("/app/customers?fields=recency_days&fields=lost,next_order_p50").text
    heads = texts(html.partition("<thead>")[2].partition("</thead>")[0], "th")
    assert heads == ["Customer", "Lost", "Next order", "Days since last order"]
    told = paged.get("/api/mcp/customers").json()["customers"]
    assert [texts(one, "td")[2] for one in lines(html)] == [
        f"{one['recency_days']:,}" for one in told
    ]


@pytest.mark.parametrize("key", [API_KEY, MASKED_KEY])
@pytest.mark.parametrize("asked", [*LISTS[:3], "fields=email&fields=ltv&min_frequency=2"])
def test_the_file_is_that_of_the_api(paged: Live, asked: str, key: str) -> None:
    expected = paged.get(f"/api/mcp/customers?{asked}&format=csv", key)
    with entered(paged, key) as client:
        html = client.get(f"/app/customers?{asked}").text
        file = client.get(str(link(html, "Download all as CSV")))
    assert file.status_code == 200
    assert file.headers["content-type"].startswith("text/csv")
    assert "attachment" in file.headers["content-disposition"]
    assert file.headers["cache-control"] == "private, no-cache"
    assert "Cookie" in file.headers["vary"]
    assert file.text == expected.text
    assert file.text.count("\n") > 50


def test_the_audit_knows_that_a_file_was_given(paged: Live) -> None:
    with entered(paged) as client:
        assert client.get("/app/customers/csv?min_frequency=4").status_code == 200
    latest = paged.get("/api/admin/audit?limit=1", ADMIN_KEY).json()["entries"][0]
    assert latest["action"] == "list_exported"
    assert "min_frequency=4" in latest["subject"]


def test_a_masked_key_is_shown_no_name_and_searches_by_id_alone(paged: Live) -> None:
    told = paged.get("/api/mcp/customers").json()["customers"]
    with entered(paged, MASKED_KEY) as client:
        html = client.get("/app/customers").text
        by_email = client.get("/app/customers", params={"q": told[0]["email"]}).text
        by_id = client.get("/app/customers", params={"q": told[0]["customer_id"]}).text
    assert ids(html) == [one["customer_id"] for one in told]
    for one in told:
        for name in ("email", "first_name", "last_name"):
            assert one[name] is None or f">{one[name]}<" not in html
    assert "@" not in html
    assert ids(by_email) == []
    assert ids(by_id) == [told[0]["customer_id"]]
    assert told[0]["email"] not in by_id


def test_a_search_finds_whom_the_api_finds(paged: Live) -> None:
    told = paged.get("/api/mcp/customers/search?query=person1&limit=50").json()["customers"]
    with entered(paged) as client:
        whole = client.get("/app/customers?q=person1").text
        part = client.get("/app/customers?q=person1", headers={"HX-Request": "true"}).text
        nobody = client.get("/app/customers?q=nobody-is-called-so").text
    assert len(told) > 1
    assert ids(whole) == ids(part) == [one["customer_id"] for one in told]
    assert "<html" not in part
    assert 'value="person1"' in whole
    assert "Nobody is found by that." in nobody


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("min_churn_risk=7", "Risk to leave from: Input should be less than or equal to 1."),
        ("min_frequency=many", "Orders from: "),
        ("status=unheard", "Status: "),
        ("ordered_before=20240401", "Last order before: is no date"),
        ("misspelt=1", "misspelt: "),
        ("sort=nothing", "nothing is no field of a customer"),
        ("fields=nothing", "nothing is no field of a customer"),
    ],
)
def test_what_cannot_be_asked_for_is_said_beside_what_was_written(
    paged: Live, asked: str, sentence: str
) -> None:
    with entered(paged) as client:
        answer = client.get(f"/app/customers?{asked}&max_ltv=321")
    assert answer.status_code == 422
    assert sentence in unescape(answer.text)
    assert 'name="max_ltv" type="number" min="0" step="any" value="321"' in answer.text


def test_a_page_of_another_list_and_a_spoilt_one_are_refused_in_words(paged: Live) -> None:
    cursor = paged.get("/api/mcp/customers?min_frequency=1&limit=5").json()["next_cursor"]
    with entered(paged) as client:
        other = client.get("/app/customers", params={"min_frequency": 2, "cursor": cursor})
        spoilt = client.get("/app/customers", params={"cursor": f"{cursor}x"})
    for answer in (other, spoilt):
        assert 400 <= answer.status_code < 500
        assert 'role="alert"' in answer.text


def test_a_list_of_nobody_says_so(paged: Live) -> None:
    with entered(paged) as client:
        html = client.get("/app/customers?min_ltv=9999999").text
    assert texts(html, "h1") == ["0 customers"]
    assert "Nobody meets all of these conditions." in html
    assert "<table" not in html
    assert link(html, "Download all as CSV") is None


@pytest.mark.parametrize("path", ["/app", "/app/segments"])
def test_links_of_other_rooms_lead_to_lists(paged: Live, path: str) -> None:
    with entered(paged) as client:
        html = client.get(path).text
        found = {unescape(one) for one in re.findall(r'href="(/app/customers[^"]*)"', html)}
        assert found
        for one in found:
            answer = client.get(one)
            assert answer.status_code == 200, one
            assert 'role="alert"' not in answer.text


@pytest.mark.external
def test_the_list_follows_what_is_typed(paged: Live, browser: Chrome) -> None:
    (told,) = paged.get("/api/mcp/customers/search?query=person17@&limit=50").json()["customers"]
    with signed_in(browser, paged):
        browser.get(f"{paged.address}/app/customers")
        browser.find_element(By.ID, "q").send_keys("person17@")
        # What was typed so far may have been asked for already.
        patiently(browser).until(lambda page: "q=person17%40" in page.current_url)
        patiently(browser).until(
            lambda page: page.find_element(By.TAG_NAME, "h1").text.startswith("1 customer for")
        )
        shown = browser.find_elements(By.CSS_SELECTOR, "#list tbody tr")
        assert told["email"] in shown[0].text
        assert len(shown) == 1
        assert browser.find_element(By.ID, "q").get_attribute("value") == "person17@"
        see_no_fault(browser)


@pytest.mark.external
@every_width
def test_filters_and_columns_can_be_used_at_every_width(
    paged: Live, browser: Chrome, width: int
) -> None:
    with signed_in(browser, paged):
        set_width(browser, width)
        browser.get(f"{paged.address}/app/customers?min_frequency=2")
        for one in browser.find_elements(By.TAG_NAME, "summary"):
            one.click()
        see_no_fault(browser)
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.external
def test_a_list_is_filtered_and_searched_without_scripts(paged: Live, browser: Chrome) -> None:
    told = paged.get("/api/mcp/customers?min_frequency=3").json()
    with without_scripts(browser), signed_in(browser, paged):
        browser.get(f"{paged.address}/app/customers")
        browser.find_element(By.TAG_NAME, "summary").click()
        with leaving(browser):
            browser.find_element(By.NAME, "min_frequency").send_keys("3\n")
        assert browser.find_element(By.TAG_NAME, "h1").text == f"{told['total']:,} customers"
        with leaving(browser):
            browser.find_element(By.ID, "q").send_keys("person17@\n")
        assert browser.find_element(By.TAG_NAME, "h1").text.startswith("1 customer for")
