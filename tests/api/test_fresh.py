"""Scores of this minute: the same digits as the whole shop would get at that instant."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json
from sqlalchemy import delete, func, insert, select, update

from backend import store
from backend.api.customers.shape import OF_NUMBERS
from backend.core.customer_id import CustomerIds
from backend.database.engine import opened, transaction
from backend.files.guide_tables import shop_tables
from backend.scoring.readings import Readings
from backend.scoring.telling import Scorer
from backend.shop.mapping.layers import load_mapping
from backend.shop.seen import see
from backend.shop.shop import Shop as MappedShop
from backend.store import runs
from backend.store.tables import customer_intelligence
from backend.store.tables import runs as runs_table
from backend.wording.segment_names import known_name
from tests.conftest import NewDatabase, wait_for
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER, perform_once
from tests.shops import NAMES, VARIABLES, fill, invented

on_sqlite = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
# What the module's service is read on, where the database makes no difference.
on_one = pytest.mark.parametrize("new_module_database", ["sqlite"], indirect=True)
# Of a shop that sells: the forecast is made for who orders now.
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
CUSTOMERS = 80
ORDERS = shop_tables(**NAMES).tables["orders"]
SHOP = invented(CUSTOMERS, as_of=NOW)


async def clustered_yesterday(url: str) -> None:
    """Prepare a shop that a run has seen yesterday."""
    await fill(url, SHOP)
    await perform_once(url, as_of=NOW)


@pytest.fixture
def live(new_database: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve that shop; nobody runs."""
    with serving(new_database(clustered_yesterday), tmp_path, variables=NO_WORKER) as service:
        yield service


def fresh(live: Live, customer_id: int | str, query: str = "") -> Any:
    answer = live.get(f"/api/mcp/customers/{customer_id}?fresh=true{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(live: Live, path: str, body: Any, key: str = API_KEY) -> Any:
    return live.client.post(path, json=body, headers={"X-API-Key": key})


async def whole_shop(url: str, as_of: datetime) -> dict[str, Any]:
    """Score all customers at once, by what is stored, as a run does; by id, as JSON."""
    async with opened(url) as engine:
        shop = MappedShop(load_mapping(VARIABLES))
        seen = await see(engine, shop, as_of, now=as_of)
        async with transaction(engine) as connection:
            published = await runs.published(connection)
            assert published is not None
            model = await store.read_scoring_model(connection, published.run_id)
            segments = await store.read_segments(connection)
        assert model is not None
        ids, there = await store.read_membership(engine)
    place = CustomerIds(ids).places_of(seen.columns.customer_ids)
    readings = Readings(
        customer_ids=seen.columns.customer_ids,
        customer_index=seen.columns.customer_index,
        created_at=seen.columns.created_at,
        amount_micros=seen.columns.amount_micros,
        baskets=seen.baskets,
        was=there[place],
    )
    shown = Scorer(published.run_id, model, segments.segments, known_name).shown(readings, as_of)
    named = zip(seen.columns.customer_ids.tolist(), shown, strict=True)
    return {str(one): json.loads(to_json(OF_NUMBERS.filled(row))) for one, row in named}


async def change(url: str, *statements: Any) -> None:
    async with opened(url) as engine, transaction(engine) as connection:
        for statement in statements:
            await connection.execute(statement)


def placed(customer_id: int, total: str, at: datetime, order_id: int) -> Any:
    return insert(ORDERS).values(
        id=order_id,
        customer_id=customer_id,
        order_number=f"#{order_id}",
        total_price=Decimal(total),
        created_at=at.replace(tzinfo=None),
        financial_status="paid",
        fulfillment_status="fulfilled",
    )


def refunded(order_id: int) -> Any:
    return update(ORDERS).where(ORDERS.c.id == order_id).values(financial_status="refunded")


def deleted(order_id: int) -> Any:
    return delete(ORDERS).where(ORDERS.c.id == order_id)


def numbers_in(profile: dict[str, Any]) -> dict[str, Any]:
    person = ("customer_id", "email", "first_name", "last_name", "explanation")
    return {name: value for name, value in profile.items() if name not in person}


def assert_the_same_digits(live: Live) -> None:
    ids = [str(one["id"]) for one in SHOP.customers]
    answer = post(live, "/api/mcp/customers/fresh", {"ids": ids})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    as_of = datetime.fromisoformat(told["as_of"])
    wanted = wait_for(whole_shop(live.url, as_of))
    assert [one["customer_id"] for one in told["customers"]] == ids
    for profile in told["customers"]:
        assert numbers_in(profile) == wanted[profile["customer_id"]]


events = st.lists(
    st.one_of(
        st.tuples(
            st.just("placed"),
            st.integers(1, CUSTOMERS),
            st.decimals("0.01", "9999.99", places=2),
            st.integers(1, 700 * 86_400),
        ),
        st.tuples(st.just("refunded"), st.sampled_from([one["id"] for one in SHOP.orders])),
        st.tuples(st.just("deleted"), st.sampled_from([one["id"] for one in SHOP.orders])),
    ),
    min_size=1,
    max_size=25,
)


def statements_of(what_happened: list[Any], first_id: int) -> Iterator[Any]:
    now = datetime.now(UTC).replace(microsecond=0)
    kinds: dict[str, Callable[[int], Any]] = {"refunded": refunded, "deleted": deleted}
    for place, (kind, whose, *more) in enumerate(what_happened):
        if kind == "placed":
            total, seconds_ago = more
            at = now - timedelta(seconds=seconds_ago)
            yield placed(whose, str(total), at, first_id + place)
        else:
            yield kinds[kind](whose)


@on_sqlite
@pytest.mark.parametrize("examples", [4, pytest.param(40, marks=pytest.mark.long)])
def test_whatever_is_placed_refunded_or_deleted_the_digits_are_the_whole_shops(
    live: Live, examples: int
) -> None:
    made = [100_000]

    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(events)
    def hold(what_happened: list[Any]) -> None:
        made[0] += 1000
        wait_for(change(live.url, *statements_of(what_happened, made[0])))
        assert_the_same_digits(live)

    hold()


@pytest.mark.parametrize(
    "new_database",
    [pytest.param(kind, marks=pytest.mark.external) for kind in ("postgresql", "mariadb")],
    indirect=True,
)
def test_the_digits_are_the_whole_shops_on_every_database(live: Live) -> None:
    assert_the_same_digits(live)
    now = datetime.now(UTC).replace(microsecond=0)
    changes = [
        placed(1, "80.00", now - timedelta(minutes=1), 100_001),
        placed(CUSTOMERS, "12.34", now - timedelta(hours=5), 100_002),
        refunded(SHOP.orders[0]["id"]),
        deleted(SHOP.orders[5]["id"]),
    ]
    wait_for(change(live.url, *changes))
    assert_the_same_digits(live)


@pytest.fixture(scope="module")
def still(
    new_module_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """Serve a shop that tests only read."""
    url, folder = new_module_database(clustered_yesterday), tmp_path_factory.mktemp("still")
    variables = {**NO_WORKER, "RUN_AS_OF": NOW.isoformat(), "API_KEY_MASKED": "masked-key"}
    with serving(url, folder, variables=variables) as service:
        yield service


def test_at_the_runs_own_instant_it_says_what_the_run_published(still: Live) -> None:
    for one in SHOP.customers:
        published = still.get(f"/api/mcp/customers/{one['id']}").json()
        now = fresh(still, one["id"])
        assert (now.pop("updated_at"), now.pop("changed_at")) == (None, None)
        assert {**now, "updated_at": None, "changed_at": None} == {
            **published,
            "updated_at": None,
            "changed_at": None,
        }


@on_one
def test_it_names_the_models_run_and_explains(still: Live) -> None:
    told = fresh(still, 4, "&explain=true")
    assert told["run_id"] == still.get("/api/mcp/runs/latest").json()["run_id"]
    assert told["as_of"] == NOW.isoformat().replace("+00:00", "Z")
    assert told["explanation"]["churn_risk"]["score"] == told["churn_risk"]


@on_one
def test_nobody_is_found_who_is_not_there(still: Live) -> None:
    assert still.get("/api/mcp/customers/99999?fresh=true").status_code == 404
    told = post(still, "/api/mcp/customers/fresh", {"ids": [4, "99999", "5"]}).json()
    assert [one["customer_id"] for one in told["customers"]] == ["4", "5"]
    assert told["missing"] == ["99999"]


@on_one
@pytest.mark.parametrize("ids", [[], [str(one) for one in range(101)]])
def test_one_to_a_hundred_can_be_asked_for(still: Live, ids: list[str]) -> None:
    assert post(still, "/api/mcp/customers/fresh", {"ids": ids}).status_code == 422


@on_one
def test_a_masked_key_sees_numbers_alone(still: Live) -> None:
    told = post(still, "/api/mcp/customers/fresh", {"ids": [4]}, "masked-key").json()
    (one,) = told["customers"]
    assert (one["email"], one["first_name"], one["last_name"]) == (None, None, None)
    assert one["churn_risk"] == fresh(still, 4)["churn_risk"]


@on_one
def test_an_order_that_is_supposed_is_counted_and_not_kept(still: Live) -> None:
    before = fresh(still, 4)
    told = post(still, "/api/mcp/customers/4/what-if", {"orders": [{"total": 80}]}).json()
    assert told["total_orders"] == before["total_orders"] + 1
    assert told["historical_value"] == pytest.approx(before["historical_value"] + 80)
    assert told["recency_days"] == 0
    assert told["churn_risk"] < before["churn_risk"]
    assert fresh(still, 4) == before


@on_one
def test_a_first_order_is_supposed_of_who_has_none(still: Live) -> None:
    assert fresh(still, CUSTOMERS)["status"] == "no_orders"
    told = post(
        still, f"/api/mcp/customers/{CUSTOMERS}/what-if", {"orders": [{"total": 12.5}]}
    ).json()
    assert (told["status"], told["total_orders"], told["ltv"] > 12.5) == ("scored", 1, True)
    assert told["archetype"]["id"] != "no_orders"


@on_one
def test_an_order_to_come_is_told_as_of_then(still: Live) -> None:
    at = NOW + timedelta(days=30)
    told = post(
        still, "/api/mcp/customers/4/what-if", {"orders": [{"total": 80, "at": at.isoformat()}]}
    ).json()
    assert datetime.fromisoformat(told["as_of"]) - at == timedelta(microseconds=1)


@on_one
def test_what_no_forecast_reaches_is_not_supposed(still: Live) -> None:
    body = {"orders": [{"total": 80, "at": (NOW + timedelta(days=800)).isoformat()}]}
    answer = post(still, "/api/mcp/customers/4/what-if", body)
    assert answer.status_code == 422
    assert "too far off" in answer.json()["detail"]


@on_one
def test_nothing_is_written(still: Live) -> None:
    async def rows() -> Any:
        async with opened(still.url) as engine, transaction(engine) as connection:
            return (await connection.execute(select(customer_intelligence))).all()

    before = wait_for(rows())
    fresh(still, 4)
    post(still, "/api/mcp/customers/4/what-if", {"orders": [{"total": 80}]})
    assert wait_for(rows()) == before


@on_sqlite
def test_a_run_without_a_model_is_said_to_be_one(live: Live) -> None:
    wait_for(change(live.url, update(runs_table).values(scoring=None)))
    answer = live.get("/api/mcp/customers/4?fresh=true")
    assert answer.status_code == 409
    assert "the next run does" in answer.json()["detail"]


@on_sqlite
def test_who_is_erased_is_nobody_now(live: Live) -> None:
    gone = live.client.delete("/api/admin/customers/4", headers={"X-API-Key": ADMIN_KEY})
    assert gone.status_code == 204
    assert live.get("/api/mcp/customers/4?fresh=true").status_code == 404
    assert post(live, "/api/mcp/customers/fresh", {"ids": ["4"]}).json()["missing"] == ["4"]


@on_sqlite
def test_an_answer_of_this_minute_is_not_repeated(live: Live) -> None:
    before = fresh(live, 4)
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    wait_for(change(live.url, placed(4, "80.00", at, 100_001)))
    assert fresh(live, 4)["total_orders"] == before["total_orders"] + 1


@on_sqlite
def test_models_of_the_last_three_published_runs_are_kept(new_database: NewDatabase) -> None:
    url = new_database(clustered_yesterday)

    async def runs_with_a_model() -> tuple[int, int]:
        for _ in range(3):
            await perform_once(url, as_of=NOW)
        async with opened(url) as engine, transaction(engine) as connection:
            kept = select(func.count(runs_table.c.id), func.count(runs_table.c.scoring))
            all_runs, with_model = (await connection.execute(kept)).one()
            return int(all_runs), int(with_model)

    assert wait_for(runs_with_a_model()) == (4, 3)
