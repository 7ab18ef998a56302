"""What a young or small shop is told of its customers, and what it is not told by chance."""

from dataclasses import replace

import numpy as np
import pytest

from backend.behaviour.history import OrderHistory
from backend.core.threads import one_thread
from backend.segments.buyers import behaviour_of
from backend.segments.learn.borders import Fitting
from backend.segments.learn.segment_tuning import TUNED, SegmentTuning
from backend.segments.options import ClusteringOptions
from backend.wording.segment_names import guarded_name
from tests.segments.learn.test_night import Orders, history_of

pytestmark = pytest.mark.xdist_group("night")

MONTHS_6 = 180.0
ONE_WINDOW = replace(TUNED, borders=replace(TUNED.borders, earlier_windows=0))


def young_shop(seed: int, keen: float, customers: int = 300) -> OrderHistory:
    """Invent half a year: every third customer orders so many times as often as the others."""
    rng = np.random.default_rng(seed)
    people: list[Orders] = []
    for number in range(customers):
        first = rng.random() * MONTHS_6
        often = 1 / 60 * (keen if number % 3 == 0 else 1)
        ages = np.append(first, rng.random(rng.poisson(first * often)) * first)
        people.append((ages, 30 * np.exp(0.4 * rng.normal(size=len(ages)))))
    return history_of(people)


def segments_of(history: OrderHistory, tuning: SegmentTuning = TUNED) -> dict[str, int]:
    """Return the sizes of the segments that a first fit finds."""
    behaviour = behaviour_of(history)
    keys, options = np.arange(history.customer_count), ClusteringOptions()
    with one_thread():
        fitting = Fitting(history, behaviour, options, None, keys, guarded_name, tuning)
        ids = fitting.borders(0.0).assign(behaviour).ids
    names, counts = np.unique(ids.astype(str), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def told_apart(keen: float, tuning: SegmentTuning, shops: int = 12) -> int:
    """Count the shops whose repeat buyers are more than one segment."""
    found = [segments_of(young_shop(seed, keen), tuning) for seed in range(shops)]
    return sum("repeat" not in sizes for sizes in found)


def test_windows_before_the_last_tell_a_young_shops_customers_apart() -> None:
    assert told_apart(keen=2.5, tuning=TUNED) > told_apart(keen=2.5, tuning=ONE_WINDOW)


def test_they_find_nothing_where_all_are_alike() -> None:
    assert told_apart(keen=1.0, tuning=TUNED) == 0


def test_where_the_last_window_knows_many_it_decides_alone() -> None:
    history = young_shop(0, keen=3.0)
    enough = replace(TUNED, borders=replace(TUNED.borders, enough_known=1))
    assert segments_of(history, enough) == segments_of(history, ONE_WINDOW)


def test_a_dozen_are_a_segment_of_a_small_shop() -> None:
    rng = np.random.default_rng(5)
    people: list[Orders] = []
    for number in range(600):
        large = number < 12
        ages = rng.uniform(1, 60 if large else 600, 20 if large else 4)
        people.append((ages, (400 if large else 30) * np.exp(0.2 * rng.normal(size=len(ages)))))
    found = segments_of(history_of(people))
    assert 10 <= found["high_value_repeat"] < 20
