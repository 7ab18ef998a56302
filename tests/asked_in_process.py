"""An app that is asked in the process of the tests, with no server between them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

ADDRESS = "http://127.0.0.1"


@asynccontextmanager
async def asked_in_process(
    app: FastAPI, key: str | None = None, *, raises: bool = True
) -> AsyncIterator[httpx.AsyncClient]:
    """Start an app and ask it, with a key if one is given; it is ended afterwards.

    Where `raises` is false what it raises is answered as a server would, by 500.
    """
    async with app.router.lifespan_context(app) as told:
        state: Any = told

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state)}, receive, send)

        transport = httpx.ASGITransport(with_state, raise_app_exceptions=raises)
        headers = {} if key is None else {"X-API-Key": key}
        async with httpx.AsyncClient(
            transport=transport, base_url=ADDRESS, headers=headers
        ) as client:
            yield client
