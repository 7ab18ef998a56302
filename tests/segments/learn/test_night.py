"""Segments foretell behaviour, keep their ids, obey their bounds, and are silent on noise."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from backend.behaviour.baskets import Baskets
from backend.behaviour.history import OrderHistory
from backend.results.segment import Segment
from backend.segments.buyers import Behaviour, behaviour_of
from backend.segments.crossings import behaviour_of_one, crossings
from backend.segments.habit_evidence import with_habits
from backend.segments.learn.describe import describe
from backend.segments.learn.fit_space import Clock
from backend.segments.learn.mixtures import fit_traits
from backend.segments.learn.night import segment
from backend.segments.learn.segment_tuning import TUNED
from backend.segments.membership import Before, Membership, Refit
from backend.segments.options import ClusteringOptions, upper_bound
from backend.segments.segment_model import REFIT_AFTER_DAYS
from backend.segments.vocabulary import (
    ANCHORS,
    ANCHORS_OF,
    GROUPS,
    HALF_IDS,
    KNOWN_IDS,
    NEIGHBOURS,
    STAGES,
    TRAIT_IDS,
    id_of,
    level_of,
    parent_of,
    stage_of,
)
from backend.store.stored import MODEL, read_model
from backend.wording.segment_names import NAMES, guarded_name, name_of
from backend.wording.segment_sentences import clustering_note, measured_in_words
from tests.remembered import REMEMBERED

# One worker has them all, so that what is fitted once is fitted once.
pytestmark = pytest.mark.xdist_group("night")

every_seed = pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2))]
)
AS_OF = np.datetime64("2024-10-01", "us")
DAY = np.timedelta64(86_400_000_000, "us")
HISTORY_DAYS = 730.0

forecast_once = REMEMBERED["forecast"]

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


@cache
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
    history: OrderHistory,
    before: Before | None = None,
    refit: Refit = "auto",
    baskets: Baskets | None = None,
    **options: object,
) -> Membership:
    return segment(
        history,
        behaviour_of(history),
        ClusteringOptions(**options),  # type: ignore[arg-type]
        np.arange(history.customer_count),
        naming=guarded_name,
        before=before,
        refit=refit,
        baskets=baskets,
    )


def said_of(found: Membership) -> tuple[str, ...]:
    """Return what a person is told of a clustering."""
    return tuple(clustering_note(note) for note in found.notes)


def described(found: Membership, history: OrderHistory) -> tuple[Segment, ...]:
    """Return the segments as a run describes them."""
    measured = describe(
        found, history, behaviour_of(history), forecast_once(history), naming=guarded_name
    )
    return measured_in_words((one.segment, one.rule) for one in measured)


def fitted(seed: int = 0, **options: object) -> Membership:
    """Segment a planted shop as its first run does, once for all tests."""
    return _fitted(seed, ClusteringOptions(**options))  # type: ignore[arg-type]


@cache
def _fitted(seed: int, options: ClusteringOptions) -> Membership:
    history, _ = planted(seed)
    keys = np.arange(history.customer_count)
    return segment(history, behaviour_of(history), options, keys, naming=guarded_name)


def left_by(found: Membership, as_of: np.datetime64) -> Before:
    """Return what a run leaves to the next one, through JSON as it does."""
    assert found.model is not None
    stored = read_model(MODEL.write(found.model))
    return Before(model=stored, ids=found.ids, as_of=as_of)


def leaves(found: Membership) -> set[str]:
    return set(found.ids.tolist())


def test_planted_kinds_get_segments_of_their_own() -> None:
    _, kinds = planted()
    ids = fitted().ids.astype(str)
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


@every_seed
@pytest.mark.parametrize("count", [500, pytest.param(3000, marks=pytest.mark.long)])
def test_noise_is_one_cluster_per_branch(count: int, seed: int) -> None:
    found = segmented(noise(count, seed))
    assert leaves(found) <= {"one_time", "repeat"}


def test_the_report_says_when_more_was_asked_than_the_data_justify() -> None:
    found = segmented(noise(800, 0), min_k=4)
    assert len(leaves(found)) == 4
    assert found.report.justified_k <= 2
    assert "Asked for at least 4 segments, the data justify 2." in said_of(found)


def test_asking_for_more_halves_what_is_large() -> None:
    history, _ = planted()
    plain = fitted()
    found = segmented(history, min_k=len(leaves(plain)) + 2)
    assert len(leaves(found)) == len(leaves(plain)) + 2
    halves = leaves(found) & set(HALF_IDS)
    assert len(halves) == 4
    for half in halves:
        whole, _ = HALF_IDS[half]
        assert whole in leaves(plain)
        assert {found.ids[place] for place in np.flatnonzero(plain.ids == whole)} <= halves
    assert f"the data justify {found.report.justified_k}." in said_of(found)[0]


@every_seed
def test_a_segment_is_worth_its_name_in_customers(seed: int) -> None:
    _, sizes = np.unique(fitted(seed).ids.astype(str), return_counts=True)
    assert sizes.min() >= 20


@every_seed
def test_segments_are_boxes_that_hold_their_customers_and_nobody_else(seed: int) -> None:
    history, _ = planted(seed)
    found = fitted(seed)
    assert found.model is not None
    behaviour = behaviour_of(history)
    for branch, boxes in found.model.boxes.items():
        mine = behaviour.in_branch(branch)
        away = boxes.distances(found.model.space.coordinates(behaviour.of(mine), branch))
        ids = found.ids[behaviour.customer[mine]]
        assert ((away == 0).sum(axis=1) == 1).all()
        assert (np.array(boxes.segments, dtype=object)[away.argmin(axis=1)] == ids).all()


def test_a_shop_of_too_few_gaps_has_the_gap_that_its_tuning_assumes() -> None:
    behaviour = behaviour_of(history_of([(np.array([90.0, 60.0, 30.0]), np.ones(3))] * 3))
    for days in (TUNED.space.assumed_long_gap_days, 45.0):
        tuning = replace(TUNED.space, assumed_long_gap_days=days)
        assert Clock.of(behaviour, tuning).long_days == days
    enough = replace(TUNED.space, fewest_gaps=3)
    assert Clock.of(behaviour, enough).long_days == pytest.approx(30)


def test_nobody_slips_away_before_a_short_gap_between_orders_has_passed() -> None:
    history, _ = planted()
    found = fitted()
    assert found.model is not None
    behaviour = behaviour_of(history)
    short = Clock.of(behaviour).short_days
    assert short > 5
    for curve in found.model.space.curves.values():
        activity = curve(np.array([0.0, 0.9 * short, 3 * short, 10 * short]))
        assert activity[0] == activity[1] > activity[2] > activity[3]
    fresh = behaviour.in_branch("repeat") & (behaviour.recency_days < 0.9 * short)
    stages = {stage_of(identity) for identity in found.ids[behaviour.customer[fresh]].tolist()}
    assert stages == {"active_repeat"}


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_max_k_is_a_hard_cap(most: int) -> None:
    held = fitted(min_k=1, max_k=most)
    assert len(leaves(held)) == most
    assert held.report.upper_bound == most
    assert f"Held to {most} segment" in said_of(held)[0]


@every_seed
@pytest.mark.parametrize("most", [3, 4, 5, 6])
def test_only_whole_life_stages_are_mixed(most: int, seed: int) -> None:
    history, _ = planted(seed)
    found = fitted(seed, max_k=most)
    assert len(leaves(found)) == most
    recency = behaviour_of(history).recency_days
    for identity in leaves(found):
        anchors = ANCHORS_OF[identity]
        mixed = {stage for stage in STAGES if STAGES[stage] & anchors}
        assert len(mixed) == 1 or anchors in GROUPS, identity
        if identity in {"active_repeat", "regular_repeat", "low_value_repeat"}:
            assert recency[found.ids == identity].max() < 100


def test_a_branch_of_a_few_customers_counts_as_a_segment() -> None:
    history, kinds = planted()
    once = np.char.startswith(kinds, "once")
    few = once | (np.cumsum(~once) <= 5)
    people = [one for one, kept in zip(people_of(history), few, strict=True) if kept]
    for most in (2, 3):
        found = segmented(history_of(people), max_k=most)
        assert found.report.k == len(leaves(found)) == most
        assert np.count_nonzero(found.ids == "repeat") == 5
        assert not np.isnan(found.confidence).any()


def test_a_branch_in_which_nobody_came_back_is_one_segment() -> None:
    history, _ = planted()
    cutoff = (AS_OF - history.created_at.min()) / DAY / 4
    people = [
        (ages[ages > cutoff], amounts[ages > cutoff])
        if len(ages) > 1 and ages.max() > cutoff and np.count_nonzero(ages > cutoff) == 1
        else (ages, amounts)
        for ages, amounts in people_of(history)
    ]
    assert "one_time" in leaves(segmented(history_of(people)))


def test_a_shop_too_small_for_two_segments_is_told_so() -> None:
    history, _ = planted()
    found = segmented(history_of(people_of(history)[-60:]), min_k=1)
    assert said_of(found) == ("60 customers with orders are enough for 1 segment only.",)


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
    _, kinds = planted()
    ids = fitted(robust_scaling=robust).ids
    assert (ids[kinds == "vip"] == "high_value_repeat").mean() > 0.6


def test_robust_scaling_is_not_moved_by_one_huge_order() -> None:
    history, _ = planted(2)  # no segment of this shop is near the least size
    people = people_of(history)
    people[-1] = (people[-1][0], people[-1][1] * 1e6)
    before = fitted(2).ids.astype(str)
    after = segmented(history_of(people)).ids
    assert (before != after).mean() < 0.01


def test_the_same_input_gives_the_same_output() -> None:
    history, _ = planted()
    first, second = fitted(), segmented(history)
    np.testing.assert_array_equal(first.ids, second.ids)
    np.testing.assert_array_equal(first.confidence, second.confidence)


def test_refits_that_are_made_side_by_side_say_the_same_to_the_last_digit() -> None:
    history, _ = planted(0)
    keys, options = np.arange(history.customer_count), ClusteringOptions()
    behaviour = behaviour_of(history)
    beside = segment(history, behaviour, options, keys, naming=guarded_name, threads=3)
    alone = fitted()
    assert beside.confidence.tobytes() == alone.confidence.tobytes()
    assert beside.margin.tobytes() == alone.margin.tobytes()
    assert beside.ids.tolist() == alone.ids.tolist()
    assert beside.model is not None
    assert alone.model is not None
    assert MODEL.write(beside.model) == MODEL.write(alone.model)


def test_the_model_survives_json_and_assigns_as_the_run_did() -> None:
    history, _ = planted()
    found = fitted()
    assert found.model is not None
    stored = read_model(MODEL.write(found.model))
    assert stored is not None
    assert MODEL.write(stored) == MODEL.write(found.model)
    np.testing.assert_array_equal(stored.assign(known_of(history)).ids, found.ids)


def test_a_model_of_another_version_is_left_alone() -> None:
    assert read_model(json.dumps({"centres": [[0.0]], "ids": ["regular_repeat"]})) is None


def test_every_customer_is_assigned_though_few_are_sampled() -> None:
    _, kinds = planted()
    found = fitted(sample_size=800)
    assert found.report.sample == 800
    assert len(found.ids) == len(kinds)
    agreement = (found.ids == fitted().ids.astype(str)).mean()
    assert agreement > 0.85


@pytest.mark.parametrize("count", [0, 1, 5, 19])
def test_few_customers_are_one_segment(count: int) -> None:
    history, _ = planted()
    rows = people_of(history)
    found = segmented(history_of(rows[:count]))
    assert leaves(found) == ({"all_customers"} if count else set())
    assert found.model is None
    assert "too few to cluster" in said_of(found)[0]


@pytest.mark.parametrize("count", [20, 21, 40, 75, 130])
def test_every_small_shop_is_clustered(count: int) -> None:
    rng = np.random.default_rng(count)
    people: list[Orders] = []
    for _ in range(count):
        orders = int(rng.integers(1, 6))
        ages: FloatArray = rng.uniform(0, 700, orders)
        people.append((ages, rng.uniform(1, 100, orders)))
    found = segmented(history_of(people))
    assert len(found.ids) == count
    assert (found.confidence >= 0).all()
    assert (found.confidence <= 1).all()


@pytest.mark.parametrize("orders", [1, 4])
def test_a_shop_where_all_are_alike_is_clustered(orders: int) -> None:
    people: list[Orders] = [
        (30.0 * np.arange(orders, dtype=np.float64), np.full(orders, 10.0))
    ] * 60
    found = segmented(history_of(people))
    assert len(found.ids) == 60


def test_a_mean_that_one_order_carries_stands_beside_the_median() -> None:
    history, kinds = planted()
    people, rich = people_of(history), int(np.flatnonzero(kinds == "once_new")[0])
    people[rich] = (people[rich][0], np.array([99_999_999.0]))
    history = history_of(people)
    found = segmented(history)
    ltv = forecast_once(history).predicted_value + [amounts.sum() for _, amounts in people]
    for one in described(found, history):
        inside = ltv[[one.id in (leaf, *ancestors(leaf)) for leaf in found.ids]]
        assert one.median_ltv == pytest.approx(np.median(inside), abs=0.01)
        assert one.largest_ltv_share == pytest.approx(inside.max() / inside.sum(), abs=1e-4)
        assert one.ltv_carried_by_one == (one.id in (found.ids[rich], *ancestors(found.ids[rich])))


def ancestors(segment_id: str) -> list[str]:
    above = parent_of(segment_id)
    return [] if above is None else [above, *ancestors(above)]


def test_customers_without_orders_are_a_segment_without_numbers() -> None:
    history, _ = planted()
    history = history_of([*people_of(history), (np.empty(0), np.empty(0))])
    found = segmented(history)
    nobody = described(found, history)[-1]
    assert (nobody.id, nobody.customer_count) == ("no_orders", 1)
    assert (nobody.avg_ltv, nobody.churn_risk_avg, nobody.avg_confidence) == (None, None, None)
    assert (nobody.median_ltv, nobody.largest_ltv_share, nobody.ltv_carried_by_one) == (None,) * 3
    assert found.ids[-1] == "no_orders"
    assert np.isnan(found.confidence[-1])


def known_of(history: OrderHistory) -> Behaviour:
    return with_habits(behaviour_of(history), history, None)


def at(history: OrderHistory, days: float, *, more: list[Orders] | None = None) -> OrderHistory:
    """Return the shop so many days later, the first customers having ordered in between."""
    as_of = AS_OF + (days * DAY.astype(float)).astype("timedelta64[us]")
    people = people_of(history)
    for place, (ages, amounts) in enumerate(more or []):
        people[place] = (np.append(people[place][0], ages), np.append(people[place][1], amounts))
    return history_of(people, as_of)


def test_a_night_keeps_the_borders_and_moves_hardly_anybody() -> None:
    history, _ = planted()
    first = fitted()
    night = segmented(at(history, 20), left_by(first, AS_OF))
    assert night.report.refit == "kept"
    assert night.model is not None
    assert first.model is not None
    assert MODEL.write(night.model) == MODEL.write(first.model)
    assert not night.moved_by_model.any()
    assert 0 < (night.ids != first.ids).mean() <= 0.05
    assert night.report.moved_without_order == round((night.ids != first.ids).mean(), 4)


def test_who_is_just_past_a_border_stays() -> None:
    history, _ = planted()
    first = fitted()
    later = at(history, 10)
    with_memory = segmented(later, left_by(first, AS_OF))
    assert first.model is not None
    without = first.model.assign(known_of(later))
    stayed = with_memory.ids != without.ids
    assert stayed.any()
    assert (with_memory.ids == first.ids)[stayed].all()
    assert (with_memory.margin[stayed] == 0).all()


def test_borders_are_learnt_anew_after_a_month_and_ids_stay() -> None:
    history, _ = planted()
    first = fitted()
    month = segmented(at(history, REFIT_AFTER_DAYS), left_by(first, AS_OF))
    assert month.report.refit in {"adopted", "held_back"}
    assert month.model is not None
    assert first.model is not None
    for identity in month.model.segment_ids & first.model.segment_ids:
        assert month.model.names[identity] == first.model.names[identity]


def test_a_refit_that_moves_many_is_held_back_unless_forced() -> None:
    history, _ = planted()
    first = fitted(robust_scaling=True)
    assert first.model is not None
    # A standing model whose borders lie where no fit of this shop would put them.
    repeat = first.model.boxes["repeat"]
    shift = np.array([0.25, 0.0])
    moved = replace(repeat, low=repeat.low + shift, high=repeat.high + shift)
    odd = replace(first.model, boxes={**first.model.boxes, "repeat": moved})
    strange = Before(model=odd, ids=odd.assign(known_of(history)).ids, as_of=AS_OF)
    held = segmented(history, strange, refit="now")
    assert held.report.refit == "held_back"
    assert (held.report.refit_would_move or 0) > TUNED.night.most_moved
    assert "held back" in said_of(held)[-1]
    assert held.model is odd
    assert held.report.moved_without_order == 0
    forced = segmented(history, strange, refit="force")
    assert forced.report.refit == "forced"
    assert (forced.report.refit_would_move or 0) > TUNED.night.most_moved


def test_other_bounds_are_obeyed_at_once() -> None:
    history, _ = planted()
    first = fitted()
    held = segmented(history, left_by(first, AS_OF), min_k=2, max_k=3)
    assert held.report.refit == "forced"
    assert len(leaves(held)) == 3


def test_another_sample_size_alone_moves_nobody() -> None:
    history, _ = planted()
    first = fitted(sample_size=800)
    night = segmented(history, left_by(first, AS_OF), sample_size=1000)
    assert night.report.refit == "kept"
    np.testing.assert_array_equal(night.ids, first.ids)


def test_a_model_from_the_future_is_not_used() -> None:
    history, _ = planted()
    first = fitted()
    earlier = history.before(AS_OF - 100 * DAY)
    found = segmented(earlier, left_by(first, AS_OF))
    assert found.report.refit == "first"
    np.testing.assert_array_equal(found.ids, segmented(earlier).ids)


def habitual(seed: int) -> tuple[OrderHistory, NDArray[np.str_], Baskets]:
    """Plant even intervals, weekends and bulk among customers who order by chance."""
    rng = np.random.default_rng(seed)
    people: list[Orders] = []
    kinds: list[str] = []
    units: list[FloatArray] = []
    for kind, count in (("chance", 900), ("even", 120), ("weekend", 120), ("bulk", 120)):
        for _ in range(count):
            orders = int(rng.integers(6, 16))
            gaps = np.full(orders, 30.0) if kind == "even" else 5 + rng.exponential(40, orders)
            ages = rng.uniform(1, 40) + np.cumsum(gaps)
            if kind == "weekend":  # 2024-10-01 is a Tuesday: Saturdays are 3, 10, ... days ago
                ages = np.round((ages - 2.5) / 7) * 7 + 2.5
            ages = np.unique(ages[ages < HISTORY_DAYS])
            people.append((ages, 30 * np.exp(0.3 * rng.normal(size=len(ages)))))
            kinds.append(kind)
            units.append(1 + rng.poisson(30 if kind == "bulk" else 1.0, len(ages)).astype(float))
    unknown = np.full(len(people), np.nan)
    baskets = Baskets(
        orders=np.array([len(u) for u in units], dtype=float),
        lines=unknown,
        units=np.array([u.sum() for u in units]),
        units_squared=np.array([(u**2).sum() for u in units]),
        distinct_products=unknown,
        distinct_vendors=unknown,
        repeated_products=unknown,
    )
    return history_of(people), np.array(kinds), baskets


def test_habits_are_found_where_they_exist_and_nowhere_else() -> None:
    history, kinds, baskets = habitual(0)
    evidence = with_habits(behaviour_of(history), history, baskets).evidence
    assert evidence is not None
    found = fit_traits(evidence)
    assert set(found) == {"subscription", "weekend", "bulk"}
    for trait, kind in (("subscription", "even"), ("weekend", "weekend"), ("bulk", "bulk")):
        place = list(TRAIT_IDS.values()).index(trait)  # type: ignore[arg-type]
        chance = found[trait].posterior(evidence.value[:, place], evidence.variance[:, place])  # type: ignore[index]
        assert (chance[kinds == kind] > 0.8).mean() > 0.8, trait
        assert (chance[kinds != kind] > 0.8).mean() < 0.02, trait
    noisy = noise(3000, 1)
    evidence = with_habits(behaviour_of(noisy), noisy, None).evidence
    assert evidence is not None
    assert fit_traits(evidence) == {}


def test_what_a_habit_needs_is_undefined_without_it() -> None:
    history = history_of([(np.array([10.0]), np.array([5.0])), (np.array([5.0, 9.0]), np.ones(2))])
    evidence = with_habits(behaviour_of(history), history, None).evidence
    assert evidence is not None
    assert np.isnan(evidence.value).all()


@every_seed
def test_every_crossing_is_what_the_model_says(seed: int) -> None:
    history, _ = planted(seed)
    found = fitted(seed)
    assert found.model is not None
    behaviour = behaviour_of(history)
    rng = np.random.default_rng(seed)
    told = 0
    for row in rng.choice(len(behaviour), 60, replace=False):
        days, orders = float(behaviour.recency_days[row]), int(behaviour.order_days[row])
        value = float(np.exp(behaviour.mean_log_value[row]))
        here = np.array([found.ids[behaviour.customer[row]]], dtype=object)
        one = behaviour_of_one(days, orders, value)
        for crossing in crossings(found.model, one, str(here[0])):
            told += 1
            for amount, expected in ((crossing.amount, crossing.segment_id),):
                then = (
                    behaviour_of_one(0.0, orders + amount, value)
                    if crossing.by == "orders"
                    else behaviour_of_one(days + amount, orders, value)
                )
                assert found.model.assign(then, here).ids[0] == expected != here[0]
            less = crossing.amount - 1
            nearly = (
                behaviour_of_one(0.0 if less else days, orders + less, value)
                if crossing.by == "orders"
                else behaviour_of_one(days + less, orders, value)
            )
            assert found.model.assign(nearly, here).ids[0] == here[0]
    assert told > 60


def test_segments_are_described_by_a_rule_that_holds() -> None:
    history, _ = planted()
    found = fitted()
    segments = described(found, history)
    parts = [item for item in segments if not item.is_group]
    assert sum(item.customer_count for item in parts) == history.customer_count
    assert sum(item.share_of_revenue or 0 for item in parts) == pytest.approx(1, abs=0.001)
    by_id = {item.id: item for item in segments}
    for item in parts:
        assert item.description == item.rule.sentence
        assert item.rule.sentence.startswith("Ordered on")
        assert (item.rule.precision or 0) > 0.7, item
        assert (item.rule.recall or 0) > 0.7, item
        assert item.nearest is not None
        assert item.nearest.id != item.id
        assert item.nearest.name in (item.nearest.sentence or "")
        assert item.parent_id is None or item.parent_id in by_id
        if item.parent_id is not None:
            assert item.level == by_id[item.parent_id].level + 1
    for group in (item for item in segments if item.is_group):
        inside = [item for item in segments if item.parent_id == group.id]
        assert group.customer_count == sum(item.customer_count for item in inside)


def test_every_id_has_a_unique_name_in_words() -> None:
    ids = [*NAMES, *HALF_IDS]
    assert {*ids, *(anchor.id for anchor in ANCHORS)} == KNOWN_IDS
    names = [name_of(identity) for identity in ids]
    assert len(set(names)) == len(names) == len(set(ids))
    assert name_of("high_value_repeat") == "Loyal High Spenders"
    for identity in ids:
        assert identity == identity.lower().replace(" ", "_")
        parent = parent_of(identity)
        assert level_of(identity) == (1 if parent is None else level_of(parent) + 1)


@pytest.mark.parametrize(
    ("identity", "return_share", "recency", "name"),
    [
        ("lapsed_repeat", 0.4, 300.0, "Lapsed Repeat Buyers"),
        ("lapsed_repeat", 0.6, 300.0, "Quiet Repeat Buyers"),
        ("new_one_time", 0.2, 30.0, "New One-Time Buyers"),
        ("new_one_time", 0.2, 150.0, "Recent One-Time Buyers"),
        ("new_one_time", None, None, "New One-Time Buyers"),
    ],
)
def test_a_name_that_the_numbers_contradict_is_softened(
    identity: str, return_share: float | None, recency: float | None, name: str
) -> None:
    assert guarded_name(identity, return_share, recency) == name


def test_a_group_of_anchors_has_the_groups_id() -> None:
    for anchors, identity in GROUPS.items():
        assert id_of(anchors) == identity
    assert id_of(frozenset({"regular_repeat", "low_value_repeat"})) == "regular_repeat"
    known = {anchor.id for anchor in ANCHORS}
    assert {identity for pair in NEIGHBOURS for identity in pair} == known
