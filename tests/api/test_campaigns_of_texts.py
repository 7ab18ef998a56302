"""Campaigns of a shop whose ids are texts, with our tables in another database of another kind."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backend.database.engine import opened, transaction
from backend.store.migrate import migrate
from tests.campaign_shop import CUSTOMERS, THEN, asked, started
from tests.conftest import NewDatabase, wait_for
from tests.live import ADMIN_KEY, Live, serving
from tests.performed import clustered, config_of
from tests.shops import AS_OF, VARIABLES, fill, invented

pytestmark = pytest.mark.external

TEXTS = {**VARIABLES, "CUSTOMERS_TABLE": "named_customers", "ORDERS_TABLE": "named_orders"}
VIEWS = (
    "CREATE VIEW named_customers AS SELECT 'cus_' || id AS id, email, first_name, last_name, "
    "created_at FROM customers",
    "CREATE VIEW named_orders AS SELECT id, 'cus_' || customer_id AS customer_id, order_number, "
    "total_price, created_at, financial_status FROM orders",
)


async def with_texts(url: str) -> None:
    """Prepare a shop whose ids are texts."""
    await fill(url, invented(CUSTOMERS))
    async with opened(url) as engine, transaction(engine) as connection:
        for view in VIEWS:
            await connection.execute(text(view))


async def performed(theirs: str, ours: str, as_of: Any) -> None:
    async with opened(ours) as engine:
        await migrate(engine)
        config = config_of(theirs, intelligence_url=ours, shop_variables=TEXTS)
        await clustered(engine, theirs, config, as_of=as_of)


@pytest.fixture
def urls(new_postgres: NewDatabase, new_mysql: NewDatabase) -> tuple[str, str]:
    theirs, ours = new_postgres(with_texts), new_mysql()
    wait_for(performed(theirs, ours, AS_OF))
    return theirs, ours


@pytest.fixture
def live(urls: tuple[str, str], tmp_path: Path) -> Iterator[Live]:
    variables = {**THEN, **TEXTS, "INTELLIGENCE_DATABASE_URL": urls[1]}
    with serving(urls[0], tmp_path, variables=variables) as service:
        yield service


def drawn(ours: str, arm: int) -> set[str]:
    async def read() -> set[str]:
        asked = "SELECT customer_id FROM intelligence_campaign_members WHERE is_held_out = :arm"
        async with opened(ours) as engine, engine.connect() as connection:
            return {*await connection.scalars(text(asked), {"arm": arm})}

    return wait_for(read())


def test_a_campaign_is_drawn_reached_and_counted(live: Live, urls: tuple[str, str]) -> None:
    campaign = started(live)
    reached, others = drawn(urls[1], 0), drawn(urls[1], 1)
    assert all(one.startswith("cus_") for one in reached | others)
    only = live.get("/api/mcp/customers?limit=1000&held_out=only").json()
    assert {one["customer_id"] for one in only["customers"]} == others
    page = asked(live, "GET", f"/{campaign['id']}/treated?limit=1000").json()
    listed = [one["customer_id"] for one in page["customers"]]
    assert (set(listed), page["total"], page["missing"]) == (reached, len(reached), 0)
    assert listed == sorted(listed)
    erased = f"/api/admin/customers/{listed[0]}"
    assert live.client.delete(erased, headers={"X-API-Key": ADMIN_KEY}).status_code == 204
    assert drawn(urls[1], 0) == reached - {listed[0]}
    wait_for(performed(*urls, AS_OF + timedelta(days=90)))
    view = asked(live, "GET", f"/{campaign['id']}").json()
    (counted,) = view["answers"]
    assert counted["kind"] == "at_close"
    assert counted["answer"]["treated"]["missing"] == 1
    assert counted["answer"]["held_out"]["missing"] == 0
    assert live.get("/api/mcp/customers?held_out=only").json()["total"] == 0
