import numpy as np
import pytest

from backend.core.arrays import are_distinct, distinct


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
