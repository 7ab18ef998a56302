import numpy as np
import pytest

from backend.core.arrays import distinct


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
