"""A page of a list, and a batch, ask the databases as often however many customers they have."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from backend.core.settings import IsolatedSettings
from backend.database import compiled
from backend.main import create_app
from tests.asked_in_process import asked_in_process
from tests.conftest import NewDatabase
from tests.live import API_KEY
from tests.performed import clustered_shop
from tests.shops import VARIABLES


@contextmanager
def questions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Note every statement, of Core's and of the driver's."""
    noted: list[str] = []
    ask = compiled.ASKS["sqlite"]

    async def by_driver(engine: Any, lent: Any, sql: str, arguments: list[Any]) -> Any:
        noted.append(sql)
        return await ask(engine, lent, sql, arguments)

    def by_core(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        noted.append(sql)

    event.listen(Engine, "before_cursor_execute", by_core)
    with monkeypatch.context() as patched:
        patched.setitem(compiled.ASKS, "sqlite", by_driver)
        yield noted
    event.remove(Engine, "before_cursor_execute", by_core)


@pytest.mark.parametrize("are_two", [False, True], ids=["one database", "two databases"])
async def test_a_page_asks_as_often_however_many_customers_it_has(
    new_sqlite: NewDatabase, monkeypatch: pytest.MonkeyPatch, *, are_two: bool
) -> None:
    shop, ours = new_sqlite(clustered_shop), new_sqlite(clustered_shop)
    variables: dict[str, Any] = {name.lower(): value for name, value in VARIABLES.items()}
    told = {**variables, "run_worker": False, "api_key": API_KEY, "answer_seconds": 0}
    told["intelligence_database_url"] = ours if are_two else shop
    app = create_app(IsolatedSettings.load(database_url=shop, **told))
    async with asked_in_process(app, API_KEY) as client:

        async def asked(limit: int) -> tuple[int, list[str]]:
            with questions(monkeypatch) as noted:
                page = await client.get(f"/api/mcp/customers?sort=customer_id&limit={limit}")
                rows = page.json()["customers"]
                assert len(rows) == limit
                assert all(one["email"] for one in rows)
            return len(noted), [one["customer_id"] for one in rows]

        async def looked_up(ids: list[str]) -> int:
            with questions(monkeypatch) as noted:
                batch = await client.post("/api/mcp/customers/batch", json={"ids": ids})
                assert [one["customer_id"] for one in batch.json()["customers"]] == ids
            return len(noted)

        await asked(1)  # what a process learns once
        (of_two, _), (of_sixty, ids) = await asked(2), await asked(60)
        assert of_two == of_sixty > 1
        assert await looked_up(ids[:2]) == await looked_up(ids) > 1
