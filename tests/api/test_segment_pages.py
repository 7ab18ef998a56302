"""One segment's page, its products and its moves, held against sums over the rows by hand."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text

from backend.database.engine import opened
from tests.conftest import NewDatabase, wait_for
from tests.live import Live, serving
from tests.shops import AS_OF, Shop, fill

SEGMENTS = "/api/mcp/segments"


def table(live: Live, name: str) -> pd.DataFrame:
    return pd.DataFrame(wait_for(_rows(live.url, name)))


async def _rows(url: str, name: str) -> list[dict[str, Any]]:
    async with opened(url) as engine, engine.connect() as connection:
        found = await connection.execute(text(f"SELECT * FROM {name}"))
        return [dict(row) for row in found.mappings()]


def asked(live: Live, path: str) -> dict[str, Any]:
    answer = live.get(path)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_segments_page_adds_its_customers_up(live: Live) -> None:
    rows = table(live, "customer_intelligence")
    listed = asked(live, SEGMENTS)
    for one in listed["segments"]:
        page = asked(live, f"{SEGMENTS}/{one['id']}")
        own = rows[rows.archetype_id == one["id"]]
        assert {name: page[name] for name in one} == one
        assert page["expected_revenue"] == pytest.approx(own.predicted_value.astype(float).sum())
        assert page["revenue_at_risk"] == pytest.approx(own.value_at_risk.astype(float).sum())
        assert page["historical_revenue"] == pytest.approx(own.historical_value.astype(float).sum())
        assert page["came_from"] == [{"segment_id": None, "customers": len(own)}]
        assert page["went_to"] == []
    total = sum(
        asked(live, f"{SEGMENTS}/{one['id']}")["expected_revenue"] for one in listed["segments"]
    )
    of_groups = [one for one in listed["groups"] if one["parent_id"] is None]
    alone = [one for one in listed["segments"] if one["parent_id"] is None]
    above = [asked(live, f"{SEGMENTS}/{one['id']}") for one in (*of_groups, *alone)]
    assert sum(page["expected_revenue"] for page in above) == pytest.approx(total)
    assert live.get(f"{SEGMENTS}/nobody").status_code == 404


def test_history_says_of_a_run_what_its_segments_pages_do(live: Live) -> None:
    listed = asked(live, SEGMENTS)
    shown = {one["id"]: one for one in (*listed["segments"], *listed["groups"])}
    told = asked(live, "/api/mcp/history")["history"]
    assert {one["segment_id"] for one in told} == {*shown, "no_orders"}
    for one in told:
        page = asked(live, f"{SEGMENTS}/{one['segment_id']}")
        same = ("name", "customer_count", "is_group", "currency", "run_id", "as_of")
        assert [one[name] for name in same] == [page[name] for name in same]
        for name in ("historical_revenue", "expected_revenue", "revenue_at_risk"):
            assert one[name] == pytest.approx(page[name], abs=0.005)
    first, second, *_ = shown
    some = asked(live, f"/api/mcp/history?segment={first},{second}")["history"]
    assert {one["segment_id"] for one in some} == {first, second}
    assert asked(live, f"/api/mcp/history?before={AS_OF.date()}")["history"] == []
    assert live.get("/api/mcp/history?limit=0").status_code == 422


def test_who_never_ordered_brings_nothing_that_is_known(live: Live) -> None:
    page = asked(live, f"{SEGMENTS}/no_orders")
    assert (page["expected_revenue"], page["revenue_at_risk"]) == (None, None)


def test_products_are_those_that_the_segments_customers_bought(live: Live, shop: Shop) -> None:
    """By hand: lines of paid orders of the last ninety days, per product."""
    rows = table(live, "customer_intelligence")
    member_of = dict(zip(rows.customer_id, rows.archetype_id, strict=True))
    first = (AS_OF - timedelta(days=90)).replace(tzinfo=None)
    orders = {
        row["id"]: row["customer_id"]
        for row in shop.orders
        if row["financial_status"] == "paid" and row["created_at"] >= first
    }
    lines = [(orders[line["order_id"]], line) for line in shop.lines if line["order_id"] in orders]
    buyers = {customer for customer, _ in lines}
    for segment in set(member_of.values()):
        told = asked(live, f"{SEGMENTS}/{segment}/products?days=90&limit=100")
        own = [(who, line) for who, line in lines if member_of[who] == segment]
        counted = Counter(str(line["product_id"]) for _, line in own)
        assert {one["product_id"]: one["purchase_count"] for one in told["products"]} == counted
        assert told["buyers"] == len({who for who, _ in own})
        for one in told["products"]:
            everybody = {who for who, line in lines if str(line["product_id"]) == one["product_id"]}
            here = {who for who, line in own if str(line["product_id"]) == one["product_id"]}
            lift = (len(here) / told["buyers"]) / (len(everybody) / len(buyers))
            assert one["lift"] == pytest.approx(lift, abs=0.001)
            prices = [
                float(line["price"])
                for _, line in own
                if str(line["product_id"]) == one["product_id"]
            ]
            assert one["avg_price"] == pytest.approx(sum(prices) / len(prices), abs=0.0051)


def test_moves_are_counted_from_where_to_where(live: Live) -> None:
    moves = table(live, "intelligence_segment_changes")
    told = asked(live, f"{SEGMENTS}/changes?limit=5")
    assert told["total"] == len(moves) == sum(one["customers"] for one in told["matrix"])
    assert len(told["changes"]) == 5
    (to,) = {one["to_segment_id"] for one in told["matrix"][:1]}
    some = asked(live, f"{SEGMENTS}/changes?to={to}&since=2000-01-01")
    assert some["total"] == (moves.to_segment_id == to).sum()
    assert asked(live, f"{SEGMENTS}/changes?from={to}")["total"] == 0
    assert asked(live, f"{SEGMENTS}/changes?since=2100-01-01")["total"] == 0
    assert asked(live, f"{SEGMENTS}/changes?cause=model")["total"] == (moves.cause == "model").sum()
    assert live.get(f"{SEGMENTS}/changes?cause=whim").status_code == 422


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("new_sqlite", marks=pytest.mark.long),
        pytest.param("new_postgres", marks=pytest.mark.external),
        pytest.param("new_mysql", marks=[pytest.mark.external, pytest.mark.long]),
    ],
)
def test_two_databases_answer_as_one_does(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, shop: Shop
) -> None:
    make: NewDatabase = request.getfixturevalue(kind)
    ours, theirs = make(), make()
    wait_for(fill(theirs, shop))
    with serving(theirs, tmp_path, variables={"INTELLIGENCE_DATABASE_URL": ours}) as apart:
        assert apart.cluster(as_of=AS_OF.isoformat())["state"] == "succeeded"
        (segment, *_) = asked(apart, SEGMENTS)["segments"]
        told = asked(apart, f"{SEGMENTS}/{segment['id']}/products?days=700")
        assert told["buyers"] > 0
        assert all(one["purchase_count"] > 0 for one in told["products"])
        page = asked(apart, f"{SEGMENTS}/{segment['id']}/customers?limit=5&sort=customer_id")
        emails = {str(person["id"]): person["email"] for person in shop.customers}
        assert [row["email"] for row in page["customers"]] == [
            emails[row["customer_id"]] for row in page["customers"]
        ]
