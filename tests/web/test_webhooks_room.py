"""The room Webhooks: made, shown, tried and told again by who administers, and by no others."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from selenium.webdriver import Chrome
from standardwebhooks import Webhook as Signer

from tests.conftest import NewDatabase
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import clustered_shop
from tests.receiver import WITHOUT_LIMITS, Receiver, receiving
from tests.waiting import wait_until
from tests.web.browsing import MASKED_KEY, entered, every_width, look_at, signed_in

ROOM = "/app/webhooks"
HOSTILE = "http://127.0.0.1:9/<script>alert(1)</script>"


@pytest.fixture
def live(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a clustered shop, with a worker."""
    with serving(new_sqlite(clustered_shop), tmp_path, variables=WITHOUT_LIMITS) as service:
        yield service


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def secret_on(page: httpx.Response) -> str:
    found = re.search(r"<code>(whsec_[^<]+)</code>", page.text)
    assert found is not None, page.text
    return unescape(found[1])


def address_on(page: httpx.Response) -> str:
    found = re.search(rf'action="({ROOM}/\w+)"', page.text)
    assert found is not None, page.text
    return found[1]


def actions(live: Live) -> list[str]:
    entries = live.get("/api/admin/audit", ADMIN_KEY).json()["entries"]
    return [one["action"] for one in entries][::-1]


@pytest.mark.parametrize("key", [API_KEY, MASKED_KEY])
def test_those_who_do_not_administer_see_nothing_of_it(paged: Live, key: str) -> None:
    with entered(paged, key) as client:
        assert f'href="{ROOM}"' not in client.get("/app").text
        assert client.get(ROOM).status_code == 403
        assert client.post(ROOM, data={"url": "https://a.example.com"}).status_code == 403
        assert client.get(f"{ROOM}/any").status_code == 403
        assert client.post(f"{ROOM}/any", data={"test": "yes"}).status_code == 403


@every_width
def test_a_webhook_is_made_tried_told_again_and_deleted(
    live: Live, receiver: Receiver, browser: Chrome, width: int
) -> None:
    with entered(live) as client:
        made = client.post(ROOM, data={"url": receiver.url, "run.published": "yes"})
        secret, address = secret_on(made), address_on(made)
        assert secret not in client.get(address).text
        assert client.post(address, data={"test": "yes"}).headers["location"] == address
        (trial,) = receiver.until(1)
        Signer(secret).verify(trial.body, dict(trial.headers))
        receiver.answer = lambda _: (500, {})
        live.cluster()
        receiver.until(2)
        wait_until(lambda: "answered with 500" in client.get(address).text)
        receiver.answer = lambda _: (200, {})
        rotated = client.post(address, data={"rotate": "yes"})
        assert secret_on(rotated) != secret
        for doing, told in (("disable", "Held back since"), ("enable", "Is told")):
            client.post(address, data={doing: "yes"})
            assert told in client.get(address).text
        wait_until(lambda: client.get(address).text.count("Delivered") == 2)
        first = re.findall(r'name="again" value="(\d+)"', client.get(address).text)[-1]
        client.post(address, data={"again": first})
        receiver.until(4)
        assert receiver.calls[-1].id == trial.id
        assert receiver.calls[-1].event == "webhook.test"
        with signed_in(browser, live):
            look_at(browser, live.address + address, width)
            look_at(browser, live.address + ROOM, width)
        client.post(address, data={"delete": "yes"})  # the box is not ticked
        assert client.get(address).status_code == 200
        gone = client.post(address, data={"delete": "yes", "sure": "yes"})
        assert gone.headers["location"] == ROOM
        assert client.get(address).status_code == 404
    assert [one for one in actions(live) if one.startswith("webhook")] == [
        "webhook_created",
        "webhook_tested",
        "webhook_secret_rotated",
        "webhook_disabled",
        "webhook_enabled",
        "webhook_redelivered",
        "webhook_deleted",
    ]


def test_what_cannot_be_made_is_refused_in_words_and_shown_as_text(live: Live) -> None:
    with entered(live) as client:
        for data, told in (
            ({"url": "https://a.example.com"}, "tick at least one"),
            ({"url": "ftp://a.example.com", "run.failed": "yes"}, "no URL that begins with"),
        ):
            refused = client.post(ROOM, data=data)
            assert refused.status_code == 422
            assert told in refused.text
        made = client.post(ROOM, data={"url": HOSTILE, "run.failed": "yes"})
        for page in (made, client.get(ROOM), client.get(address_on(made))):
            assert page.status_code == 200
            assert "<script>alert" not in page.text
            assert HOSTILE in unescape(page.text)
