"""Forecasts of earlier runs beside what came, which is reckoned here from the shop's own rows."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.database.engine import AsyncEngine, opened, transaction
from backend.store.migrate import migrate
from tests.conftest import NewDatabase, on_one_kind
from tests.performed import clustered, config_of
from tests.shops import AS_OF, VARIABLES, Shop, fill, invented

YEAR, HALF_YEAR = timedelta(days=365), timedelta(days=180)
SHOP = invented(60)


async def runs(url: str, as_ofs: Iterable[datetime], **changes: Any) -> list[dict[str, Any]]:
    async with opened(url) as engine:
        await migrate(engine)
        return [
            await clustered(engine, url, config_of(url, **changes), as_of=one) for one in as_ofs
        ]


async def expected(engine: AsyncEngine, run_id: str) -> tuple[float, float]:
    """Return what a run expected all customers to bring, and how many to leave."""
    statement = (
        "SELECT SUM(expected_revenue), SUM(customer_count * churn_risk_avg) "
        "FROM intelligence_segment_history WHERE is_group = 0 AND run_id = :run_id"
    )
    async with transaction(engine) as connection:
        found = (await connection.execute(text(statement), {"run_id": run_id})).one()
    return float(found[0]), float(found[1])


def came(shop: Shop, since: datetime, within: timedelta) -> tuple[float, int]:
    """Return what those who had ordered brought within a while, and how many of them did not."""
    begin, end = (one.replace(tzinfo=None) for one in (since, since + within))
    counted = [one for one in shop.orders if one["financial_status"] == "paid"]
    known = {one["customer_id"] for one in counted if one["created_at"] < begin}
    later = [
        one for one in counted if one["customer_id"] in known and begin <= one["created_at"] < end
    ]
    left = known - {one["customer_id"] for one in later}
    return float(sum(one["total_price"] for one in later)), len(left)


@on_one_kind
async def test_a_forecast_whose_time_is_over_stands_beside_what_came(
    new_database: NewDatabase,
) -> None:
    url = new_database()
    await fill(url, SHOP)
    made = AS_OF - YEAR
    first, last = await runs(url, [made, AS_OF])
    due = last["due"]
    async with opened(url) as engine:
        revenue, leaving = await expected(engine, first["run_id"])
    brought, left = came(SHOP, made, YEAR)
    _, left_by_then = came(SHOP, made, HALF_YEAR)
    told = {"run_id": first["run_id"], "as_of": made.isoformat()}
    assert due["revenue"] == [
        {**told, "horizon_days": 365, "expected": pytest.approx(revenue), "came": round(brought, 2)}
    ]
    assert due["leaving"] == [
        {
            **told,
            "horizon_days": 180,
            "expected": pytest.approx(leaving, abs=0.01),
            "came": left_by_then,
        }
    ]
    assert left <= left_by_then
    assert (due["revenue_due"], due["leaving_due"]) == (None, None)


async def test_before_that_it_is_said_when_it_will_be(new_sqlite: NewDatabase) -> None:
    url = new_sqlite()
    await fill(url, SHOP)
    made = AS_OF - timedelta(days=200)
    nobody_yet = datetime(2020, 1, 1, tzinfo=UTC)
    _, alone, last = await runs(url, [nobody_yet, made, AS_OF])
    assert alone["due"] == {
        "revenue": [],
        "leaving": [],
        "revenue_due": (made + YEAR).isoformat(),
        "leaving_due": (made + HALF_YEAR).isoformat(),
    }
    assert last["due"]["revenue"] == []
    assert last["due"]["revenue_due"] == (made + YEAR).isoformat()
    assert [one["run_id"] for one in last["due"]["leaving"]] == [alone["run_id"]]


async def test_the_last_of_each_month_is_told_with_the_horizon_that_it_had(
    new_sqlite: NewDatabase,
) -> None:
    url = new_sqlite()
    await fill(url, SHOP)
    days = [datetime(2023, 11, day, tzinfo=UTC) for day in (3, 20)]
    _, second = await runs(url, days, prediction_horizon_days=90)
    third, last = await runs(url, [datetime(2024, 1, 9, tzinfo=UTC), AS_OF])
    told = [(one["run_id"], one["horizon_days"]) for one in last["due"]["revenue"]]
    assert told == [(second["run_id"], 90)]
    assert third["run_id"] not in {one["run_id"] for one in last["due"]["leaving"]}


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
async def test_a_run_as_of_the_first_day_of_all_is_in_nobodys_way(
    new_sqlite: NewDatabase, zone: str
) -> None:
    """In the west the clocks showed the year before it, which no date can have."""
    url = new_sqlite()
    undated = SHOP.orders[0] | {"id": 999_999, "created_at": datetime(1, 1, 1)}  # noqa: DTZ001, as the guide's columns are
    await fill(url, replace(SHOP, orders=[*SHOP.orders, undated]))
    first_day, shop = datetime(1, 1, 1, tzinfo=UTC), {**VARIABLES, "SHOP_TIME_ZONE": zone}
    before, last = await runs(url, [first_day, AS_OF], shop_variables=shop)
    assert before["customers"]["with_orders"] == 0
    assert last["due"]["revenue"] == last["due"]["leaving"] == []


async def test_a_forecast_comes_due_though_its_run_is_forgotten_or_its_report_damaged(
    new_sqlite: NewDatabase,
) -> None:
    url = new_sqlite()
    await fill(url, SHOP)
    made = [AS_OF - timedelta(days=one) for one in (340, 300, 250)]
    unknown, gone, damaged = await runs(url, made, history_retention_days=90)
    async with opened(url) as engine, transaction(engine) as connection:
        forget = text("DELETE FROM intelligence_runs WHERE id = :run_id")
        await connection.execute(forget, {"run_id": gone["run_id"]})
        spoil = text("UPDATE intelligence_runs SET report = '{' WHERE id = :run_id")
        await connection.execute(spoil, {"run_id": damaged["run_id"]})
        # As of a run of 10.0 whose report was gone before anybody noted how far it looked.
        unsaid = text(
            "UPDATE intelligence_segment_history SET prediction_days = NULL WHERE run_id = :run_id"
        )
        await connection.execute(unsaid, {"run_id": unknown["run_id"]})
    (last,) = await runs(url, [AS_OF], history_retention_days=90)
    told = {one["run_id"]: one for one in last["due"]["leaving"]}
    assert [*told] == [damaged["run_id"], gone["run_id"]]
    async with opened(url) as engine:
        _, leaving = await expected(engine, gone["run_id"])
    one, (_, left) = told[gone["run_id"]], came(SHOP, made[1], HALF_YEAR)
    assert (one["expected"], one["came"]) == (pytest.approx(leaving, abs=0.01), left)
    assert last["due"]["leaving_due"] is None


async def test_what_looked_less_far_is_not_set_beside_what_is_at_risk_now(
    new_sqlite: NewDatabase,
) -> None:
    url = new_sqlite()
    await fill(url, SHOP)
    before, now = AS_OF - timedelta(days=60), AS_OF
    (first,) = await runs(url, [before])
    at_risk = sum(one["revenue_at_risk"] or 0 for one in first["outlook"]["money"])
    (same,) = await runs(url, [now])
    assert same["outlook"]["before"]["revenue_at_risk"] == pytest.approx(at_risk)
    (other,) = await runs(url, [now], prediction_horizon_days=90)
    assert other["outlook"]["before"] == {"as_of": now.isoformat(), "revenue_at_risk": None}
