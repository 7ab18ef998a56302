"""Publish three customers and print what the API answers: run beside a changed copy of the code."""

import asyncio
import json
import sys

import numpy as np
from fastapi.testclient import TestClient

from backend import store
from backend.core.settings import IsolatedSettings
from backend.database.engine import opened
from backend.main import create_app
from backend.store.migrate import migrate
from tests.results.table_of_numbers import table
from tests.shops import VARIABLES, fill, invented
from tests.store.test_publish import NOW, prepared


async def publish(url: str) -> None:
    await fill(url, invented(5))
    async with opened(url) as engine:
        await migrate(engine)
        await store.publish(engine, await prepared(engine, np.array([1, 2, 3])), now=NOW)


def main(url: str) -> None:
    asyncio.run(publish(url))
    names = {name.lower(): value for name, value in VARIABLES.items()}
    settings = IsolatedSettings.load(database_url=url, api_key="key", run_worker=False, **names)
    with TestClient(create_app(settings), headers={"X-API-Key": "key"}) as client:
        profiles = [client.get(f"/api/mcp/customers/{who}").json() for who in (1, 2, 3)]
        described = client.get("/openapi.json").json()["components"]["schemas"]["CustomerProfile"]
    print(json.dumps({"profiles": profiles, "described": described, "docs": table()}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
