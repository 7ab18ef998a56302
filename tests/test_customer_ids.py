"""What one place accepts, all accept: every reader, every table and every route, any id."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from backend.core.settings import Settings
from backend.database.engine import AsyncEngine, opened
from backend.main import create_app
from tests.run.test_perform import clustered, config_of
from tests.shop.loose_shop import insert, make_tables

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
WHEN = datetime(2026, 1, 1, 10)  # noqa: DTZ001, as shops keep it
TABLES = {"CUSTOMERS_TABLE": "c", "ORDERS_TABLE": "o", "LINE_ITEMS_TABLE": "l"}
KEYS = {"api_key": "plain-key", "admin_api_key": "admin-key"}
# Pairs that some collation takes for equal, and what paths, patterns and numbers are written with.
LETTERS = "aAáÁßsS019+-. /\\%_?#&;\n\t'\"😀ł٧７"

numbers = st.integers(-(2**63), 2**63 - 1).map(str)
texts = st.text(LETTERS, min_size=1, max_size=6) | st.text(LETTERS, min_size=255, max_size=255)
known_ids = st.lists(numbers, min_size=1, max_size=5, unique=True) | st.lists(
    texts | numbers, min_size=1, max_size=5, unique=True
)
strangers = st.lists(
    st.text(LETTERS + "\0", max_size=6)
    | st.sampled_from(["007", "+7", "-0", "7.0", "9" * 4301, "\0", "a" * 256, str(2**63)]),
    max_size=3,
)


@dataclass(frozen=True, slots=True)
class House:
    """A database with a shop and our tables, and the service over it, in one process."""

    url: str
    engine: AsyncEngine
    client: httpx.AsyncClient

    async def ask(self, method: str, path: str, **query: str) -> httpx.Response:
        headers = {"X-API-Key": KEYS["admin_api_key"]}
        return await self.client.request(method, path, params=query, headers=headers)

    async def profile(self, customer_id: str) -> httpx.Response:
        return await self.ask("GET", f"/api/mcp/customers/{quote(customer_id, safe='')}")

    async def erase(self, customer_id: str) -> int:
        path = f"/api/admin/customers/{quote(customer_id, safe='')}"
        return (await self.ask("DELETE", path)).status_code

    async def changes(self, customer_id: str) -> list[str]:
        answer = await self.ask("GET", "/api/admin/changes", customer_id=customer_id)
        assert answer.status_code in {200, 404}
        return [move["customer_id"] for move in answer.json().get("changes", [])]


async def built(stack: AsyncExitStack, url: str) -> House:
    """Make the shop's tables, whose columns of ids come with each example, and the service."""
    engine = await stack.enter_async_context(opened(url))
    await make_tables(
        engine,
        [
            "CREATE TABLE c (id bigint, email varchar(99), first_name varchar(9),"
            " last_name varchar(9), orders_count integer)",
            "CREATE TABLE o (id bigint, customer_id bigint, total_price MONEY, created_at TIME,"
            " financial_status varchar(9))",
            "CREATE TABLE l (id bigint, order_id bigint, product_id bigint, quantity integer)",
        ],
    )
    return await served(stack, url, engine)


async def served(stack: AsyncExitStack, url: str, engine: AsyncEngine) -> House:
    variables = {name.lower(): value for name, value in TABLES.items()}
    app = create_app(Settings(database_url=url, run_worker=False, **KEYS, **variables))
    state = await stack.enter_async_context(app.router.lifespan_context(app))

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    transport = httpx.ASGITransport(with_state, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://shop.test")
    return House(url, engine, await stack.enter_async_context(client))


async def with_customers(house: House, ids: Sequence[str], *, as_text: bool) -> None:
    """Fill the shop: everybody ordered once, and a stranger did."""
    id_type = "varchar(255)" if as_text else "bigint"
    dialect = house.engine.dialect.name
    statements = [f"DROP TABLE IF EXISTS {name}" for name in "co"] + ["DELETE FROM l"]
    statements += [
        f"CREATE TABLE c (id {id_type}, email varchar(99), first_name varchar(9),"
        " last_name varchar(9), orders_count integer)",
        f"CREATE TABLE o (id bigint, customer_id {id_type}, total_price MONEY, created_at TIME,"
        " financial_status varchar(9))",
    ]
    await make_tables(house.engine, statements)
    when: Any = WHEN.isoformat(" ") if dialect == "sqlite" else WHEN
    stored = [one if as_text else int(one) for one in ids]
    people = [(one, f"{n}@example.com", None, None, 1) for n, one in enumerate(stored)]
    await insert(house.engine, "c", people)
    orders = [(n, one, 10, when, "paid") for n, one in enumerate(stored)]
    await insert(house.engine, "o", orders)
    await insert(house.engine, "l", [(n, n, 1, 1) for n in range(len(orders))])
