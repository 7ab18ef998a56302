"""A follower copies what moved by more than is tolerated since it last did, and nothing else."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from backend import store
from backend.database.engine import AsyncEngine, create_engine, transaction
from backend.results.customer_numbers import CustomerNumbers
from tests.conftest import in_turns, takes_its_turn
from tests.store.test_publish import INTEGERS, NOW, TEXTS, prepared, profiles

FIRST = {
    "churn_risk": 0.3,
    "no_order_chance": 0.2,
    "predicted_value": 100.0,
    "predicted_orders": 2.0,
}
ONE_DAY = timedelta(days=1)


@pytest.fixture
async def engine(migrated_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(migrated_url)
    yield made
    await made.dispose()


async def told(engine: AsyncEngine, night: int, **changed: Any) -> CustomerNumbers:
    """Publish customer 7 as they were first but for what changed; return what is served."""
    now = NOW + night * ONE_DAY
    publication = await prepared(engine, now=now)
    customers = publication.customers
    for name, value in {**FIRST, **changed}.items():
        column = getattr(customers, name).copy()
        column[0] = value
        customers = replace(customers, **{name: column})
    publication = replace(publication, customers=customers, as_of=now)
    await store.publish(engine, publication, now=now)
    return (await profiles(engine, "7"))["7"]


def at(night: int) -> datetime:
    return NOW + night * ONE_DAY


@takes_its_turn
async def test_a_first_row_changed_when_it_was_published(engine: AsyncEngine) -> None:
    row = await told(engine, 0)
    assert (row.changed_at, row.as_of) == (at(0), at(0))
    assert (await profiles(engine, "12"))["12"].changed_at == at(0)


async def test_who_is_the_same_does_not_change(engine: AsyncEngine) -> None:
    await told(engine, 0)
    row = await told(engine, 1)
    assert (row.changed_at, row.updated_at, row.as_of) == (at(0), at(1), at(1))
    assert {one.changed_at for one in (await profiles(engine, "12", "9000000000")).values()} == {
        at(0)
    }


@in_turns
@pytest.mark.parametrize(
    ("changed", "moved"),
    [
        ({"churn_risk": 0.3499}, False),
        ({"churn_risk": 0.35}, True),
        ({"churn_risk": 0.25}, True),
        ({"predicted_value": 119.99}, False),
        ({"predicted_value": 120.0}, True),
        ({"predicted_orders": 2.39}, False),
        ({"predicted_orders": 1.6}, True),
        ({"segment": 1}, True),
        ({"status": "no_orders"}, True),
        ({"churn_risk": np.nan}, True),
        ({"recency_days": 90.0, "age_days": 900.0, "confidence": 0.1}, False),
        ({"predicted_value_high": 9e5, "predicted_orders_high": 900.0}, False),
        ({"next_order_days": [9.0, 99.0, np.nan], "no_order_chance": 0.9}, False),
    ],
)
async def test_what_moves_by_its_tolerance_is_a_change(
    engine: AsyncEngine, changed: Mapping[str, Any], moved: bool
) -> None:
    await told(engine, 0)
    assert (await told(engine, 1, **changed)).changed_at == at(1 if moved else 0)


@in_turns
@pytest.mark.parametrize(
    ("name", "small", "within", "beyond"),
    [("predicted_value", 10.0, 14.99, 15.0), ("predicted_orders", 0.1, 0.1499, 0.15)],
)
async def test_a_fifth_of_little_is_no_change(
    engine: AsyncEngine, name: str, small: float, within: float, beyond: float
) -> None:
    await told(engine, 0, **{name: small})
    assert (await told(engine, 1, **{name: within})).changed_at == at(0)
    assert (await told(engine, 2, **{name: beyond})).changed_at == at(2)


@takes_its_turn
async def test_many_small_steps_are_a_change_in_the_end(engine: AsyncEngine) -> None:
    steps = [(await told(engine, n, churn_risk=0.3 + 0.02 * n)).changed_at for n in range(7)]
    assert steps == [at(n) for n in (0, 0, 0, 3, 3, 3, 6)]


@takes_its_turn
async def test_the_values_at_the_last_move_are_kept_beside_it(engine: AsyncEngine) -> None:
    await told(engine, 0)
    stayed = await told(engine, 1, churn_risk=0.31, predicted_value=101.0, predicted_orders=2.1)
    assert float(stayed.churn_risk_at_change or 0) == 0.3
    moved = await told(engine, 2, churn_risk=0.31, predicted_value=200.0, predicted_orders=2.1)
    kept = (moved.churn_risk_at_change, moved.predicted_value_at_change)
    assert (*map(float, filter(None, kept)), float(moved.predicted_orders_at_change or 0)) == (
        0.31,
        200.0,
        2.1,
    )


@takes_its_turn
async def test_a_new_name_for_a_segment_is_no_change(engine: AsyncEngine) -> None:
    await told(engine, 0)
    async with transaction(engine) as connection:
        await store.name_segment(connection, "alpha", {"name": "Champions"}, now=at(1))
    row = await told(engine, 1)
    assert (row.archetype_name, row.changed_at) == ("Champions", at(0))


async def test_ids_that_became_text_are_the_same_customers(engine: AsyncEngine) -> None:
    await store.publish(engine, await prepared(engine, INTEGERS), now=NOW)
    as_text = np.array(sorted(map(str, INTEGERS)), dtype=object)
    later = await prepared(engine, as_text, now=at(1))
    place = np.argsort(INTEGERS.astype(str))
    later = replace(later, customers=replace(later.customers.rows(place), customer_id=as_text))
    await store.publish(engine, later, now=at(1))
    assert {one.changed_at for one in (await profiles(engine, *as_text)).values()} == {NOW}
    await store.publish(engine, await prepared(engine, TEXTS, now=at(2)), now=at(2))
    assert (await profiles(engine, "cus_a"))["cus_a"].changed_at == at(2)
