"""Runs done in the process of the tests, where the numerical libraries are loaded already."""

from collections.abc import Mapping
from typing import Any

from backend.database.engine import opened
from backend.store.migrate import migrate
from tests.conftest import wait_for
from tests.live import Live
from tests.run.test_perform import clustered, config_of
from tests.shops import VARIABLES

# What a service is served with whose runs are done by somebody else.
NO_WORKER = {"RUN_WORKER": "false"}


def performed(live: Live, **wanted: Any) -> dict[str, Any]:
    """Do one run beside a service without a worker of its own, and return the run's status."""
    wait_for(perform_once(live.url, **wanted))
    return live.finished()


async def perform_once(url: str, variables: Mapping[str, str] = VARIABLES, **wanted: Any) -> None:
    """Do one run over a shop, as the process of a run does."""
    async with opened(url) as engine:
        await migrate(engine)
        await clustered(engine, url, config_of(url, shop_variables=dict(variables)), **wanted)
