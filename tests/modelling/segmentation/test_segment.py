"""Segments foretell behaviour, keep their ids, obey their bounds, and are silent on noise."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from backend.modelling.forecast import forecast
from backend.modelling.history import OrderHistory
from backend.modelling.segmentation import (
    ClusteringOptions,
    Segmentation,
    StandingModel,
    segment,
    upper_bound,
)
from backend.modelling.segmentation.behaviour import behaviour_of
from backend.modelling.segmentation.segment import ORDER
from backend.modelling.segmentation.vocabulary import (
    ANCHORS,
    GROUPS,
    NEIGHBOURS,
    OTHER_NAMES,
    id_of,
    name_of,
)

AS_OF = np.datetime64("2024-10-01", "us")
DAY = np.timedelta64(86_400_000_000, "us")
HISTORY_DAYS = 730.0

FloatArray = NDArray[np.float64]
Orders = tuple[FloatArray, FloatArray]


def history_of(people: list[Orders], as_of: np.datetime64 = AS_OF) -> OrderHistory:
    """Build a history from each customer's order ages in days and amounts."""
    counts = [len(ages) for ages, _ in people]
    nothing = np.empty(0)
    ages = np.concatenate([ages for ages, _ in people]) if people else nothing
    amounts = np.concatenate([amounts for _, amounts in people]) if people else nothing
    return OrderHistory.from_orders(
        np.repeat(np.arange(len(people)), counts),
        AS_OF - (ages * DAY.astype(float)).astype("timedelta64[us]"),
        amounts,
        customer_count=len(people),
        as_of=as_of,
    )


def renewal(rng: np.random.Generator, first: float, last: float, gap: float) -> FloatArray:
    """Order from `first` to `last` days ago every `gap` days or so."""
    count = max(int((first - last) / gap), 1)
    ages = np.clip(first - np.cumsum(rng.gamma(2, gap / 2, count)), last, None)
    return np.unique(np.concatenate([[first], ages]))


# kind: customers, first order between these days ago, last one between these, gap, order value
KINDS = {
    "once_old": (450, (300, 730), None, 0, 30),
    "once_new": (150, (1, 60), None, 0, 30),
    "occasional": (400, (200, 730), (1, 250), 110, 35),
    "vip": (60, (300, 700), (1, 15), 25, 150),
    "lost": (140, (600, 730), (350, 450), 60, 40),
}


def planted(seed: int = 0) -> tuple[OrderHistory, NDArray[np.str_]]:
    """Plant five kinds of customers, most of them ordinary."""
    rng = np.random.default_rng(seed)
    people: list[Orders] = []
    kinds: list[str] = []
    for kind, (count, first, last, gap, value) in KINDS.items():
        for _ in range(count):
            start = rng.uniform(*first)
            ages = np.array([start])
            if last is not None:
                ages = renewal(rng, start, min(rng.uniform(*last), start - 1), gap)
            people.append((ages, value * np.exp(0.3 * rng.normal(size=len(ages)))))
            kinds.append(kind)
    return history_of(people), np.array(kinds)


def noise(count: int, seed: int) -> OrderHistory:
    """Let everybody follow one Poisson process and one law of value."""
    rng = np.random.default_rng(seed)
    people = []
    for _ in range(count):
        first = rng.uniform(0, HISTORY_DAYS)
        ages = np.append(rng.uniform(0, first, rng.poisson(first / 250)), first)
        people.append((ages, np.exp(3.7 + 0.6 * rng.normal(size=len(ages)))))
    return history_of(people)


def people_of(history: OrderHistory) -> list[Orders]:
    """Undo `history_of`."""
    ages = ((AS_OF - history.created_at) / DAY).astype(float)
    bounds = zip(history.offsets[:-1], history.offsets[1:], strict=True)
    return [(ages[first:end], history.amount[first:end]) for first, end in bounds]


def segmented(
    history: OrderHistory, previous: StandingModel | None = None, **options: object
) -> Segmentation:
    return segment(
        history,
        forecast(history),
        ClusteringOptions(**options),  # type: ignore[arg-type]
        previous,
        np.arange(history.customer_count),
    )


def ids_of(found: Segmentation) -> NDArray[np.str_]:
    return np.array([item.id for item in found.segments])[found.membership]


def test_planted_kinds_get_segments_of_their_own() -> None:
    history, kinds = planted()
    ids = ids_of(segmented(history))
    for kind, identity in (
        ("once_old", "lapsed_one_time"),
        ("once_new", "new_one_time"),
        ("vip", "high_value_repeat"),
    ):
        chosen, named = kinds == kind, ids == identity
        f1 = 2 * (chosen & named).sum() / (chosen.sum() + named.sum())
        assert f1 > 0.75, (kind, f1)
    lost = ids[kinds == "lost"]
    assert np.char.startswith(lost.astype(str), "lapsed").mean() > 0.8


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [500, 3000])
def test_noise_is_one_cluster_per_branch(count: int, seed: int) -> None:
    found = segmented(noise(count, seed), min_k=1)
    assert len(found.segments) <= 2
    assert {item.id for item in found.segments} <= {"one_time", "repeat"}


def test_the_report_says_when_more_was_asked_than_the_data_justify() -> None:
    found = segmented(noise(800, 0), min_k=4)
    assert len(found.segments) == 4
    assert found.report["justified_k"] <= 2
    assert "Asked for at least 4 segments, the data justify 2." in found.notes


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_max_k_is_a_hard_cap(most: int) -> None:
    history, _ = planted()
    held = segmented(history, min_k=1, max_k=most)
    assert len(held.segments) == most
    assert held.report["upper_bound"] == most
    assert f"Held to {most} segment" in held.notes[0]


@pytest.mark.parametrize(
    ("customers", "min_k", "max_k", "dynamic", "expected"),
    [
        (24_000, 3, 12, True, 12),
        (24_000, 3, 200, True, 109),  # the root of 12,000 is 109.5
        (450, 3, 12, True, 9),
        (120, 3, 12, True, 3),
        (120, 1, 12, True, 2),
        (120, 3, 12, False, 12),
        (120, 5, 4, False, 5),
    ],
)
def test_the_upper_bound_is_the_promised_formula(
    customers: int, min_k: int, max_k: int, dynamic: bool, expected: int
) -> None:
    options = ClusteringOptions(min_k=min_k, max_k=max_k, dynamic_k_range=dynamic)
    assert upper_bound(customers, options) == expected


@pytest.mark.parametrize("robust", [True, False])
def test_both_scalings_find_the_valuable(robust: bool) -> None:
    history, kinds = planted()
    ids = ids_of(segmented(history, robust_scaling=robust))
    assert (ids[kinds == "vip"] == "high_value_repeat").mean() > 0.6


def test_robust_scaling_is_not_moved_by_one_huge_order() -> None:
    history, _ = planted()
    people = people_of(history)
    people[-1] = (people[-1][0], people[-1][1] * 1e6)
    before = ids_of(segmented(history))
    after = ids_of(segmented(history_of(people)))
    assert (before != after).mean() < 0.01


def test_the_same_input_gives_the_same_output() -> None:
    history, _ = planted()
    first, second = segmented(history), segmented(history)
    assert first.segments == second.segments
    np.testing.assert_array_equal(first.membership, second.membership)
    np.testing.assert_array_equal(first.confidence, second.confidence)


def test_the_model_survives_json_and_assigns_as_the_run_did() -> None:
    history, _ = planted()
    found = segmented(history)
    assert found.model is not None
    stored = StandingModel.from_dict(json.loads(json.dumps(found.model.as_dict())))
    assert stored is not None
    np.testing.assert_array_equal(stored.assign(behaviour_of(history)), ids_of(found))
    again = segmented(history, stored)
    assert not again.moved_by_model.any()


def test_a_model_of_another_version_is_left_alone() -> None:
    assert StandingModel.from_dict({"centres": [[0.0]], "ids": ["regular_repeat"]}) is None


def test_every_customer_is_assigned_though_few_are_sampled() -> None:
    history, kinds = planted()
    found = segmented(history, sample_size=800)
    assert found.report["sample"] == 800
    assert len(found.membership) == len(kinds)
    agreement = (ids_of(found) == ids_of(segmented(history))).mean()
    assert agreement > 0.85


@pytest.mark.parametrize("count", [0, 1, 5, 19])
def test_few_customers_are_one_segment(count: int) -> None:
    history, _ = planted()
    rows = people_of(history)
    found = segmented(history_of(rows[:count]))
    assert [item.id for item in found.segments] == ["all_customers"] * min(count, 1)
    assert found.model is None
    assert "too few to cluster" in found.notes[0]


@pytest.mark.parametrize("count", [20, 21, 40, 75, 130])
def test_every_small_shop_is_clustered(count: int) -> None:
    rng = np.random.default_rng(count)
    people: list[Orders] = []
    for _ in range(count):
        orders = int(rng.integers(1, 6))
        ages: FloatArray = rng.uniform(0, 700, orders)
        people.append((ages, rng.uniform(1, 100, orders)))
    found = segmented(history_of(people))
    assert sum(item.customer_count for item in found.segments) == count
    assert (found.confidence >= 0).all()
    assert (found.confidence <= 1).all()


@pytest.mark.parametrize("orders", [1, 4])
def test_a_shop_where_all_are_alike_is_clustered(orders: int) -> None:
    people: list[Orders] = [
        (30.0 * np.arange(orders, dtype=np.float64), np.full(orders, 10.0))
    ] * 60
    found = segmented(history_of(people))
    assert sum(item.customer_count for item in found.segments) == 60


def test_customers_without_orders_are_a_segment_without_numbers() -> None:
    history, _ = planted()
    rows = people_of(history)
    found = segmented(history_of([*rows, (np.empty(0), np.empty(0))]))
    nobody = found.segments[found.membership[-1]]
    assert (nobody.id, nobody.customer_count) == ("no_orders", 1)
    assert nobody.avg_ltv is None
    assert nobody.churn_risk_avg is None
    assert np.isnan(found.confidence[-1])


def test_every_id_has_a_unique_name_in_words() -> None:
    ids = [*(anchor.id for anchor in ANCHORS), *OTHER_NAMES]
    names = [name_of(identity) for identity in ids]
    assert len(set(names)) == len(names) == len(set(ids))
    assert name_of("high_value_repeat") == "Loyal High Spenders"
    for identity in ids:
        assert identity == identity.lower().replace(" ", "_")
    assert set(ORDER) == set(ids)


def test_a_group_of_anchors_has_the_groups_id() -> None:
    for anchors, (identity, _) in GROUPS.items():
        assert id_of(anchors) == identity
    assert id_of(frozenset({"regular_repeat", "low_value_repeat"})) == "regular_repeat"
    known = {anchor.id for anchor in ANCHORS}
    assert {identity for pair in NEIGHBOURS for identity in pair} == known
