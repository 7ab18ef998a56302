"""Whether further rows are looked at goes by what an index would cost among so many."""

import pytest

from backend.database.first_matches import in_steps, sooner_looked_at


@pytest.mark.parametrize(
    ("found", "rows", "further"),
    [
        (2, 1_000_000, 0),  # who match are 2,000, and are read like 3,000
        (3, 1_000_000, 0),  # like 4,500, where 5,000 are to be looked at
        (4, 1_000_000, 3_750),  # like 6,000
        (9, 1_000_000, 1_666),
        (9, 10_000, 0),  # like 135
        (0, 1_000_000, 0),
        (10, 1_000_000, 0),  # none lacks
        (5, 0, 0),  # nobody has counted
    ],
)
def test_what_is_rare_among_few_is_left_to_the_index(found: int, rows: int, further: int) -> None:
    assert sooner_looked_at(found, 10, 1_000, rows) == further


def test_numbers_of_rows_are_few_and_hold_as_many_as_are_wanted() -> None:
    rounded = [in_steps(rows) for rows in range(1, 50_001)]
    assert all(rows <= one <= 1.25 * rows for rows, one in enumerate(rounded, 1))
    assert len({*rounded}) < 70
