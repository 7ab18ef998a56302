"""A platform's webhook about an order, from the platform to the profile that is served."""

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import forked
from tests.conftest import wait_for
from tests.examples.fakes import Fake, answering, bare, local, shopify_of, woocommerce_of
from tests.examples.test_pulls import GUIDE_TABLES, Pull
from tests.live import ROOT, Live, serving
from tests.performed import perform_once
from tests.services import free_port
from tests.shops import AS_OF, VARIABLES, Row, invented
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.external

SECRET = "shared with the platform"
NEW_ORDER = 7_000_001
COMMAND = "python -m examples.order_webhooks {}"


@dataclass(slots=True)
class Platform:
    """A platform that has a webhook about orders, and what is at its other end."""

    name: str
    fake: Fake
    receiver: str
    live: Live

    def places_order(self, customer_id: int) -> Row:
        """Have a customer place another order, like one of their own."""
        order = next(one for one in self.fake.orders.values() if _orders(one, customer_id))
        at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
        written = local(at) if self.name == "shopify" else bare(at)
        names = ("created_at", "updated_at", "date_created_gmt", "date_modified_gmt")
        line = {**order["line_items"][0], "id": NEW_ORDER}
        made = {**deepcopy(order), "id": NEW_ORDER, "line_items": [line]}
        made |= {name: written for name in names if name in order}
        self.fake.orders[NEW_ORDER] = made
        return made

    def sends(self, order: Any, secret: str = SECRET) -> httpx.Response:
        """Call the webhook, as the platform does: the body signed, the delivery named."""
        body = json.dumps(order, separators=(",", ":")).encode()
        signature = b64encode(digest(secret.encode(), body, sha256)).decode()
        headers = {"Content-Type": "application/json", **_headers(self.name, signature)}
        return httpx.post(self.receiver, content=body, headers=headers, timeout=PATIENCE_SECONDS)


def _orders(order: Row, customer_id: int) -> bool:
    if "customer" in order:
        return bool(order["customer"]["id"] == customer_id)
    is_theirs = f"person{customer_id}@" in order["billing"]["email"].lower()
    return is_theirs and order["status"] == "completed"


def _headers(platform: str, signature: str) -> dict[str, str]:
    if platform == "shopify":
        return {
            "X-Shopify-Topic": "orders/create",
            "X-Shopify-Hmac-Sha256": signature,
            "X-Shopify-Shop-Domain": "shop.example.com",
            "X-Shopify-API-Version": "2026-10",
            "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        }
    return {
        "User-Agent": "WooCommerce/10.3 Hookshot (WordPress/6.9)",
        "X-WC-Webhook-Source": "https://shop.example.com/",
        "X-WC-Webhook-Topic": "order.created",
        "X-WC-Webhook-Resource": "order",
        "X-WC-Webhook-Event": "created",
        "X-WC-Webhook-Signature": signature,
        "X-WC-Webhook-ID": "3",
        "X-WC-Webhook-Delivery-ID": "9f2d1c8a4b6e",
    }


@pytest.fixture(params=["shopify", pytest.param("woocommerce", marks=pytest.mark.long)])
def platform(
    request: pytest.FixtureRequest, postgres_url: str, tmp_path: Path
) -> Iterator[Platform]:
    """Serve a copied shop that a run has seen, with the example between it and the platform."""
    name, shop = request.param, invented(customers=60)
    fakes = {"shopify": shopify_of, "woocommerce": woocommerce_of}
    with answering(fakes[name](shop)) as fake:
        pull = Pull(name, fake, shop, postgres_url, tmp_path)
        pull.run()
        wait_for(perform_once(postgres_url, {**VARIABLES, **GUIDE_TABLES}, as_of=AS_OF))
        secret = {f"{name.upper()}_WEBHOOK_SECRET": SECRET}
        with (
            serving(postgres_url, tmp_path, variables={**GUIDE_TABLES, **secret}) as live,
            receiving(pull, {**secret, "INTELLIGENCE_URL": live.address}) as address,
        ):
            fake.forget()
            yield Platform(name, fake, address, live)


@contextmanager
def receiving(pull: Pull, variables: dict[str, str]) -> Iterator[str]:
    """Run the example as the docs print it."""
    assert COMMAND.format("shopify") in (ROOT / "docs" / "realtime.md").read_text()
    port, log = free_port(), pull.folder / "webhooks.log"
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "WEBHOOKS_PORT": str(port)}
    process = forked.start(
        "examples.order_webhooks",
        (pull.platform,),
        folder=pull.folder,
        variables={**kept, **pull.variables(), **variables},
        stdout=log,
        stderr=log,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: process.poll() is not None or _answers(address), log.read_text)
        assert process.poll() is None, log.read_text()
        yield address
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)


def _answers(address: str) -> bool:
    try:
        return httpx.post(address).status_code == 401
    except httpx.TransportError:
        return False


def test_an_order_that_is_placed_there_is_served_here(platform: Platform) -> None:
    profile = "/api/mcp/customers/4"
    orders = platform.live.get(profile).json()["total_orders"]
    answer = platform.sends(platform.places_order(4))
    assert (answer.status_code, answer.json()["customers"]) == (202, 1), answer.text
    platform.live.until_told(profile, lambda told: told["total_orders"] == orders + 1)
    again = platform.sends(platform.fake.orders[NEW_ORDER])
    assert (again.status_code, again.json()["repeated"]) == (202, True)


def test_what_somebody_else_sends_pulls_nothing(platform: Platform) -> None:
    answer = platform.sends(platform.places_order(4), "another secret")
    assert answer.status_code == 401
    assert platform.fake.queries == []
