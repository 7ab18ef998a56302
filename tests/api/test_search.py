"""Search over HTTP: whose id or e-mail it is, any part, and with a copy of names or without."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.database.engine import opened
from tests.conftest import NewDatabase, execute, wait_for
from tests.live import ADMIN_KEY, Live, serving
from tests.performed import NO_WORKER, clustered, clustered_shop, config_of


@pytest.fixture
def live(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop after one run; later runs are done beside the service."""
    with serving(new_sqlite(clustered_shop), tmp_path, variables=NO_WORKER) as service:
        yield service


def run(live: Live, *, search_index: bool) -> None:
    async def once() -> None:
        config = config_of(live.url, search_index=search_index)
        async with opened(live.url) as engine:
            await clustered(engine, live.url, config)

    wait_for(once())


def search(live: Live, query: str) -> Any:
    found = live.get(f"/api/mcp/customers/search?query={query}&limit=100").json()
    return found["found_by"], [one["customer_id"] for one in found["customers"]]


def test_a_whole_id_or_email_finds_its_customer_alone(live: Live) -> None:
    email = live.get("/api/mcp/customers/7").json()["email"]
    assert search(live, "7") == ("id", ["7"])
    assert search(live, email) == ("email", ["7"])
    assert search(live, email.upper()) == ("email", ["7"])
    assert search(live, email[1:])[0] == "every_customer"


def test_the_copy_comes_and_goes_with_the_setting(live: Live) -> None:
    by_look = search(live, "person")
    assert by_look[0] == "every_customer"
    run(live, search_index=True)
    assert search(live, "person") == ("search_copy", by_look[1])
    assert live.get("/api/mcp/customers/search?query=person").json()["copied_at"] is not None
    run(live, search_index=False)
    assert search(live, "person") == by_look


def test_a_copy_shows_no_name_that_the_shop_has_not(live: Live) -> None:
    run(live, search_index=True)
    wait_for(
        execute(live.url, "UPDATE customers SET first_name = 'Zoe', email = 'z@q' WHERE id = 7")
    )
    assert "7" not in search(live, "person")[1]
    assert search(live, "z@q") == ("email", ["7"])


def test_who_is_erased_is_found_in_no_way(live: Live) -> None:
    run(live, search_index=True)
    email = live.get("/api/mcp/customers/7").json()["email"]
    admin = {"X-API-Key": ADMIN_KEY}
    assert live.client.delete("/api/admin/customers/7", headers=admin).status_code == 204
    for query in ("7", email, "person"):
        assert "7" not in search(live, query)[1]


def test_a_start_without_the_setting_takes_the_copy_away(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite(clustered_shop)
    with serving(url, tmp_path, variables={**NO_WORKER, "SEARCH_INDEX": "true"}) as live:
        run(live, search_index=True)
        assert search(live, "person")[0] == "search_copy"
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        assert search(live, "person")[0] == "every_customer"
