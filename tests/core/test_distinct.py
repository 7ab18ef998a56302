from collections import Counter

import numpy as np
import pytest

from backend.core import arrays
from backend.core.arrays import are_distinct, counted_by, distinct


@pytest.mark.parametrize(
    ("values", "each_once"),
    [
        (np.array([], dtype=np.int64), []),
        (np.array([3, -1, 3, 2**62, -1]), [-1, 3, 2**62]),
        (np.array(["b", "ä", "B", "b"], dtype=object), ["B", "b", "ä"]),
    ],
)
def test_each_value_is_there_once_ascending(values: np.ndarray, each_once: list[object]) -> None:
    assert distinct(values).tolist() == each_once


@pytest.mark.parametrize(
    ("values", "are"),
    [
        ([], True),
        ([7], True),
        ([1, 2, 9], True),
        ([9, 1, 2], True),
        ([1, 1], False),
        ([2, 1, 2], False),
    ],
)
def test_values_are_distinct_where_none_is_there_twice(values: list[int], are: bool) -> None:
    assert are_distinct(np.array(values, dtype=np.int64)) is are


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_instants_are_counted_by_hour_and_month_in_whatever_parts(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "INSTANTS_AT_ONCE", at_once)
    rng = np.random.default_rng(3)
    instants = np.datetime64("2023-11-05", "us") + rng.integers(0, 10**13, 60).astype("m8[us]")
    for unit, told in (("h", 13), ("M", 7)):  # an ISO date up to the hour, or the month
        expected = Counter(str(one)[:told] for one in instants)
        each, counts = counted_by(instants, unit)
        assert dict(zip(map(str, each), counts.tolist(), strict=True)) == expected
        assert [*map(str, each)] == sorted(expected)
    each, counts = counted_by(instants[:0], "h")
    assert (each.tolist(), counts.tolist()) == ([], [])
