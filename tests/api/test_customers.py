"""Profiles and search over HTTP."""

import pytest

from tests.conftest import in_turns
from tests.live import Live
from tests.shops import Shop


def found(live: Live, query: str, limit: int = 10) -> list[str]:
    answer = live.client.get(
        "/api/mcp/customers/search",
        params={"query": query, "limit": limit},
        headers={"X-API-Key": "plain-key"},
    )
    assert answer.status_code == 200, answer.text
    return [customer["customer_id"] for customer in answer.json()["customers"]]


def test_a_profile_holds_what_the_shop_and_the_run_know(live: Live, shop: Shop) -> None:
    profile = live.get("/api/mcp/customers/4").json()
    assert profile["customer_id"] == "4"
    assert profile["email"] == "person4@example.com"
    assert profile["total_orders"] == len(shop.counted(4))
    assert profile["historical_value"] == float(shop.spent(4))
    assert profile["ltv"] == pytest.approx(
        profile["historical_value"] + profile["predicted_value"], abs=0.005
    )
    assert profile["archetype"]["name"]
    assert profile["status"] == "scored"
    assert profile["as_of"] == "2024-06-01T00:00:00Z"


@in_turns
@pytest.mark.parametrize("number", ["churn_risk", "predicted_value"])
def test_an_explanation_adds_up_to_the_number(live: Live, shop: Shop, number: str) -> None:
    buyers = [person["id"] for person in shop.customers if shop.counted(person["id"])]
    for customer_id in buyers[:30]:
        profile = live.get(f"/api/mcp/customers/{customer_id}?explain=true").json()
        told = profile["explanation"][number]
        parts = sum(part["amount"] for part in told["contributions"])
        assert told["score"] == profile[number]
        assert told["base"] + parts == pytest.approx(profile[number], abs=1e-9)
        reasons = {part["feature"]: part["reason"] for part in told["contributions"]}
        assert f"{profile['recency_days']} day" in reasons["recency"]


def test_what_is_unknown_is_not_explained(live: Live) -> None:
    told = live.get("/api/mcp/customers/160?explain=true").json()["explanation"]
    assert (told["churn_risk"], told["predicted_value"]) == (None, None)
    assert told["segment"]["why"] == told["segment"]["rule"] == "Has not ordered yet."
    (first,) = told["segment"]["crossings"]
    assert (
        first["sentence"] == f"A first order would move this customer to {first['segment_name']}."
    )
    assert live.get("/api/mcp/customers/4").json()["explanation"] is None


def test_a_customer_without_orders_has_null_numbers(live: Live) -> None:
    profile = live.get("/api/mcp/customers/160").json()
    assert profile["status"] == "no_orders"
    assert profile["total_orders"] == 0
    numbers = ("ltv", "churn_risk", "avg_order_value", "predicted_value", "predicted_orders")
    assert [profile[name] for name in numbers] == [None] * len(numbers)


@pytest.mark.parametrize("identity", ["99999", "abc", "1.5", "-1", "1%27", "search2"])
def test_an_unknown_customer_is_not_found(live: Live, identity: str) -> None:
    answer = live.get(f"/api/mcp/customers/{identity}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("No customer has the id ")


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("person12@example.com", "12"),
        ("PERSON12@EXAMPLE.COM", "12"),
        ("First12", "12"),
        ("last12", "12"),
        ("First12 Last12", "12"),
        ("o'hara", "1"),
        ("100%", "2"),
        ("100%_SURE", "2"),
        ("ara@", "1"),
    ],
)
def test_search_finds_any_part_in_any_case_best_first(live: Live, query: str, first: str) -> None:
    assert found(live, query)[0] == first


@pytest.mark.parametrize("query", ["%", "_", "%%", "\\", "'; DROP TABLE customers; --"])
def test_search_takes_wildcards_and_quotes_literally(live: Live, query: str) -> None:
    assert set(found(live, query)) <= {"1", "2"}


def test_search_respects_its_limit(live: Live) -> None:
    assert len(found(live, "person", limit=7)) == 7
    assert len(found(live, "person", limit=100)) == 100


@pytest.mark.parametrize(
    "parameters", ["query=x&limit=0", "query=x&limit=101", "limit=5", "query="]
)
def test_search_refuses_what_makes_no_sense(live: Live, parameters: str) -> None:
    answer = live.get(f"/api/mcp/customers/search?{parameters}")
    assert answer.status_code == 422
    assert answer.json()["title"] == "Unprocessable Content"


def test_segments_add_up_to_all_customers(live: Live, shop: Shop) -> None:
    answer = live.get("/api/mcp/segments").json()
    total = sum(segment["customer_count"] for segment in answer["segments"])
    assert total + answer["customers_without_orders"] == len(shop.customers)
    names = [segment["name"] for segment in answer["segments"]]
    assert len(set(names)) == len(names)
    for segment in answer["segments"]:
        assert 0 <= segment["churn_risk_avg"] <= 1
        assert segment["avg_ltv"] > 0
        assert set(segment["characteristics"]) >= {"recency_days", "frequency", "monetary_avg"}
