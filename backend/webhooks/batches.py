"""How many people one call is about, at most."""

from collections.abc import Sequence
from dataclasses import dataclass

PEOPLE_PER_CALL = 500


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that one call is about.

    Attributes
    ----------
    first_id, last_id
        Of the rows, both included.
    people
        How many rows there are.
    """

    first_id: int
    last_id: int
    people: int


def batches(ids: Sequence[int], size: int = PEOPLE_PER_CALL) -> list[Batch]:
    """Cut rows into calls, in their order.

    Parameters
    ----------
    ids
        Ascending.
    size
        At most so many in one.
    """
    cut = (ids[start : start + size] for start in range(0, len(ids), size))
    return [Batch(part[0], part[-1], len(part)) for part in cut]
