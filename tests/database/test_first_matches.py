"""Whether further rows are looked at goes by what an index would cost among so many."""

import pytest

from backend.database.first_matches import sooner_looked_at


@pytest.mark.parametrize(
    ("found", "rows", "further"),
    [
        (1, 1_000_000, 0),  # who match are 1,000, and are read like 3,000
        (3, 1_000_000, 5_000),  # like 9,000
        (2, 1_000_000, 0),
        (9, 1_000_000, 1_666),
        (9, 10_000, 0),  # like 270
        (0, 1_000_000, 0),
        (10, 1_000_000, 0),  # none lacks
        (5, 0, 0),  # nobody has counted
    ],
)
def test_what_is_rare_among_few_is_left_to_the_index(found: int, rows: int, further: int) -> None:
    assert sooner_looked_at(found, 10, 1_000, rows) == further
