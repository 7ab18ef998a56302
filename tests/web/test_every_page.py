"""What holds of each page and each form, found by walking over the routes: no room is forgotten."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import httpx
import pytest
from fastapi.routing import APIRoute
from selenium.webdriver import Chrome

from backend.results.campaign_life import AnswerKind
from backend.web import sign_in
from backend.web.entrance import SIGN_IN
from backend.web.house import rooms_found
from backend.web.room import AdminRoomRoute
from tests.campaigns_kept import Kept, keep_campaign
from tests.conftest import wait_for
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER, perform_once
from tests.receiver import WITHOUT_LIMITS
from tests.shops import AS_OF, fill, invented
from tests.web.browsing import (
    MASKED_KEY,
    RULES_OF_COLOUR,
    entered,
    every_width,
    in_the_dark,
    look_at,
    see_no_fault,
    signed_in,
    text_of,
)

HOSTILE = "<script>document.title='taken'</script>\"'{{ 7*7 }}<img src=x onerror=alert(1)>"
SHOP_WRITTEN = {
    "customers": ("email", "first_name", "last_name"),
    "orders": ("order_number",),
    "order_line_items": ("product_title", "vendor"),
}
TAKEN = ("taken", "49")
# What a page has to be asked for beside what is in its path.
ASKED = {"/app/customer": "?id={customer_id}", "/app/customer/orders": "?id={customer_id}"}
OPEN_TO_ALL = {SIGN_IN, f"{SIGN_IN}/{{token}}", "/app/sign-out"}


def page_routes() -> list[APIRoute]:
    routers = [router for room in rooms_found() for router in room.routers]
    routes = [route for router in (sign_in.router, *routers) for route in router.routes]
    return [one for one in routes if isinstance(one, APIRoute)]


def method(route: APIRoute) -> str:
    (only,) = route.methods or set()
    return only


ROUTES = page_routes()
PAGES = [one for one in ROUTES if method(one) == "GET"]
FORMS = [one for one in ROUTES if method(one) == "POST"]
BEHIND_THE_DOOR = [one for one in ROUTES if one.path not in OPEN_TO_ALL]


def named(route: APIRoute) -> str:
    return f"{method(route)} {route.path}"


@dataclass(frozen=True)
class HostileShop:
    """A shop whose texts would all be markup, and whom its pages may be asked about."""

    live: Live
    ids: Mapping[str, str]

    def path(self, route: APIRoute) -> str:
        return (route.path + ASKED.get(route.path, "")).format_map(self.ids)

    def audited(self) -> int:
        return len(self.live.get("/api/admin/audit", ADMIN_KEY).json()["entries"])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileShop]:
    folder = tmp_path_factory.mktemp("hostile")
    url = f"sqlite:///{folder}/shop.db"
    wait_for(fill(url, invented(400)))
    write_markup_everywhere(f"{folder}/shop.db")
    for as_of in (AS_OF - timedelta(days=60), AS_OF):
        wait_for(perform_once(url, as_of=as_of))
    variables = {**NO_WORKER, "API_KEY_MASKED": MASKED_KEY, **WITHOUT_LIMITS}
    with serving(url, folder, variables=variables) as live, entered(live) as client:
        yield HostileShop(live, ids_of(live, client))


def write_markup_everywhere(database: str) -> None:
    with sqlite3.connect(database) as connection:
        for table, columns in SHOP_WRITTEN.items():
            for column in columns:
                connection.execute(f"UPDATE {table} SET {column} = ? || id", [HOSTILE])


def ids_of(live: Live, client: httpx.Client) -> Mapping[str, str]:
    """Name all that has a name by markup, and say whom the pages may be asked about."""
    segments = live.get("/api/mcp/segments").json()
    for number, one in enumerate(segments["segments"]):
        form = {"name": f"{number} {HOSTILE}", "description": HOSTILE}
        assert client.post(f"/app/segments/{one['id']}", data=form).status_code == 303
    address = {"url": f"http://127.0.0.1:9/{quote(HOSTILE)}", "run.failed": "yes"}
    made = re.search(r"/app/webhooks/(\w+)", client.post("/app/webhooks", data=address).text)
    assert made is not None
    customer = live.get("/api/mcp/customers?limit=1&sort=-total_orders").json()["customers"][0]
    counted = Kept(name=HOSTILE, kinds=(AnswerKind.LOOK, AnswerKind.AT_CLOSE))
    return {
        "campaign_id": wait_for(keep_campaign(live.url, counted)),
        "segment_id": segments["segments"][0]["id"],
        "run_id": segments["run_id"],
        "webhook_id": made[1],
        "customer_id": customer["customer_id"],
        "token": "none",
    }


@every_width
@pytest.mark.external
def test_people_can_use_every_page_in_the_light_and_in_the_dark_and_no_text_is_markup(
    hostile: HostileShop, browser: Chrome, width: int
) -> None:
    told = ""
    with signed_in(browser, hostile.live), entered(hostile.live) as client:
        for route in PAGES:
            path = hostile.path(route)
            if not is_page(client.get(path)):
                continue
            look_at(browser, hostile.live.address + path, width)
            assert browser.title not in TAKEN, path
            told += text_of(browser)
            with in_the_dark(browser):
                see_no_fault(browser, RULES_OF_COLOUR)
    assert told.count(HOSTILE) > len(PAGES)


def is_page(answer: httpx.Response) -> bool:
    return answer.is_success and answer.headers["content-type"].startswith("text/html")


def test_each_room_leads_to_pages_and_each_is_asked_for_rightly(hostile: HostileShop) -> None:
    with entered(hostile.live) as client:
        answers = {one.path: client.get(hostile.path(one)) for one in PAGES}
    wrong = {path: one.status_code for path, one in answers.items() if not one.is_success}
    # Who is in already is led on from the door, and an invitation that is none is refused.
    assert wrong == {SIGN_IN: 303, f"{SIGN_IN}/{{token}}": 403}
    assert len([one for one in answers.values() if is_page(one)]) >= len(rooms_found())


@pytest.mark.parametrize("form", FORMS, ids=named)
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_form_takes_what_another_site_sends(
    hostile: HostileShop, form: APIRoute, site: str
) -> None:
    before = hostile.audited()
    elsewhere = {"Sec-Fetch-Site": site, "Origin": "https://evil.example"}
    sent = {"name": "theirs", "sure": "yes", "erase": "yes", "delete": "yes", "key": ADMIN_KEY}
    with entered(hostile.live) as client:
        answer = client.post(hostile.path(form), data=sent, headers=elsewhere)
        assert client.get("/app").status_code == 200
    assert answer.status_code == 403
    assert "another site" in answer.text
    assert "set-cookie" not in answer.headers
    assert hostile.audited() == before


@pytest.mark.parametrize("route", BEHIND_THE_DOOR, ids=named)
def test_who_is_not_in_is_led_to_the_door_and_never_into_a_part(
    hostile: HostileShop, route: APIRoute
) -> None:
    path = hostile.path(route)
    with httpx.Client(base_url=hostile.live.address) as client:
        whole = client.request(method(route), path)
        part = client.request(method(route), path, headers={"HX-Request": "true"})
    assert whole.status_code == 303
    assert whole.headers["location"].startswith(f"{SIGN_IN}?next=")
    assert (part.status_code, part.content) == (204, b"")
    assert part.headers["hx-redirect"].startswith(SIGN_IN)


@pytest.mark.parametrize("key", [API_KEY, MASKED_KEY])
def test_what_administers_is_closed_to_who_does_not(hostile: HostileShop, key: str) -> None:
    closed = [one for one in ROUTES if isinstance(one, AdminRoomRoute)]
    assert [one.path for one in FORMS if one not in closed and one.path not in OPEN_TO_ALL] == []
    before = hostile.audited()
    with entered(hostile.live, key) as client:
        for one in closed:
            answer = client.request(method(one), hostile.path(one), data={"sure": "yes"})
            assert answer.status_code == 403, one.path
            assert "admin key" in answer.text
    assert hostile.audited() == before


@pytest.mark.parametrize(("key", "sees"), [(API_KEY, True), (MASKED_KEY, False)])
def test_who_sees_no_people_is_told_of_none_on_any_page(
    hostile: HostileShop, key: str, sees: bool
) -> None:
    with entered(hostile.live, key) as client:
        answers = [client.get(hostile.path(one)) for one in PAGES]
    told = unescape("".join(one.text for one in answers if one.is_success))
    assert (f"{HOSTILE}{hostile.ids['customer_id']}" in told) is sees
