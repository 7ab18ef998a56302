"""Six questions that a shop would ask, answered by tools alone, beside what the tables say."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.api.keys import Role
from backend.database.engine import AsyncEngine, opened, transaction
from tests.agents.agent import Agent
from tests.agents.conftest import in_memory
from tests.agents.prepared_shops import LEFT, run_twice
from tests.conftest import NewDatabase, takes_its_turn
from tests.shops import AS_OF

pytestmark = takes_its_turn


@dataclass(frozen=True, slots=True)
class Asked:
    """An agent, and the database that it never sees."""

    agent: Agent
    engine: AsyncEngine

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """Ask the database itself."""
        async with transaction(self.engine) as connection:
            return [*(await connection.execute(text(statement), values)).mappings()]


@pytest.fixture
def url(new_database: NewDatabase) -> str:
    """Return a shop that two runs have seen."""
    return new_database(run_twice)


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[Asked]:
    """Let an agent with an admin key ask about it."""
    async with opened(url) as engine, in_memory(url, Role.ADMINISTERS) as agent:
        yield Asked(agent, engine)


async def test_who_should_we_win_back_and_what_is_it_worth(url: str) -> None:
    async with asking(url) as asked:
        told = await asked.agent.call("list_customers", min_churn_risk=0.4, limit=5)
        best = await asked.rows(
            "SELECT customer_id, value_at_risk FROM customer_intelligence WHERE churn_risk >= 0.4"
            " ORDER BY value_at_risk DESC, customer_id LIMIT 5"
        )
        (whole,) = await asked.rows(
            "SELECT count(*) AS n, sum(value_at_risk) AS v FROM customer_intelligence"
            " WHERE churn_risk >= 0.4"
        )
        assert [one["customer_id"] for one in told["customers"]] == [
            str(one["customer_id"]) for one in best
        ]
        assert told["total"] == whole["n"]
        assert told["sums"]["value_at_risk"] == pytest.approx(float(whole["v"]))


async def test_why_is_this_customer_at_risk(url: str) -> None:
    async with asking(url) as asked:
        (riskiest,) = (await asked.agent.call("list_customers", sort="-churn_risk", limit=1))[
            "customers"
        ]
        told = await asked.agent.call("get_customer", customer_id=riskiest["customer_id"])
        (row,) = await asked.rows(
            "SELECT churn_risk, recency_days FROM customer_intelligence WHERE churn_risk > 0"
            " ORDER BY churn_risk DESC, customer_id LIMIT 1"
        )
        assert told["customer"]["churn_risk"] == pytest.approx(float(row["churn_risk"]))
        assert told["customer"]["recency_days"] == row["recency_days"]
        why = told["why"]
        parts = [one["amount"] for one in why["churn_risk"]["contributions"]]
        assert why["churn_risk"]["base"] + sum(parts) == pytest.approx(
            float(row["churn_risk"]), abs=1e-3
        )
        assert why["segment"]


async def test_which_segment_grew(url: str) -> None:
    async with asking(url) as asked:
        told = await asked.agent.call("list_segments")
        counted = await asked.rows(
            "SELECT archetype_id AS id, count(*) AS n FROM customer_intelligence"
            " GROUP BY archetype_id"
        )
        now = {one["id"]: one["n"] for one in counted}
        lines = [one for one in told["segments"] if not one["is_group"]]
        assert {one["segment_id"]: one["customer_count"] for one in lines} == now
        assert sum(one["customers_before"] for one in lines) - sum(now.values()) == LEFT


async def test_can_i_trust_churn(url: str) -> None:
    async with asking(url) as asked:
        told = await asked.agent.call("get_quality")
        tried = told["churn"]
        bins = tried["churn_said_and_came"]
        people, lost = await who_did_not_come(asked, tried["horizon_days"])
        assert sum(one["customers"] for one in bins) == people > 0
        assert sum(one["actual"] * one["customers"] for one in bins) == pytest.approx(lost)
        assert [one["predicted"] for one in bins] == sorted(one["predicted"] for one in bins)
        assert told["grades"]["churn"] in {"good", "fair", "weak"}
        assert told["grades_mean"]["churn"]["good"]


async def who_did_not_come(asked: Asked, horizon_days: int) -> tuple[int, int]:
    """Count by the orders alone who had bought before each trial, and who of them came no more."""
    (run,) = await asked.rows("SELECT report FROM intelligence_runs WHERE published = 1")
    trials = json.loads(run["report"])["forecast"]["backtest"]["churn"]["cutoffs"]
    bought: dict[int, list[date]] = {}
    for row in await asked.rows(
        "SELECT o.customer_id, o.created_at FROM orders o JOIN customers c ON c.id = o.customer_id"
        " WHERE o.financial_status = 'paid'"
    ):
        at = datetime.fromisoformat(str(row["created_at"]))
        bought.setdefault(row["customer_id"], []).append(at.date())
    people = lost = 0
    for trial in trials:
        begins = date.fromisoformat(trial["date"])
        ends = begins + timedelta(days=horizon_days)
        known = [days for days in bought.values() if min(days) < begins]
        people += len(known)
        lost += sum(not any(begins <= day < ends for day in days) for days in known)
    return people, lost


async def test_what_does_the_best_segment_buy(url: str) -> None:
    async with asking(url) as asked:
        segments = (await asked.agent.call("list_segments"))["segments"]
        lines = [one for one in segments if not one["is_group"] and one["expected_revenue"]]
        best = max(lines, key=lambda one: one["expected_revenue"])
        told = await asked.agent.call("get_segment", segment_id=best["segment_id"], days=3650)
        bought = await asked.rows(
            "SELECT l.product_title AS title, count(*) AS n FROM order_line_items l"
            " JOIN orders o ON o.id = l.order_id JOIN customers c ON c.id = o.customer_id"
            " JOIN customer_intelligence i ON i.customer_id = o.customer_id"
            " WHERE i.archetype_id = :segment AND o.financial_status = 'paid'"
            " AND o.created_at < :at GROUP BY l.product_title",
            segment=best["segment_id"],
            at=AS_OF.replace(tzinfo=None)
            if asked.engine.dialect.name != "sqlite"
            else "2024-06-01",
        )
        counted = {one["title"]: one["n"] for one in bought}
        assert told["products"]
        for product in told["products"]:
            assert product["purchase_count"] == counted[product["shop_text"]["title"]]


async def test_start_tonights_run(url: str) -> None:
    async with asking(url) as asked:
        told = await asked.agent.call("start_run")
        (run,) = await asked.rows(
            "SELECT id FROM intelligence_runs WHERE state = 'queued' AND id = :id",
            id=told["started_run_id"],
        )
        assert run["id"] == told["started_run_id"]
        assert (await asked.agent.call("describe_shop"))["last_run"]["state"] == "queued"
        assert "active" in await asked.agent.refused("start_run")
        (noted,) = await asked.rows(
            "SELECT count(*) AS n FROM intelligence_audit WHERE action = 'run_started'"
        )
        assert noted["n"] == 1
