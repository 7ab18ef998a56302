"""A customer alone gets the digits that they get among all others, from what was stored."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from backend.behaviour.baskets import Baskets
from backend.behaviour.history import OrderHistory
from backend.forecast.learn.predict import forecast
from backend.results.publishing import CustomerColumns
from backend.scoring.readings import Readings
from backend.scoring.score import score
from backend.scoring.scoring_model import ScoringModel
from backend.segments.buyers import behaviour_of
from backend.segments.habits import Mixture
from backend.segments.learn.night import segment
from backend.segments.options import ClusteringOptions
from backend.segments.vocabulary import KNOWN_IDS
from backend.store import stored
from backend.wording.segment_names import guarded_name

AS_OF = datetime(2024, 1, 1, tzinfo=UTC)
PLACES = {identity: place for place, identity in enumerate(sorted(KNOWN_IDS))}


def read_of(history: OrderHistory, baskets: Baskets | None = None) -> Readings:
    return Readings(
        customer_ids=np.arange(history.customer_count),
        customer_index=history.customer_index,
        created_at=history.created_at,
        amount_micros=np.round(history.amount * 1e6).astype(np.int64),
        baskets=baskets,
        was=np.full(history.customer_count, None, dtype=object),
    )


def learnt(readings: Readings, value_days: int = 365, churn_days: int = 180) -> ScoringModel:
    """Learn as a run does, and read what it would store."""
    history = readings.history(AS_OF)
    found = forecast(history, value_horizon_days=value_days, churn_horizon_days=churn_days)
    membership = segment(
        history,
        behaviour_of(history),
        ClusteringOptions(),
        readings.customer_ids,
        naming=guarded_name,
        baskets=readings.baskets,
    )
    model = ScoringModel(forecast=found.model, segments=membership.model, habits=membership.habits)
    return again(model)


def again(model: ScoringModel) -> ScoringModel:
    borders = None if model.segments is None else stored.MODEL.write(model.segments)
    return stored.read_scoring(stored.write_scoring(model), borders)


def alone(readings: Readings, customer: int) -> Readings:
    mine = readings.customer_index == customer
    baskets, one = readings.baskets, np.arange(len(readings.customer_ids)) == customer
    return Readings(
        customer_ids=readings.customer_ids[one],
        customer_index=np.zeros(int(mine.sum()), dtype=np.int64),
        created_at=readings.created_at[mine],
        amount_micros=readings.amount_micros[mine],
        baskets=None if baskets is None else baskets.of(one),
        was=readings.was[one],
    )


def assert_alike(
    model: ScoringModel, readings: Readings, customers: list[int], as_of: datetime
) -> None:
    whole = score(model, readings, as_of).columns(PLACES)
    for customer in customers:
        told = score(model, alone(readings, customer), as_of).columns(PLACES)
        for one in fields(CustomerColumns):
            mine, among = getattr(told, one.name)[0], getattr(whole, one.name)[customer]
            numbers = np.asarray(mine).dtype.kind == "f"
            assert np.array_equal(mine, among, equal_nan=numbers), one.name


@pytest.mark.parametrize("horizons", [(365, 180), (180, 180), (90, 180)])
def test_whoever_is_scored_alone_has_the_same_bits(
    small_shop: OrderHistory, horizons: tuple[int, int]
) -> None:
    readings = read_of(small_shop)
    model = learnt(readings, *horizons)
    for later in (timedelta(), timedelta(hours=7), timedelta(days=90)):
        assert_alike(model, readings, [*range(0, 210, 7)], AS_OF + later)


def test_whoever_is_scored_as_a_run_does_has_the_runs_own_bits(small_shop: OrderHistory) -> None:
    readings = read_of(small_shop)
    history = readings.history(AS_OF)
    found, told = forecast(history), score(learnt(readings), readings, AS_OF).forecast
    for one in fields(told):
        wanted = getattr(found, one.name)
        assert np.array_equal(getattr(told, one.name), wanted, equal_nan=True), one.name


def test_where_nobody_came_back_everybody_has_the_same_rate(small_shop: OrderHistory) -> None:
    first = small_shop.first_orders(small_shop.buyers)
    once = replace(
        small_shop,
        offsets=np.concatenate([[0], np.cumsum(small_shop.frequency > 0)]),
        created_at=small_shop.created_at[first],
        amount=small_shop.amount[first],
    )
    readings = read_of(once)
    model = learnt(readings)
    assert model.forecast is not None
    assert model.forecast.status == "insufficient_history"
    assert_alike(model, readings, [0, 5, 205], AS_OF + timedelta(days=9))


def test_where_nobody_had_ordered_a_first_order_has_no_numbers_yet() -> None:
    nobody = Readings(
        customer_ids=np.arange(3),
        customer_index=np.zeros(0, dtype=np.int64),
        created_at=np.zeros(0, dtype="datetime64[us]"),
        amount_micros=np.zeros(0, dtype=np.int64),
        baskets=None,
        was=np.full(3, None, dtype=object),
    )
    model = learnt(nobody)
    one = replace(
        nobody,
        customer_index=np.array([1]),
        created_at=np.array(["2023-12-31T12:00:00"], dtype="datetime64[us]"),
        amount_micros=np.array([80_000_000]),
    )
    told = score(model, one, AS_OF).columns(PLACES)
    assert told.status.tolist() == ["no_orders", "not_scored_yet", "no_orders"]
    assert told.frequency.tolist() == [0, 1, 0]
    assert np.isnan(told.churn_risk).all()


def test_the_units_of_baskets_are_weighed_by_the_whole_shop(small_shop: OrderHistory) -> None:
    orders = small_shop.frequency.astype(float)
    units = orders * np.random.default_rng(2).integers(1, 9, len(orders)).astype(float)
    noise = np.random.default_rng(3).uniform(1.1, 2, len(orders))
    unknown = np.full(len(orders), np.nan)
    baskets = Baskets(
        orders=orders,
        lines=orders,
        units=units,
        units_squared=units**2 / np.maximum(orders, 1) * noise,
        distinct_products=unknown,
        distinct_vendors=unknown,
        repeated_products=unknown,
    )
    readings = read_of(small_shop, baskets)
    model = learnt(readings)
    assert model.segments is not None
    bulk = Mixture(1, np.array([0.7, 0.3]), np.array([0.5, 1.8]), np.array([0.2, 0.2]))
    with_bulk = again(replace(model, segments=replace(model.segments, traits={"bulk": bulk})))
    assert with_bulk.looks_into_baskets
    whole = score(with_bulk, readings, AS_OF)
    assert "bulk_trait" in whole.placed.ids.tolist()
    assert_alike(with_bulk, readings, [*range(0, 210, 3)], AS_OF)
