"""What a shop's own webhooks may call: signatures, keys, whom it counts, what comes twice."""

import json
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text

from backend.database.engine import opened, transaction
from backend.store import runs
from tests.api.test_fresh import NOW, SHOP, change, clustered_yesterday, placed
from tests.conftest import NewDatabase, wait_for
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER

SHOPIFY, WOOCOMMERCE = "shopify's secret", "Woo, its; secret"
SECRETS = {"SHOPIFY_WEBHOOK_SECRET": SHOPIFY, "WOOCOMMERCE_WEBHOOK_SECRET": WOOCOMMERCE}
EVENTS = "/api/admin/events/orders"
on_sqlite = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)


@pytest.fixture
def live(new_database: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop that a run has seen yesterday, and that scores who orders."""
    with serving(new_database(clustered_yesterday), tmp_path, variables=SECRETS) as service:
        yield service


@pytest.fixture(scope="module")
def still(
    new_module_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """Serve such a shop; nobody scores."""
    url, folder = new_module_database(clustered_yesterday), tmp_path_factory.mktemp("still")
    with serving(url, folder, variables={**SECRETS, **NO_WORKER}) as service:
        yield service


on_one = pytest.mark.parametrize("new_module_database", ["sqlite"], indirect=True)


def tell(live: Live, event_id: str, *ids: Any, key: str = ADMIN_KEY) -> Response:
    told = {"event_id": event_id, "customer_ids": ids}
    return live.client.post(EVENTS, json=told, headers={"X-API-Key": key})


def signature(secret: str, body: bytes) -> str:
    return b64encode(digest(secret.encode(), body, sha256)).decode()


def from_shopify(live: Live, order: Any, secret: str = SHOPIFY, **headers: str) -> Response:
    body = json.dumps(order).encode()
    signed = {"X-Shopify-Hmac-Sha256": signature(secret, body), **headers}
    return live.client.post(EVENTS, content=body, headers=signed)


def from_woocommerce(live: Live, order: Any, secret: str = WOOCOMMERCE, **headers: str) -> Response:
    body = json.dumps(order).encode()
    signed = {"X-WC-Webhook-Signature": signature(secret, body), **headers}
    return live.client.post(EVENTS, content=body, headers=signed)


def place_order(live: Live, customer_id: int, order_id: int) -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    wait_for(change(live.url, placed(customer_id, "80.00", at, order_id)))


def test_who_ordered_is_served_their_numbers_of_now(live: Live) -> None:
    before = live.get("/api/mcp/customers/4").json()
    place_order(live, 4, 900_001)
    answer = tell(live, "one", 4)
    assert (answer.status_code, answer.json()) == (
        202,
        {"repeated": False, "customers": 1, "unknown": 0, "guests": 0},
    )
    orders = before["total_orders"] + 1
    live.until_told("/api/mcp/customers/4", lambda told: told["total_orders"] == orders)
    after = live.get("/api/mcp/customers/4").json()
    assert after["run_id"] == before["run_id"]
    assert datetime.fromisoformat(after["as_of"]) > NOW
    assert after["updated_at"] > before["updated_at"]


@on_one
def test_what_is_told_twice_is_done_once(still: Live) -> None:
    assert tell(still, "twice", 4).json()["repeated"] is False
    assert tell(still, "twice", 4).json()["repeated"] is True
    assert tell(still, "Twice", 4).json()["repeated"] is False


@on_one
def test_whom_the_shop_does_not_have_is_counted(still: Live) -> None:
    told = tell(still, "unknown", 4, "5", "999999", "", "x" * 300).json()
    assert (told["customers"], told["unknown"]) == (2, 3)


@on_one
def test_an_order_is_its_customers_whatever_its_sender_says(still: Live) -> None:
    order = SHOP.orders[0]
    told = from_woocommerce(still, {"id": order["id"], "customer_id": 999_999}).json()
    assert (told["customers"], told["unknown"]) == (1, 0)


@on_one
def test_an_order_that_has_not_arrived_is_whose_its_sender_says(still: Live) -> None:
    told = from_shopify(still, {"id": 820_982_911_946_154_508, "customer": {"id": 4}}).json()
    assert (told["customers"], told["unknown"], told["guests"]) == (1, 0, 0)


@on_one
@pytest.mark.parametrize(
    ("send", "order"),
    [
        (from_shopify, {"id": 1_000_001, "customer": None}),
        (from_woocommerce, {"id": 1_000_001, "customer_id": 0}),
    ],
)
def test_a_guests_order_is_counted_as_nobodys(still: Live, send: Any, order: Any) -> None:
    told = send(still, order).json()
    assert (told["customers"], told["unknown"], told["guests"]) == (0, 0, 1)


@on_one
@pytest.mark.parametrize("send", [from_shopify, from_woocommerce])
@pytest.mark.parametrize("secret", ["another", ""])
def test_a_wrong_signature_opens_nothing(still: Live, send: Any, secret: str) -> None:
    answer = send(still, {"id": 1, "customer_id": 4}, secret)
    assert answer.status_code == 401
    assert "signature" in answer.json()["detail"]


@on_one
def test_a_signature_is_of_every_byte(still: Live) -> None:
    body = b'{"id": 1, "customer": {"id": 4}}'
    signed = {"X-Shopify-Hmac-Sha256": signature(SHOPIFY, body)}
    assert still.client.post(EVENTS, content=body + b" ", headers=signed).status_code == 401


@on_one
def test_a_delivery_that_comes_again_is_known_by_its_id(still: Live) -> None:
    known = {"X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"}
    first = from_shopify(still, {"id": 1, "customer": {"id": 4}}, **known)
    again = from_shopify(still, {"id": 1, "customer": {"id": 4}, "note": "again"}, **known)
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)


@on_one
def test_a_plain_key_tells_nothing(still: Live) -> None:
    assert tell(still, "plain", 4, key=API_KEY).status_code == 403
    assert tell(still, "plain", 4, key="wrong").status_code == 401


@on_one
@pytest.mark.parametrize("body", ["{}", "[]", "no JSON", '{"event_id": "x", "customer_ids": []}'])
def test_what_is_no_event_is_refused(still: Live, body: str) -> None:
    answer = still.client.post(EVENTS, content=body, headers={"X-API-Key": ADMIN_KEY})
    assert answer.status_code == 422


@on_one
def test_an_order_may_be_large_and_not_larger(still: Live) -> None:
    large = {"id": 1, "customer": {"id": 4}, "note": "x" * 900_000}
    assert from_shopify(still, large).status_code == 202
    assert from_shopify(still, {**large, "note": "x" * 1_000_001}).status_code == 413


@on_sqlite
def test_without_its_secret_a_platform_needs_a_key(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    with serving(new_database(clustered_yesterday), tmp_path, variables=NO_WORKER) as service:
        assert from_shopify(service, {"id": 1, "customer": {"id": 4}}).status_code == 401


@on_sqlite
def test_who_is_erased_is_nobody(live: Live) -> None:
    gone = live.client.delete("/api/admin/customers/4", headers={"X-API-Key": ADMIN_KEY})
    assert gone.status_code == 204
    told = tell(live, "erased", 4).json()
    assert (told["customers"], told["unknown"]) == (0, 1)
    assert live.get("/api/mcp/customers/4").status_code == 404


@pytest.mark.external
@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
def test_a_shop_whose_table_is_locked_is_asked_again(live: Live) -> None:
    async def told_meanwhile() -> Response:
        async with opened(live.url) as engine, transaction(engine) as connection:
            await connection.execute(text("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE"))
            return tell(live, "locked", 4)

    place_order(live, 4, 900_001)
    refused = wait_for(told_meanwhile())
    assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
    assert tell(live, "locked", 4).json() == {
        "repeated": False,
        "customers": 1,
        "unknown": 0,
        "guests": 0,
    }


@on_sqlite
def test_a_flood_is_coalesced(live: Live) -> None:
    before = {one: live.get(f"/api/mcp/customers/{one}").json() for one in (4, 5, 6)}
    revision = wait_for(revision_of(live.url))
    for number, one in enumerate(before):
        place_order(live, one, 900_001 + number)
    with ThreadPoolExecutor(8) as crowd:
        told = list(crowd.map(lambda place: tell(live, f"flood-{place}", 4 + place % 3), range(60)))
    assert {one.status_code for one in told} == {202}
    for one, profile in before.items():
        until_orders(live, one, profile["total_orders"] + 1)
    assert wait_for(revision_of(live.url)) - revision < 30


async def revision_of(url: str) -> int:
    async with opened(url) as engine, transaction(engine) as connection:
        published = await runs.published(connection)
    assert published is not None
    return published.revision


def until_orders(live: Live, customer_id: int, orders: int) -> None:
    path = f"/api/mcp/customers/{customer_id}"
    live.until_told(path, lambda told: told["total_orders"] == orders)
