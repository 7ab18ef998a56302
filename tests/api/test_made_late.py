"""What is made for the first who asks for it keeps nobody else waiting meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from threading import Event
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from backend.api.runs import reports
from backend.core.settings import IsolatedSettings
from backend.main import create_app
from backend.web import entrance
from tests.asked_in_process import asked_in_process
from tests.conftest import NewDatabase
from tests.live import API_KEY
from tests.performed import clustered_shop
from tests.shops import VARIABLES

STUCK_SECONDS = 60


@pytest.fixture
def app(new_sqlite: NewDatabase) -> FastAPI:
    variables = {name.lower(): value for name, value in VARIABLES.items()}
    told = {**variables, "run_worker": False, "api_key": API_KEY}
    return create_app(IsolatedSettings.load(database_url=new_sqlite(clustered_shop), **told))


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with asked_in_process(app, API_KEY) as asking:
        yield asking


@pytest.fixture
def others_were_answered(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Event:
    """Hold up what is made late until others were answered: in their own thread they never are."""
    answered = Event()

    def held(make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*of: Any) -> Any:
            assert answered.wait(STUCK_SECONDS)
            return make(*of)

        return made

    monkeypatch.setattr(app, "openapi", held(app.openapi))
    for module in (entrance, reports):
        monkeypatch.setattr(module, "late", held(module.late))
    return answered


@pytest.mark.parametrize(
    "path", ["/openapi.json", "/app/sign-in", "/api/mcp/runs/latest/report.html"]
)
async def test_others_are_answered_while_something_is_made_for_the_first(
    client: httpx.AsyncClient, others_were_answered: Event, path: str
) -> None:
    first, second = (asyncio.create_task(client.get(path)) for _ in range(2))
    for _ in range(20):
        assert (await client.get("/health/live")).is_success
    assert not first.done()
    assert not second.done()
    others_were_answered.set()
    assert (await first).is_success
    assert (await second).is_success
