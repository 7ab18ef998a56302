"""What serving is measured beside: fixed bytes, and statements written by hand for asyncpg."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.responses import Response

from backend.results.customer_numbers import AVERAGED, NUMBERS

COLUMNS = ", ".join(f"i.{one.name}" for one in NUMBERS)
JOINED = (
    f"SELECT c.id, c.email, c.first_name, c.last_name, {COLUMNS} FROM customers c "
    "LEFT JOIN customer_intelligence i ON i.customer_id = c.id "
)
ONE = JOINED + "WHERE c.id = $1"
PAGE = (
    f"SELECT c.id, c.email, c.first_name, c.last_name, {COLUMNS} FROM "
    "(SELECT * FROM customer_intelligence WHERE value_at_risk IS NOT NULL "
    "ORDER BY value_at_risk DESC, customer_id DESC LIMIT 50) i JOIN customers c ON "
    "c.id = i.customer_id ORDER BY i.value_at_risk DESC, c.id DESC"
)
ADDED = ", ".join(f"count({one.name}), sum({one.name})" for one in AVERAGED)
TOTALS = f"SELECT count(*), {ADDED} FROM customer_intelligence"


def _bodies(folder: Path) -> dict[str, bytes]:
    return {file.stem: file.read_bytes() for file in folder.iterdir()}


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["FLOOR_URL"], min_size=5, max_size=5) as pool:
        app.state.pool = pool
        app.state.bodies = _bodies(Path(os.environ["FLOOR_BODIES"]))
        yield


app = FastAPI(lifespan=_lifespan, openapi_url=None)


@app.get("/bare/{name}")
async def bare(name: str, request: Request) -> Response:
    """Answer with fixed bytes."""
    return Response(request.app.state.bodies[name], media_type="application/json")


@app.get("/hand/{customer_id}")
async def hand(customer_id: int, request: Request) -> Response:
    """Answer with one row."""
    async with request.app.state.pool.acquire() as connection:
        row = await connection.fetchrow(ONE, customer_id)
    return _answer(dict(row))


@app.get("/page")
async def page(request: Request) -> Response:
    """Answer with fifty rows."""
    async with request.app.state.pool.acquire() as connection:
        rows = await connection.fetch(PAGE)
    return _answer([dict(row) for row in rows])


@app.get("/totals")
async def page_with_totals(request: Request) -> Response:
    """Answer with fifty rows, and what all add up to."""
    async with request.app.state.pool.acquire() as connection:
        rows, totals = await connection.fetch(PAGE), await connection.fetchrow(TOTALS)
    return _answer({"rows": [dict(row) for row in rows], "totals": [*totals]})


def _answer(value: Any) -> Response:
    return Response(json.dumps(value, default=str), media_type="application/json")
