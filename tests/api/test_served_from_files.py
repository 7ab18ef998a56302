"""A service whose shop is files: what it answers, and what it says while somebody writes them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.core.warehouse_urls import ours_beside
from backend.database.engine import opened
from backend.store.migrate import migrate
from tests.conftest import wait_for
from tests.live import ADMIN_KEY, Live, command, serving
from tests.performed import NO_WORKER, clustered, config_of
from tests.shops import AS_OF, Shop, invented
from tests.warehouses import WAYS, file_of, folder_of, in_csv, in_duckdb, tables_of, writing

ADMIN = {"X-API-Key": ADMIN_KEY}


@pytest.fixture(scope="module")
def shop() -> Shop:
    return invented(80)


async def run_once(url: str) -> None:
    ours = ours_beside(url)
    async with opened(ours) as engine:
        await migrate(engine)
        await clustered(engine, ours, config_of(url, intelligence_url=ours), as_of=AS_OF)


@pytest.fixture(
    params=["duckdb", "csv", pytest.param("parquet", marks=pytest.mark.long)], scope="module"
)
def live(
    request: pytest.FixtureRequest, shop: Shop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp(request.param)
    url = WAYS[request.param](tables_of(shop), folder)
    wait_for(run_once(url))
    with serving(url, folder, variables=NO_WORKER) as service:
        yield service


def asked(live: Live, path: str) -> Any:
    answer = live.get(path, ADMIN_KEY)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sent(live: Live, path: str, **body: Any) -> Any:
    answer = live.client.post(path, json=body, headers=ADMIN)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_profile_has_the_shops_half_and_ours(live: Live, shop: Shop) -> None:
    profile = asked(live, "/api/mcp/customers/7?explain=true")
    assert profile["email"] == "person7@example.com"
    assert profile["total_orders"] == len(shop.counted(7))
    assert profile["historical_value"] == float(shop.spent(7))
    assert profile["explanation"]
    assert live.get("/api/mcp/customers/81").status_code == 404
    fresh = asked(live, "/api/mcp/customers/7?fresh=true")
    assert fresh["historical_value"] == profile["historical_value"]


def test_lists_have_names_of_the_one_database_beside_numbers_of_the_other(live: Live) -> None:
    page = asked(live, "/api/mcp/customers?limit=3&fields=email,first_name,ltv&sort=-ltv")
    assert [one["email"] for one in page["customers"]] == [
        f"person{one['customer_id']}@example.com" for one in page["customers"]
    ]
    rows = live.get("/api/mcp/customers?format=csv").text.splitlines()
    assert len(rows) == 81
    assert all("@example.com" in row for row in rows[1:])


def test_customers_are_found_and_looked_up(live: Live) -> None:
    by_part = asked(live, "/api/mcp/customers/search?query=LAST7")["customers"]
    assert [one["customer_id"] for one in by_part] == ["7", *map(str, range(70, 79))]
    whole = asked(live, "/api/mcp/customers/search?query=Person12@example.com")["customers"]
    assert [one["customer_id"] for one in whole] == ["12"]
    batch = sent(live, "/api/mcp/customers/batch", emails=["person9@example.com", "no@example.com"])
    assert [one["customer_id"] for one in batch["customers"]] == ["9"]
    assert batch["missing"]["emails"] == ["no@example.com"]
    (fresh,) = sent(live, "/api/mcp/customers/fresh", ids=["4"])["customers"]
    assert fresh["customer_id"] == "4"
    richer = sent(live, "/api/mcp/customers/4/what-if", orders=[{"total": 800}])
    assert richer["ltv"] > fresh["ltv"]


def test_products_of_a_segment_are_counted_where_the_lines_are(live: Live, shop: Shop) -> None:
    segment = asked(live, "/api/mcp/segments")["segments"][0]["id"]
    page = asked(live, f"/api/mcp/segments/{segment}/customers?limit=1000")["customers"]
    members = {int(one["customer_id"]) for one in page}
    counted = {order["id"] for who in members for order in shop.counted(who)}
    products = [line["product_id"] for line in shop.lines if line["order_id"] in counted]
    found = asked(live, f"/api/mcp/segments/{segment}/products?days=3650")["products"]
    assert found[0]["purchase_count"] == max(map(products.count, products))


def test_who_is_erased_is_nobody_though_the_file_still_has_them(live: Live) -> None:
    assert asked(live, "/api/admin/customers/5/export")["person"]["email"] == "person5@example.com"
    assert live.client.delete("/api/admin/customers/5", headers=ADMIN).status_code == 204
    assert live.get("/api/mcp/customers/5").status_code == 404
    assert asked(live, "/api/mcp/customers/search?query=person5@example.com")["customers"] == []


def test_health_and_readiness_look_at_the_files(live: Live) -> None:
    assert asked(live, "/health")["shop"]["state"] == "ok"


def test_while_a_file_is_written_answers_are_503_and_a_run_fails_in_a_sentence(
    shop: Shop, tmp_path: Path
) -> None:
    url = in_duckdb(tables_of(shop), tmp_path)
    wait_for(run_once(url))
    hurried = {**NO_WORKER, "API_STATEMENT_SECONDS": "1", "RUN_STATEMENT_SECONDS": "1"}
    with serving(url, tmp_path, variables=hurried) as live:
        with writing(file_of(url)):
            refused = live.get("/api/mcp/customers/7")
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
            assert refused.json()["kind"] == "locked"
            assert live.get("/api/mcp/segments").status_code == 200
            done = command(url, tmp_path, "cluster", variables=hurried)
            assert done.returncode == 1
            assert "kept locked by somebody else" in done.stderr + done.stdout
            assert "Traceback" not in done.stderr
        assert live.get("/api/mcp/customers/7").status_code == 200
    assert (tmp_path / "warehouse.intelligence.db").exists()


def test_commands_name_the_file_that_is_wrong(shop: Shop, tmp_path: Path) -> None:
    url = in_csv(tables_of(shop), tmp_path)
    (folder_of(url) / "customers.csv").write_text("id;email\n1;a@b.c\n2\n")
    for argument in ("check", "cluster"):
        done = command(url, tmp_path, argument)
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode in {1, 2}, said
        assert "customers.csv, line 3" in said
        assert "Traceback" not in said
        assert "a@b.c" not in said


def test_what_would_write_into_the_shop_is_refused(tmp_path: Path) -> None:
    url = in_duckdb({}, tmp_path)
    (tmp_path / "orders.csv").write_text("id\n1\n")
    for arguments in (["import", "orders.csv"], ["migrate", "--shop-tables"]):
        done = command(url, tmp_path, *arguments)
        assert done.returncode == 2
        assert "DATABASE_URL names what is only read" in done.stderr


def test_ours_are_never_in_what_is_only_read(tmp_path: Path) -> None:
    url = in_duckdb({}, tmp_path)
    done = command(url, tmp_path, "check", variables={"INTELLIGENCE_DATABASE_URL": url})
    assert done.returncode == 2
    assert "INTELLIGENCE_DATABASE_URL holds a value that begins with duckdb://" in done.stderr
