"""A clustered shop, and agents that ask it: in memory, as whom a test likes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from mcp.client.client import Client

from backend.agents.caller import Caller
from backend.agents.protocol import server
from backend.api.keys import Role
from backend.api.request_tallies import Requests
from backend.assembly.api_state import api_state
from backend.core.settings import IsolatedSettings
from backend.shop.mapping.layers import load_mapping
from tests.agents.agent import Agent
from tests.conftest import NewDatabase
from tests.live import ADMIN_KEY, API_KEY, AT_ONCE
from tests.performed import clustered_shop
from tests.shops import VARIABLES


@pytest.fixture
def shop_url(new_sqlite: NewDatabase) -> str:
    """Return a shop that one run has seen."""
    return new_sqlite(clustered_shop)


@asynccontextmanager
async def in_memory(
    url: str,
    role: Role = Role.READS,
    *,
    shows_people: bool = False,
    era: str = "auto",
) -> AsyncIterator[Agent]:
    """Connect an agent to the tools themselves."""
    known = {name.lower(): value for name, value in (VARIABLES | AT_ONCE).items()}
    settings = IsolatedSettings.load(
        database_url=url, api_key=API_KEY, admin_api_key=ADMIN_KEY, **known
    )
    mapping = load_mapping(settings.shop_variables(), settings.shop_database)
    async with AsyncExitStack() as stack:
        state = await api_state(settings, mapping, Requests(), stack)
        caller = Caller(state=state, role=role, key="an agent", shows_people=shows_people)
        client = Client(server(lambda _context: caller), mode=era)
        yield Agent(await stack.enter_async_context(client))
