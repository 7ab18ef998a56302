"""No call is about more people than may be, nobody is left out, nobody is in two."""

from hypothesis import given
from hypothesis import strategies as st

from backend.webhooks.batches import batches


@given(st.lists(st.integers(1, 10**9), unique=True, max_size=200).map(sorted), st.integers(1, 50))
def test_every_row_is_in_one_batch(ids: list[int], size: int) -> None:
    cut = batches(ids, size)
    told = [[one for one in ids if part.first_id <= one <= part.last_id] for part in cut]
    assert [one for part in told for one in part] == ids
    assert [len(part) for part in told] == [part.people for part in cut]
    assert all(0 < part.people <= size for part in cut)


def test_ten_thousand_are_twenty_calls() -> None:
    assert [one.people for one in batches(range(1, 10_001))] == [500] * 20
