"""Whether further rows are looked at goes by what an index would cost among so many."""

import pytest

from backend.database.first_matches import sooner_looked_at


@pytest.mark.parametrize(
    ("found", "rows", "by_lists", "further"),
    [
        (3, 1_000_000, True, 5_000),  # beside lists as dear as 5,882 rows, and 3,000 who match
        (3, 100_000, True, 0),  # beside a tenth of that
        (1, 1_000_000, True, 0),  # who match are 1,000
        (1, 1_000_000, False, 0),
        (3, 1_000_000, False, 0),  # 4,500 without the lists
        (9, 1_000_000, False, 1_666),
        (0, 1_000_000, True, 0),
        (10, 1_000_000, True, 0),  # none lacks
        (5, 0, True, 0),  # nobody has counted
    ],
)
def test_what_is_rare_among_few_is_left_to_the_index(
    found: int, rows: int, by_lists: bool, further: int
) -> None:
    assert sooner_looked_at(found, 10, 1_000, rows, by_lists=by_lists) == further
