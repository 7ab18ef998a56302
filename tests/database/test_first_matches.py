"""Numbers of rows that are looked at are rounded, so that few statements are made."""

from backend.database.first_matches import in_steps


def test_numbers_of_rows_are_few_and_hold_as_many_as_are_wanted() -> None:
    rounded = [in_steps(rows) for rows in range(1, 50_001)]
    assert all(rows <= one <= 1.25 * rows for rows, one in enumerate(rounded, 1))
    assert len({*rounded}) < 70
