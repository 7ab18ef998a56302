"""Medusa itself: its migrations make the tables, its workflows fill them, the preset reads them.

`make test-platforms` runs it; it needs Node and npm's registry, and no other test collects it.
"""

import json
import logging
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.core.customer_id import CustomerId
from backend.database.engine import opened, snapshot
from backend.shop.customers import get_customers
from backend.shop.detecting import detect
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop
from tests.conftest import NewDatabase, wait_for
from tests.presets.events import Order, Person, ShopEvents, expected, happened, is_erased
from tests.presets.writers import medusa
from tests.snapshots import read_baskets, read_shop

log = logging.getLogger(__name__)
HERE = Path(__file__).parent / "medusa"
# How many of the invented people take part: a workflow takes some tenths of a second.
PEOPLE = 24
HOLDS = replace(
    medusa.HOLDS, stories=(*medusa.HOLDS.stories, "returned"), guests="by_email", traceless=()
)
MICROS = 1_000_000
INSTALL_SECONDS = 1_800
HAPPEN_SECONDS = 1_800
Brought = Mapping[str, list[int]]


@pytest.mark.external
def test_the_preset_reads_what_medusa_wrote(new_postgres: NewDatabase, tmp_path: Path) -> None:
    url, shop = new_postgres(), what_happens()
    installed(tmp_path)
    let_happen(tmp_path, url, shop)
    found, shirts = wait_for(brought(url))
    wanted = {
        one.person.email: sorted(int(sum_ * MICROS) for sum_ in one.brought.values())
        for one in expected(shop, HOLDS)
    }
    log.info(in_figures(shop, wanted, found))
    assert found == wanted
    assert shirts == {email: 2 * len(sums) for email, sums in wanted.items()}
    (one,) = wait_for(detected(url))
    assert (one.preset, one.settings["CURRENCY"]) == ("medusa2", "EUR")


def what_happens() -> ShopEvents:
    """Return what the first people do, and nobody in particular."""
    shop = happened(HOLDS)
    people = shop.people[:PEOPLE]
    theirs = [one for one in shop.orders if one.person is None or one.person in people]
    return replace(shop, people=people, orders=theirs)


def installed(folder: Path) -> None:
    """Install Medusa, whose versions `package.json` pins; scripts of packages are not run."""
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    quiet = (
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--legacy-peer-deps",
        "--loglevel=error",
    )
    ran(folder, {}, INSTALL_SECONDS, "npm", "install", *quiet)


def let_happen(folder: Path, url: str, shop: ShopEvents) -> None:
    """Make Medusa's tables, and let the events happen in its workflows."""
    told = folder / "events.json"
    told.write_text(json.dumps(in_json(shop)))
    variables = {
        "DATABASE_URL": url,
        "EVENTS": str(told),
        "MEDUSA_DISABLE_TELEMETRY": "true",
    }
    migrate = ("npx", "medusa", "db:migrate", "--execute-safe-links")
    ran(folder, variables, INSTALL_SECONDS, *migrate)
    ran(folder, variables, HAPPEN_SECONDS, "npx", "medusa", "exec", "./happen.js")


def ran(folder: Path, variables: Mapping[str, str], seconds: int, *command: str) -> None:
    """Run a command to its end, and show what it said where it failed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **variables},
        timeout=seconds,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:]


def in_json(shop: ShopEvents) -> dict[str, Any]:
    """Return the events as Medusa is told them: amounts as numbers, no instants."""
    return {
        "accounts": [account_in_json(one) for one in shop.people if not one.guest],
        "erased": [shop.erased.number],
        "orders": [order_in_json(order) for order in shop.orders],
    }


def account_in_json(person: Person) -> dict[str, Any]:
    """Return who registers."""
    names = {"first_name": person.first_name, "last_name": person.last_name}
    return {"number": person.number, "email": person.email, **names}


def order_in_json(order: Order) -> dict[str, Any]:
    """Return what is ordered; every other time somebody forgets to log in."""
    logged_in = is_erased(order.person) or order.number % 2
    return {
        "number": order.number,
        "account": order.account if logged_in else None,
        "email": order.email.strip() or None,
        "currency": order.currency.lower(),
        "events": [[event.what.value, float(event.amount)] for event in order.events],
    }


async def brought(url: str) -> tuple[Brought, Mapping[str, int]]:
    """Return by e-mail what each customer's orders brought, in millionths, and how many shirts."""
    shop = Shop(load_mapping({"SHOP_PRESET": "medusa2", "CURRENCY": "EUR"}))
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    async with opened(url) as engine:
        read = await read_shop(engine, shop, tomorrow)
        baskets = await read_baskets(engine, shop, read)
        ids = [CustomerId(str(one)) for one in read.customer_ids]
        async with snapshot(engine) as connection:
            people = await get_customers(connection, shop, ids)
    emails = [str(people[one].email).lower() for one in ids]
    assert baskets is not None
    sums = {
        email: sorted(read.amount_micros[read.customer_index == place].tolist())
        for place, email in enumerate(emails)
    }
    return sums, dict(zip(emails, np.nan_to_num(baskets.units).astype(int).tolist(), strict=True))


async def detected(url: str) -> Any:
    """Return the presets that fit."""
    async with opened(url) as engine:
        return (await detect(engine)).fitting


def in_figures(shop: ShopEvents, wanted: Brought, found: Brought) -> str:
    """Return the line that the documentation shows."""
    events = sum(len(order.events) for order in shop.orders)
    sums = [Decimal(sum(map(sum, one.values()))) / MICROS for one in (wanted, found)]
    orders = [sum(map(len, one.values())) for one in (wanted, found)]
    return (
        f"{events} events; people {len(wanted)}, read {len(found)}; orders {orders[0]}, "
        f"read {orders[1]}; EUR {sums[0]:.2f}, read {sums[1]:.2f}"
    )
