"""What one place accepts, all accept: every reader, every table and every route, any id."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from backend.core.settings import Settings
from backend.database.engine import AsyncEngine, opened, transaction
from backend.main import create_app
from backend.results.readiness import Readiness
from backend.run.readiness_check import check_shop
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop
from backend.store.tables import customer_intelligence, segment_changes, tombstones
from tests.asked_in_process import asked_in_process
from tests.conftest import NewDatabase, in_turns, takes_its_turn
from tests.performed import clustered, config_of
from tests.shop.loose_shop import insert, make_tables
from tests.shops import HORIZONS

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
WHEN = datetime(2026, 1, 1, 10)  # noqa: DTZ001, as shops keep it
TABLES = {"CUSTOMERS_TABLE": "c", "ORDERS_TABLE": "o", "LINE_ITEMS_TABLE": "l"}
KEY = "plain-key"
# Pairs that some collation takes for equal, and what paths, patterns and numbers are written with.
LETTERS = "aAáÁßsS019+-. /\\%_?#&;\n\t'\"😀ł٧７"

numbers = st.integers(-(2**63), 2**63 - 1).map(str)
texts = st.text(LETTERS, min_size=1, max_size=6) | st.text(LETTERS, min_size=255, max_size=255)
STRANGE = ["", "007", "+7", "-0", "7.0", "9" * 4301, "\0", "7\0", "a" * 256, str(2**63), "None"]
strangers = st.lists(st.text(LETTERS, max_size=6) | st.sampled_from(STRANGE), max_size=4)
# Each is a run and many requests; what must be looked at is given besides.
EXAMPLES = pytest.mark.parametrize("examples", [2, pytest.param(20, marks=pytest.mark.long)])
# Which names a route has taken, and what HTTP itself takes for another path.
TAKEN = {"search", "gone", ".", ".."}


@dataclass(frozen=True, slots=True)
class House:
    """A shop and our tables in one database, and the service over them in this process."""

    url: str
    engine: AsyncEngine
    client: httpx.AsyncClient

    async def ask(self, method: str, path: str, **query: str) -> httpx.Response:
        return await self.client.request(method, path, params=query, headers={"X-API-Key": KEY})

    async def profile(self, customer_id: str) -> httpx.Response:
        return await self.ask("GET", f"/api/mcp/customers/{quote(customer_id, safe='')}")

    async def erase(self, customer_id: str) -> int:
        path = f"/api/admin/customers/{quote(customer_id, safe='')}"
        return (await self.ask("DELETE", path)).status_code

    async def changes(self, customer_id: str) -> list[str]:
        answer = await self.ask("GET", "/api/admin/changes", customer_id=customer_id)
        assert answer.status_code == 200, answer.text
        return [move["customer_id"] for move in answer.json()["changes"]]

    async def listed(self, sort: str) -> list[str]:
        """Follow a list from page to page; everybody on it is named by the shop."""
        found, query = list[str](), {"sort": sort, "limit": "2", "totals": "false"}
        while True:
            answer = await self.ask("GET", "/api/mcp/customers", **query)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            assert all(one["email"] for one in page["customers"])
            found += [one["customer_id"] for one in page["customers"]]
            if (cursor := page["next_cursor"]) is None:
                return found
            query = {"cursor": cursor, "limit": "2", "totals": "false"}

    async def looked_up(self, ids: Sequence[str]) -> list[str]:
        """Look several up at once."""
        answer = await self.client.post(
            "/api/mcp/customers/batch", json={"ids": [*ids]}, headers={"X-API-Key": KEY}
        )
        assert answer.status_code == 200, answer.text
        return [one["customer_id"] for one in answer.json()["customers"]]

    async def checked(self) -> Readiness:
        shop = Shop(load_mapping(TABLES))
        return await check_shop(self.engine, self.engine, shop, AS_OF, HORIZONS)

    async def clustered(self, *, afresh: bool = True) -> dict[str, Any]:
        """Run once over the shop, and forget first what was before."""
        async with transaction(self.engine) as connection:
            for table in (customer_intelligence, segment_changes, tombstones) if afresh else ():
                await connection.execute(delete(table))
        return await clustered(
            self.engine,
            self.url,
            config_of(self.url, shop_variables=TABLES, secrets=[KEY]),
            as_of=AS_OF,
        )


async def built(stack: AsyncExitStack, url: str, id_type: str, order_type: str) -> House:
    """Make a shop whose customers' and orders' ids are of these types, and serve it."""
    engine = await stack.enter_async_context(opened(url))
    await make_tables(
        engine,
        [
            f"CREATE TABLE c (id {id_type}, email varchar(99), first_name varchar(9),"
            " last_name varchar(9), orders_count integer)",
            f"CREATE TABLE o (id bigint, customer_id {order_type}, total_price MONEY,"
            " created_at TIME, financial_status varchar(9))",
            "CREATE TABLE l (id bigint, order_id bigint, product_id bigint, quantity integer)",
        ],
    )
    variables = {name.lower(): value for name, value in TABLES.items()}
    at_once = {"served_run_seconds": 0, "answer_seconds": 0}  # Runs follow each other in no time.
    configured: dict[str, Any] = {"database_url": url, "api_key": KEY, **at_once, **variables}
    app = create_app(Settings(**configured, run_worker=False))
    client = await stack.enter_async_context(asked_in_process(app, raises=False))
    return House(url, engine, client)


async def fill(
    engine: AsyncEngine, ids: Sequence[Any], ordered_by: Sequence[Any] | None = None
) -> None:
    """Put these customers into the shop, with orders of one line: one each, if not said."""
    owners = ids if ordered_by is None else ordered_by
    await make_tables(engine, [f"DELETE FROM {table}" for table in "col"])
    when: Any = WHEN.isoformat(" ") if engine.dialect.name == "sqlite" else WHEN
    people = [(one, f"{n}@example.com", None, None, 1) for n, one in enumerate(ids)]
    await insert(engine, "c", people)
    await insert(engine, "o", [(n, one, 10, when, "paid") for n, one in enumerate(owners)])
    await insert(engine, "l", [(n, n, 1, 1) for n in range(len(owners))])


async def live_with(house: House, ids: Sequence[str | int], asked: Sequence[str]) -> None:
    """Run over customers with these ids, and ask every route for them and for others."""
    await fill(house.engine, ids)
    report = await house.clustered()
    assert report["customers"] == {"total": len(ids), "with_orders": len(ids)}
    assert report["orders"] == {"counted": len(ids), "left_out": {}}
    known = [str(one) for one in ids]
    for customer_id in known:
        answer = await house.profile(customer_id)
        assert answer.status_code == 200, (customer_id, answer.text)
        assert answer.json()["customer_id"] == customer_id
        assert answer.json()["total_orders"] == 1
        assert await house.changes(customer_id) == [customer_id]
    assert await house.looked_up(known) == known
    ascending = await house.listed("customer_id")
    assert sorted(ascending) == sorted(known)
    assert await house.listed("-customer_id") == ascending[::-1]
    assert sorted(await house.listed("-value_at_risk")) == sorted(known)
    for customer_id in set(asked) - set(known) - TAKEN:
        assert (await house.profile(customer_id)).status_code == 404, customer_id
        assert await house.changes(customer_id) == []
        assert await house.erase(customer_id) == 404, customer_id
    await forgotten(house, known)


async def forgotten(house: House, known: Sequence[str]) -> None:
    """Erase one customer: they alone are nobody's, and nothing else."""
    found = await house.ask("GET", "/api/mcp/customers/search", query="example.com", limit="100")
    listed = {one["customer_id"]: one["status"] for one in found.json()["customers"]}
    assert listed.keys() == set(known)
    assert await house.erase(known[0]) == 204
    assert sorted(await house.listed("customer_id")) == sorted(known[1:])
    assert await house.erase(known[0]) == 404
    assert await house.changes(known[0]) == []
    for customer_id in known:
        status = (await house.profile(customer_id)).status_code
        assert status == (404 if customer_id == known[0] else 200)
        remembered = [] if customer_id == known[0] else [customer_id]
        assert await house.changes(customer_id) == remembered


def whatever_the_ids_are(
    url: str, id_type: str, ids: st.SearchStrategy[list[Any]], always: list[Any], examples: int
) -> None:
    """Look at many sets of customers in one database."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        house = runner.run(built(stack, url, id_type, id_type))

        @settings(max_examples=examples, phases=[Phase.explicit, Phase.generate])
        @example(always, STRANGE)
        @given(ids, strangers)
        def every_place_agrees(known: list[Any], asked: list[str]) -> None:
            runner.run(live_with(house, known, asked))

        try:
            every_place_agrees()
        finally:
            runner.run(stack.aclose())


@EXAMPLES
def test_what_one_place_accepts_of_integers_all_accept(database_url: str, examples: int) -> None:
    some = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5, unique=True)
    always = [7, -7, 0, 2**63 - 1, -(2**63)]
    whatever_the_ids_are(database_url, "bigint", some, always, examples)


@EXAMPLES
def test_what_one_place_accepts_of_texts_all_accept(database_url: str, examples: int) -> None:
    some = st.lists(texts | numbers, min_size=1, max_size=5, unique=True)
    some = some.filter(TAKEN.isdisjoint)
    always = ["7", "a", "A", "á", "a ", " a", " ", "a/b", "a\n", "😀", "ß", "ss", "é", "e\u0301"]
    whatever_the_ids_are(database_url, "varchar(255)", some, always, examples)


@pytest.mark.external
async def test_ids_beyond_63_bits_are_text_in_every_place(mysql_url: str) -> None:
    """Numbers that were published as integers go on as text, and nobody seems to have moved."""
    async with AsyncExitStack() as stack:
        house = await built(stack, mysql_url, "bigint unsigned", "bigint unsigned")
        await live_with(house, [7, 8], STRANGE)
        await fill(house.engine, [7, 8, 2**63, 2**64 - 1])
        moves = (await house.clustered(afresh=False))["moves"]
        assert (moves["appeared"], moves["gone"]) == (2, 0)  # 7 was erased
        await live_with(house, [2**64 - 1, 2**63, 7, 10], [*STRANGE, str(2**64)])
        assert "could not be looked at" not in str(await house.checked()).lower()


async def test_a_batch_finds_whom_the_names_of_routes_hide(new_sqlite: NewDatabase) -> None:
    """No path leads to the profiles of "search" and "gone": those are routes."""
    ids = ["batch", "export", "gone", "search", "a/export", "..", "."]
    async with AsyncExitStack() as stack:
        house = await built(stack, new_sqlite(), "varchar(255)", "varchar(255)")
        await fill(house.engine, ids)
        await house.clustered()
        assert await house.looked_up(ids) == ids
        for customer_id in ("batch", "export", "a/export"):
            assert (await house.profile(customer_id)).json()["customer_id"] == customer_id
        assert await house.erase("search") == 204
        assert (await house.profile("")).status_code == 404


@takes_its_turn
async def test_a_text_among_the_orders_customers_spoils_no_run(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        house = await built(stack, database_url, "bigint", "varchar(20)")
        await fill(house.engine, [7, 8], ["7", "7", "8", "007", "guest"])
        report = await house.clustered()
        assert report["orders"] == {"counted": 3, "left_out": {"unknown_customer": 2}}
        assert (await house.profile("7")).json()["total_orders"] == 2
        assert (await house.profile("guest")).status_code == 404


@in_turns
@pytest.mark.parametrize(("id_type", "known"), [("bigint", 7), ("varchar(300)", "a")])
async def test_a_row_without_an_id_is_left_out_of_a_run_and_said(
    database_url: str, id_type: str, known: Any
) -> None:
    unusable = [None] if id_type == "bigint" else [None, "", "x" * 256]
    async with AsyncExitStack() as stack:
        house = await built(stack, database_url, id_type, id_type)
        await fill(house.engine, [known, *unusable])
        report = await house.clustered()
        assert report["customers"] == {"total": 1, "with_orders": 1}
        said_by_run = {one["code"]: one["sentence"] for one in report["readiness"]["findings"]}
        said_by_check = {one.code: one.sentence for one in (await house.checked()).findings}
        for said in (said_by_run, said_by_check):
            assert said["missing_customer_id"].startswith(f"{len(unusable)} row")
            assert "could not be looked at" not in str(said).lower()
        found = await house.ask("GET", "/api/mcp/customers/search", query="example.com")
        assert [one["customer_id"] for one in found.json()["customers"]] == [str(known)]


@takes_its_turn
async def test_no_text_in_a_path_is_a_fault_of_ours(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        house = await built(stack, database_url, "varchar(255)", "varchar(255)")
        await live_with(house, ["7"], [])
        paths = (await house.client.get("/openapi.json")).json()["paths"]
        asked = 0
        for path, operations in paths.items():
            for method in operations if "{" in path else ():
                for written in STRANGE[1:]:
                    filled = re.sub(r"{\w+}", quote(written, safe=""), path)
                    answer = await house.ask(method.upper(), filled)
                    assert answer.status_code in {404, 422}, (method, filled, answer.text)
                    asked += 1
        assert asked >= 6 * len(STRANGE[1:])
