"""On PostgreSQL a search asks once what an index of pieces finds, with all that is shown of it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from backend.core.settings import IsolatedSettings
from backend.database import compiled
from backend.database.engine import opened, snapshot
from backend.main import create_app
from backend.shop.mapping.layers import load_mapping
from backend.shop.search import search_customers
from backend.shop.shop import Shop
from backend.shop.trigram_indexes import trigram_statement
from backend.store.search_emptied import empty_search_copy
from tests.asked_in_process import asked_in_process
from tests.conftest import NewDatabase, execute
from tests.live import ADMIN_KEY, API_KEY
from tests.performed import clustered, clustered_shop, config_of
from tests.shops import VARIABLES


@dataclass(frozen=True, slots=True)
class Asked:
    """A service in this process, and the database that it searches."""

    url: str
    client: httpx.AsyncClient

    async def search(self, query: str, limit: int = 10) -> dict[str, Any]:
        told = {"query": query, "limit": str(limit)}
        answer = await self.client.get("/api/mcp/customers/search", params=told)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def profiles(self, found: dict[str, Any]) -> list[dict[str, Any]]:
        ids = [one["customer_id"] for one in found["customers"]]
        return [(await self.client.get(f"/api/mcp/customers/{one}")).json() for one in ids]


@asynccontextmanager
async def serving(url: str, *, search_index: bool) -> AsyncIterator[Asked]:
    told: dict[str, Any] = {name.lower(): value for name, value in VARIABLES.items()}
    told |= {
        "run_worker": False,
        "answer_seconds": 0,
        "api_key": API_KEY,
        "admin_api_key": ADMIN_KEY,
    }
    app = create_app(IsolatedSettings.load(database_url=url, **told, search_index=search_index))
    async with asked_in_process(app, API_KEY) as client:
        yield Asked(url, client)


async def indexed(url: str) -> None:
    """Make what `check` prints."""
    async with opened(url) as engine, snapshot(engine) as connection:
        statement = str(await trigram_statement(connection, load_mapping(VARIABLES)))
    await execute(url, *statement.rstrip(";").split("; "))


async def copied(url: str) -> None:
    async with opened(url) as engine:
        await clustered(engine, url, config_of(url, search_index=True))


@contextmanager
def questions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Note what is asked of the driver."""
    noted: list[str] = []
    ask = compiled.ASKS["postgresql"]

    async def noting(engine: Any, lent: Any, sql: str, arguments: list[Any]) -> Any:
        noted.append(sql)
        return await ask(engine, lent, sql, arguments)

    with monkeypatch.context() as patched:
        patched.setitem(compiled.ASKS, "postgresql", noting)
        yield noted


WAYS: dict[str, tuple[Callable[[str], Awaitable[None]], int]] = {
    "shop_index": (indexed, 1),
    "search_copy": (copied, 2),
}


async def by_look(url: str, query: str) -> list[str]:
    """Return whom a look at everybody finds, in their order."""
    async with opened(url) as engine, snapshot(engine) as connection:
        people = await search_customers(connection, Shop(load_mapping(VARIABLES)), query, 100)
    return [one.id.text for one in people]


@pytest.mark.parametrize("way", WAYS)
async def test_who_is_found_is_shown_as_a_profile_and_not_once_erased(
    new_postgres: NewDatabase, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    url = new_postgres(clustered_shop)
    expected = await by_look(url, "person")
    assert len(expected) > 20
    prepare, most = WAYS[way]
    await prepare(url)
    async with serving(url, search_index=way == "search_copy") as asked:
        found = await asked.search("person", 20)
        assert found["found_by"] == way
        assert [one["customer_id"] for one in found["customers"]] == expected[:20]
        assert found["customers"] == await asked.profiles(found)
        with questions(monkeypatch) as noted:
            assert (await asked.search("person", 7))["customers"] == found["customers"][:7]
        assert len(noted) == most, noted
        for one in expected[1:3]:
            path = f"/api/admin/customers/{one}"
            gone = await asked.client.delete(path, headers={"X-API-Key": ADMIN_KEY})
            assert gone.status_code == 204
        left = await asked.search("person", 2)
        assert [one["customer_id"] for one in left["customers"]] == [expected[0], expected[3]]


async def test_a_copy_that_is_gone_leaves_the_search_to_the_shop(
    new_postgres: NewDatabase,
) -> None:
    url = new_postgres(clustered_shop)
    await copied(url)
    async with serving(url, search_index=True) as asked:
        before = await asked.search("person")
        assert before["found_by"] == "search_copy"
        async with opened(url) as engine:  # as a run does once the setting is off
            await empty_search_copy(engine)
        after = await asked.search("person")
        assert after["found_by"] == "every_customer"
        assert after["customers"] == before["customers"]
