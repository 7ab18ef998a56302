"""The scheduled pulls, run as cron runs them, against the platforms' APIs and PostgreSQL."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backend.database.engine import opened
from backend.files import values
from tests import forked
from tests.conftest import wait_for
from tests.examples.fakes import (
    TOKEN,
    Fake,
    Refused,
    answering,
    created,
    local,
    shopify_of,
    woocommerce_of,
)
from tests.forked import Forked
from tests.live import ADMIN_KEY, ROOT, command, serving
from tests.services import need
from tests.shops import Shop, invented
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.external

SYNC = ROOT / "docs" / "sync.md"
PLATFORMS = {"shopify": shopify_of, "woocommerce": woocommerce_of}
GUIDE_TABLES = {
    "CUSTOMERS_TABLE": "ecommerce.customers",
    "ORDERS_TABLE": "ecommerce.orders",
    "LINE_ITEMS_TABLE": "ecommerce.order_line_items",
}
GUEST = 7
PAGE = 20


@dataclass(slots=True)
class Pull:
    """A platform, a database, and the script between them."""

    platform: str
    fake: Fake
    shop: Shop
    url: str
    folder: Path

    def variables(self) -> dict[str, str]:
        """Return what the script is configured with."""
        name = self.platform.upper()
        return {
            # dlt wants a password, though this server asks for none.
            "DATABASE_URL": self.url.replace("@", ":unused@"),
            "DLT_DATA_DIR": str(self.folder / "dlt"),
            f"{name}_URL": self.fake.address,
            f"{name}_PAGE": str(PAGE),
            "SHOPIFY_TOKEN": TOKEN,
            "WOOCOMMERCE_KEY": "ck_key",
            "WOOCOMMERCE_SECRET": "cs_secret",
        }

    def start(self, **variables: str) -> Forked:
        """Start the script as cron does, with little of this process's environment."""
        kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        self.log.unlink(missing_ok=True)
        return forked.start(
            f"examples.{self.platform}_pull",
            (),
            folder=self.folder,
            variables={**kept, **self.variables(), **variables},
            stdout=self.log,
            stderr=self.log,
        )

    @property
    def log(self) -> Path:
        """Where the script's last words are."""
        return self.folder / "pull.log"

    def run(self, **variables: str) -> None:
        """Pull to the end."""
        status = self.start(**variables).wait(PATIENCE_SECONDS)
        assert status == 0, self.log.read_text()[-3000:]

    def refused(self, **variables: str) -> str:
        """Pull, and return what a pull says that is refused."""
        status = self.start(**variables).wait(PATIENCE_SECONDS)
        assert status == 1, self.log.read_text()[-3000:]
        return self.log.read_text()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        return wait_for(_rows(self.url, query))

    def order_totals(self) -> dict[int, Decimal]:
        """Return the orders that were pulled, with their totals."""
        return dict(self.rows("SELECT id, total_price FROM ecommerce.orders"))

    def has_everything(self) -> bool:
        """Whether each order came once, with its line."""
        wanted = {row["id"]: row["total_price"] for row in self.shop.orders}
        orders = self.rows("SELECT id, total_price FROM ecommerce.orders ORDER BY id")
        lines = self.rows("SELECT order_id FROM ecommerce.order_line_items ORDER BY order_id")
        return orders == sorted(wanted.items()) and [row for (row,) in lines] == sorted(wanted)


async def _rows(url: str, query: str) -> list[tuple[Any, ...]]:
    async with opened(url) as engine, engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


@pytest.fixture(scope="module")
def shop() -> Shop:
    return invented(customers=60)


# What a pull does with either platform is shown with the first one, the second repeats it.
both_platforms = pytest.mark.parametrize("pull", PLATFORMS, indirect=True)


@pytest.fixture(params=["shopify", pytest.param("woocommerce", marks=pytest.mark.long)])
def pull(
    request: pytest.FixtureRequest, shop: Shop, postgres_url: str, tmp_path: Path
) -> Iterator[Pull]:
    with answering(PLATFORMS[request.param](shop)) as fake:
        yield Pull(request.param, fake, shop, postgres_url, tmp_path)


@both_platforms
def test_a_pull_fills_the_guides_tables_and_a_run_works_on_them(pull: Pull) -> None:
    pull.run()
    assert pull.has_everything()
    done = command(pull.url, pull.folder, "cluster", "--json", variables=GUIDE_TABLES)
    assert done.returncode == 0, done.stderr
    people = "SELECT count(*) = count(DISTINCT id) FROM ecommerce.customers"
    assert pull.rows(people) == [(True,)]
    # A guest's id is the one that an imported file would have given.
    guest = values.made_id("customer", f"person{GUEST}@example.com")
    with serving(pull.url, pull.folder, variables=GUIDE_TABLES) as live:
        for person in pull.shop.customers:
            counted = pull.shop.counted(person["id"])
            if not counted:
                continue
            is_guest = pull.platform == "woocommerce" and person["id"] == GUEST
            customer_id = guest if is_guest else person["id"]
            profile = live.get(f"/api/mcp/customers/{customer_id}").json()
            assert profile["total_orders"] == len(counted)
            assert profile["historical_value"] == float(pull.shop.spent(person["id"]))
            assert profile["email"].lower() == person["email"]


def latest(shop: Shop) -> datetime:
    """Return when the last order changed."""
    return max(created(row) for row in shop.orders) + timedelta(hours=1)


def test_a_second_pull_fetches_what_changed_and_the_last_hour(pull: Pull) -> None:
    pull.run()
    before = pull.order_totals()
    assert sorted(set(pull.fake.given)) == sorted(before)
    overlap = [
        row["id"]
        for row in pull.shop.orders
        if created(row) + timedelta(hours=1) >= latest(pull.shop) - timedelta(hours=1)
    ]
    changed = next(row["id"] for row in pull.shop.orders if row["id"] not in overlap)
    price = {"shopify": "total_price", "woocommerce": "total"}[pull.platform]
    at = latest(pull.shop) + timedelta(days=1)
    pull.fake.changed(changed, at, **{price: "77.70", "line_items": []})
    pull.fake.forget()
    pull.run()
    assert set(pull.fake.given) == {changed, *overlap}
    assert pull.order_totals() == before | {changed: Decimal("77.70")}
    assert pull.rows(f"SELECT 1 FROM ecommerce.order_line_items WHERE order_id = {changed}") == []
    pull.fake.forget()
    pull.run()
    assert set(pull.fake.given) == {changed}


def test_a_change_that_shows_up_half_an_hour_late_is_found(pull: Pull) -> None:
    pull.run()
    late = pull.shop.orders[0]["id"]
    pull.fake.changed(late, latest(pull.shop) - timedelta(minutes=30))
    pull.fake.forget()
    pull.run()
    assert late in pull.fake.given


def test_a_killed_pull_goes_on_where_it_was(pull: Pull) -> None:
    orders = len(pull.shop.orders)
    reached, killed = threading.Event(), threading.Event()

    def stall() -> None:
        reached.set()
        killed.wait(PATIENCE_SECONDS)

    # Far enough that slices of two pages are in the database.
    pull.fake.happens[orders // PAGE - 1] = stall
    process = pull.start(SHOPIFY_SLICE_PAGES="2", WOOCOMMERCE_SLICE_PAGES="2")
    assert reached.wait(PATIENCE_SECONDS)
    process.kill()
    process.wait(PATIENCE_SECONDS)
    killed.set()
    loaded = len(pull.order_totals())
    assert 0 < loaded < orders
    pull.fake.forget()
    pull.run()
    assert pull.has_everything()
    assert len(pull.fake.given) < orders - loaded + 2 * PAGE


def test_a_pull_killed_while_it_writes_is_finished_by_the_next(pull: Pull) -> None:
    pull.run()
    changed = pull.shop.orders[0]["id"]
    pull.fake.changed(changed, latest(pull.shop) + timedelta(days=1), line_items=[])
    pull.fake.forget()
    with locked(pull):
        process = pull.start()
        wait_until(lambda: waiting(pull) > 0)
        process.kill()
        process.wait(PATIENCE_SECONDS)
    wait_until(lambda: waiting(pull) == 0)
    assert pull.has_everything()
    also = pull.shop.orders[1]["id"]
    pull.fake.changed(also, latest(pull.shop) + timedelta(days=1), line_items=[])
    pull.run()
    assert len(pull.order_totals()) == len(pull.shop.orders)
    left = pull.rows("SELECT order_id FROM ecommerce.order_line_items ORDER BY order_id")
    assert [row for (row,) in left] == sorted(pull.order_totals().keys() - {changed, also})


def test_an_order_that_changes_while_pages_are_read_pushes_none_out(pull: Pull) -> None:
    first = pull.shop.orders[0]["id"]
    oldest = sorted(pull.shop.orders, key=created)[0]["id"]
    now = datetime.now(UTC) + timedelta(minutes=1)

    def change() -> None:
        pull.fake.changed(first, now)
        pull.fake.changed(oldest, now)

    pull.fake.happens = {3: change, 4: change}
    pull.run()
    assert pull.has_everything()


def test_more_changes_in_one_second_than_a_slice_holds_all_arrive(pull: Pull) -> None:
    at = latest(pull.shop)
    for order_id in list(pull.fake.orders)[: 3 * PAGE + 5]:
        pull.fake.changed(order_id, at)
    pull.run(SHOPIFY_SLICE_PAGES="1", WOOCOMMERCE_SLICE_PAGES="1")
    assert pull.has_everything()


def test_a_change_dated_in_the_future_hides_none_that_follow(pull: Pull) -> None:
    wrong, right = list(pull.fake.orders)[:2]
    pull.fake.changed(wrong, datetime(2099, 1, 1, tzinfo=UTC))
    pull.run()
    pull.fake.changed(right, datetime.now(UTC))
    pull.fake.forget()
    pull.run()
    assert set(pull.fake.given) == {wrong, right}


def test_a_busy_shop_is_asked_again(pull: Pull) -> None:
    def busy() -> None:
        raise Refused(429, "Exceeded 2 calls per second", **{"Retry-After": "0.1"})

    def down() -> None:
        raise Refused(502, "Bad gateway")

    pull.fake.happens = {2: busy, 4: down}
    pull.run()
    assert pull.has_everything()


def test_a_pull_goes_on_without_its_working_files(pull: Pull) -> None:
    pull.run()
    assert (pull.folder / "dlt").is_dir()
    shutil.rmtree(pull.folder / "dlt")
    changed = pull.shop.orders[0]["id"]
    pull.fake.changed(changed, latest(pull.shop) + timedelta(days=1))
    pull.fake.forget()
    pull.run()
    assert changed in pull.fake.given
    assert len(pull.fake.given) < PAGE
    assert pull.has_everything()


def test_the_cron_lines_work(shop: Shop, postgres_url: str, tmp_path: Path) -> None:
    need("flock", ["util-linux"])
    need("curl", ["curl"])
    hourly, nightly = re.findall(r"^[\d* ]+  (cd .*)$", SYNC.read_text(), re.MULTILINE)
    with answering(shopify_of(shop)) as fake:
        pull = Pull("shopify", fake, shop, postgres_url, tmp_path)
        (tmp_path / "pull.env").write_text(
            "".join(f"{name}='{value}'\n" for name, value in pull.variables().items())
        )
        run_by_cron(hourly, tmp_path, "")
        assert pull.has_everything()
        with serving(pull.url, tmp_path, variables=GUIDE_TABLES) as live:
            run_by_cron(nightly, tmp_path, live.address)
            assert live.finished()["state"] == "succeeded"


def run_by_cron(line: str, folder: Path, service: str) -> None:
    """Run a line with a shell and hardly any environment, in places that a test may use."""
    places = {
        "/opt/intelligence-backend": str(ROOT),
        "/etc/pull.env": f"{folder}/pull.env",
        "/run/lock/pull": f"{folder}/lock",
        ".venv-sync/bin/python": sys.executable,
        "https://your-api.com": service,
        "your-admin-key": ADMIN_KEY,
    }
    for printed, here in places.items():
        line = line.replace(printed, here)
    done = subprocess.run(
        ["/bin/sh", "-c", line.replace("curl ", "curl -sS --fail ")],
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@both_platforms
def test_a_refused_key_changes_nothing_and_is_said(pull: Pull) -> None:
    said = pull.refused(SHOPIFY_TOKEN="wrong", WOOCOMMERCE_KEY="wrong")
    assert "401" in said
    assert pull.rows("SELECT 1 FROM pg_tables WHERE schemaname = 'ecommerce'") == []


@both_platforms
def test_an_api_that_sorts_otherwise_is_refused_before_a_change_is_lost(pull: Pull) -> None:
    pull.fake.sorts_as_asked = False
    said = pull.refused()
    assert "do not come with the oldest change first" in said
    assert pull.rows("SELECT 1 FROM pg_tables WHERE schemaname = 'ecommerce'") == []


def test_tables_of_others_are_refused_in_a_sentence(pull: Pull) -> None:
    done = command(pull.url, pull.folder, "migrate", "--shop-tables", variables=GUIDE_TABLES)
    assert done.returncode == 0, done.stderr
    said = pull.refused()
    assert said.splitlines()[-1].startswith("ecommerce.orders was not made by a pull")
    assert pull.fake.queries == []
    pull.run(PULL_SCHEMA="pulled")
    assert len(pull.rows("SELECT id FROM pulled.orders")) == len(pull.shop.orders)


@both_platforms
def test_a_missing_variable_is_named(pull: Pull) -> None:
    said = pull.refused(DATABASE_URL="")
    assert said.splitlines()[-1].startswith("DATABASE_URL is not set")


def test_a_pull_speaks_to_nobody_but_the_shop_and_the_database(pull: Pull) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.setblocking(False)
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        pull.run(http_proxy=address, https_proxy=address, no_proxy="127.0.0.1")
        with pytest.raises(BlockingIOError):
            proxy.accept()


def test_shopifys_cancelled_trial_and_till_orders(
    shop: Shop, postgres_url: str, tmp_path: Path
) -> None:
    fake = shopify_of(shop)
    cancelled, trial, at_the_till, refunded = list(fake.orders)[:4]
    fake.orders[cancelled] |= {"cancelled_at": local(latest(shop)), "financial_status": "paid"}
    fake.orders[trial] |= {"test": True}
    fake.orders[at_the_till] |= {"customer": None}
    payments = [
        {"kind": "refund", "status": "success", "amount": "1.10"},
        {"kind": "refund", "status": "failure", "amount": "5.00"},
        {"kind": "refund", "status": "success", "amount": "2.20"},
    ]
    fake.orders[refunded] |= {"refunds": [{"transactions": payments}]}
    with answering(fake):
        pull = Pull("shopify", fake, shop, postgres_url, tmp_path)
        pull.run()
    found = {
        row[0]: row[1:]
        for row in pull.rows(
            "SELECT id, financial_status, customer_id, refunded_amount FROM ecommerce.orders"
        )
    }
    assert found[cancelled][0] == "voided"
    assert trial not in found
    assert found[at_the_till][1] is None
    assert found[refunded][2] == Decimal("3.30")


@contextmanager
def locked(pull: Pull) -> Iterator[None]:
    """Hold the orders, so that whoever writes them waits."""
    held, done = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_hold(pull.url, held, done)))
    thread.start()
    assert held.wait(PATIENCE_SECONDS)
    try:
        yield
    finally:
        done.set()
        thread.join()


async def _hold(url: str, held: threading.Event, done: threading.Event) -> None:
    async with opened(url) as engine, engine.begin() as connection:
        await connection.execute(text("LOCK TABLE ecommerce.orders IN SHARE MODE"))
        held.set()
        await asyncio.to_thread(done.wait)


def waiting(pull: Pull) -> int:
    """Count who waits for a lock in the pull's database."""
    query = (
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE NOT granted AND datname = current_database()"
    )
    return int(pull.rows(query)[0][0])
