"""The page of one customer: its numbers and reasons beside the API's, and how one is erased."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.chromium import patiently
from tests.conftest import NewDatabase
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER, clustered_shop
from tests.web.browsing import MASKED_KEY, entered, every_width, look_at, signed_in, without_scripts
from tests.web.test_segments import HOSTILE, rows, texts


@pytest.fixture
def erasing(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop whose customers may be erased."""
    with serving(new_sqlite(clustered_shop), tmp_path, variables=NO_WORKER) as live:
        yield live


def best(live: Live, asked: str = "") -> dict[str, Any]:
    """Return the profile of the first in a list, with reasons."""
    (first,) = live.get(f"/api/mcp/customers?limit=1&{asked}").json()["customers"]
    told = live.get(f"/api/mcp/customers/{first['customer_id']}?explain=true").json()
    return dict(told)


def figures(html: str) -> dict[str, tuple[str, str]]:
    found = re.findall(r"<dt>(.*?)</dt><dd><strong>(.*?)</strong>(?:<small>(.*?)</small>)?", html)
    return {name: (unescape(figure), unescape(beside)) for name, figure, beside in found}


def test_the_page_tells_what_the_api_does_with_its_interval_and_reasons(paged: Live) -> None:
    told = best(paged, "sort=total_orders&min_frequency=1")
    with entered(paged) as client:
        html = client.get("/app/customer", params={"id": told["customer_id"]}).text
    said = unescape(html)
    assert texts(html, "h1") == [f"{told['first_name']} {told['last_name']}"]
    assert told["email"] in said
    assert told["archetype"]["name"] in said
    shown = figures(html)
    low, high = told["predicted_value_low"], told["predicted_value_high"]
    assert shown["Expected"][0] == written(told["predicted_value"])
    assert shown["Expected"][1].endswith(f"between {written(low)} and {written(high)}")
    assert shown["Risk to leave"][0] == f"{100 * told['churn_risk']:.0f}\N{NO-BREAK SPACE}%"
    assert shown["Brought so far"] == (
        written(told["historical_value"]),
        f"by {told['total_orders']:,} order{'s' * (told['total_orders'] != 1)}",
    )
    why = told["explanation"]
    assert why["segment"]["why"] in said
    assert why["segment"]["crossings"]
    for one in why["segment"]["crossings"]:
        assert one["sentence"] in said
    for number in ("churn_risk", "predicted_value"):
        assert why[number]["contributions"]
        for one in why[number]["contributions"]:
            assert one["reason"] in said


def written(amount: float) -> str:
    return f"{amount:,.0f}" if abs(amount) >= 99.5 else f"{amount:,.2f}"


def test_the_page_tells_how_a_customer_moved(paged: Live) -> None:
    ((customer_id, count),) = rows(
        paged.url,
        "SELECT customer_id, COUNT(*) FROM intelligence_segment_changes "
        "WHERE from_segment_id IS NOT NULL GROUP BY customer_id ORDER BY 2 DESC, 1 LIMIT 1",
    )
    told = paged.get(f"/api/admin/changes?customer_id={customer_id}", ADMIN_KEY).json()["changes"]
    with entered(paged) as client:
        html = client.get(f"/app/customer?id={customer_id}").text
    table = html.partition("How they moved</h2>")[2].partition("</table>")[0]
    assert count >= 1
    assert len(re.findall(r"<tr>", table)) == 1 + len(told)


def test_the_orders_are_those_of_the_shop_the_newest_first(paged: Live) -> None:
    told = best(paged, "sort=-total_orders")
    customer_id = int(told["customer_id"])
    expected = rows(
        paged.url,
        "SELECT id, total_price, created_at FROM orders WHERE customer_id = ? "
        "ORDER BY created_at DESC, id DESC",
        customer_id,
    )
    address = f"/app/customer/orders?id={customer_id}"
    with entered(paged, MASKED_KEY) as client:
        html = client.get(address).text
        part = client.get(address, headers={"HX-Request": "true"}).text
        assert client.get("/app/customer/orders?id=987654").status_code == 404
    shown = [texts(one, "td") for one in re.findall(r"<tr>.*?</tr>", html.partition("<tbody>")[2])]
    assert len(shown) == len(expected) >= told["total_orders"] > 1
    assert [(one[0], one[1]) for one in shown] == [
        (str(order_id), f"{float(total):,.2f}") for order_id, total, _ in expected
    ]
    latest = datetime.fromisoformat(str(expected[0][2]))
    assert f"{latest.day} {latest:%b %Y}" in texts(html.partition("<tbody>")[2], "th")[0]
    assert sum(one[2] == "Yes" for one in shown) == told["total_orders"]
    assert "<html" not in part
    assert part.partition("<tbody>")[2] in html


def test_every_number_has_its_meaning_beside_it(paged: Live) -> None:
    told = best(paged)
    schema = paged.client.get("/openapi.json").json()["components"]["schemas"]["CustomerProfile"]
    with entered(paged) as client:
        said = unescape(client.get(f"/app/customer?id={told['customer_id']}").text)
    for name, described in schema["properties"].items():
        if name not in {
            "email",
            "first_name",
            "last_name",
            "customer_id",
            "explanation",
            "archetype",
        }:
            assert described.get("description", name) in said, name


def test_a_masked_key_sees_numbers_and_no_name(paged: Live) -> None:
    told = best(paged)
    with entered(paged, MASKED_KEY) as client:
        html = client.get(f"/app/customer?id={told['customer_id']}").text
    assert texts(html, "h1") == [told["customer_id"]]
    assert figures(html)["Expected"][0] == written(told["predicted_value"])
    assert "@" not in html
    assert told["last_name"] not in html
    assert "Erase" not in html


@pytest.mark.parametrize(
    "address", ["/app/customer?id=987654", "/app/customer", "/app/customer?id="]
)
def test_nobody_is_told_on_a_page(paged: Live, address: str) -> None:
    with entered(paged) as client:
        answer = client.get(address)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_those_who_do_not_administer_can_neither_export_nor_erase(paged: Live) -> None:
    told = best(paged)
    address = f"/app/customer?id={told['customer_id']}"
    with entered(paged, API_KEY) as client:
        assert "Erase" not in client.get(address).text
        for form in ({"export": "yes"}, {"erase": "yes", "sure": "yes"}):
            assert client.post(address, data=form).status_code == 403
        assert client.get(address).status_code == 200
    with entered(paged, ADMIN_KEY) as client:
        client.headers["Sec-Fetch-Site"] = "cross-site"
        assert client.post(address, data={"erase": "yes", "sure": "yes"}).status_code == 403
    assert best(paged)["customer_id"] == told["customer_id"]


def test_an_export_is_the_apis_as_a_file(erasing: Live) -> None:
    told = best(erasing)
    expected = erasing.get(f"/api/admin/customers/{told['customer_id']}/export", ADMIN_KEY).json()
    with entered(erasing) as client:
        answer = client.post(f"/app/customer?id={told['customer_id']}", data={"export": "yes"})
    assert answer.headers["content-disposition"].startswith("attachment")
    given = json.loads(answer.text)
    assert given.pop("exported_at") >= expected.pop("exported_at")
    assert given == expected


def test_who_is_erased_is_on_no_page_and_in_no_file(erasing: Live) -> None:
    told = best(erasing)
    customer_id, address = told["customer_id"], f"/app/customer?id={told['customer_id']}"
    with entered(erasing) as client:
        unsure = client.post(address, data={"erase": "yes"})
        assert unsure.status_code == 422
        assert "Nothing was erased" in unsure.text
        answer = client.post(address, data={"erase": "yes", "sure": "yes"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/app/customers")
        assert client.get(address).status_code == 404
        assert client.get(address.replace("?", "/orders?")).status_code == 404
        html = client.get("/app/customers").text
        assert f'id={customer_id}"' not in html
        assert html.count("/app/customer?id=") >= 1
        assert told["email"] not in client.get("/app/customers/csv").text
        found = client.get("/app/customers", params={"q": told["email"]}).text
        assert "Nobody is found by that." in found
    assert erasing.get(f"/api/mcp/customers/{customer_id}").status_code == 404


def test_hostile_names_stay_text(erasing: Live, browser: Chrome) -> None:
    told = best(erasing)
    change = "UPDATE customers SET first_name = ?, last_name = NULL WHERE id = ?"
    rows(erasing.url, change, HOSTILE, int(told["customer_id"]))
    with signed_in(browser, erasing):
        for path in (f"/app/customer?id={told['customer_id']}", "/app/customers"):
            browser.get(erasing.address + path)
            assert HOSTILE in browser.find_element(By.TAG_NAME, "main").text
            assert browser.title.endswith("Intelligence")


@every_width
@pytest.mark.external
def test_the_page_can_be_used_at_every_width_and_without_scripts(
    paged: Live, browser: Chrome, width: int
) -> None:
    told = best(paged)
    address = f"{paged.address}/app/customer?id={told['customer_id']}"
    with signed_in(browser, paged):
        look_at(browser, address, width)
        button = browser.find_element(By.CSS_SELECTOR, "[data-copy]")
        assert button.get_attribute("data-copy") == told["email"]
        button.click()
        patiently(browser).until(lambda _: button.text == "Copied")
        with without_scripts(browser):
            browser.get(address)
            assert told["email"] in browser.find_element(By.TAG_NAME, "main").text
