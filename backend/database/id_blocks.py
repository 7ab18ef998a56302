"""Blocks of ids: the first few hundred, then four times as many as before in each.

An index that has the block ahead of what it is asked for gives who is found in the order of ids, a
block at a time. So the first ten of a common word are found among some hundreds, those of a rare
one in all blocks, and neither way are many more looked at than four times those wanted.
"""

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, String, case, literal_column

FIRST, TIMES = 256, 4
BLOCKS = "abcdefghij"  # the last begins at 16 million rows
# Rows at which the blocks begin, but for the first.
ROWS = [FIRST * TIMES**place for place in range(len(BLOCKS) - 1)]
# So many of them are found by counting; beyond, ids are taken to be as far apart as they are.
COUNTED = 5
BOUND = re.compile(r"< '?(-?\d+)'?")


def block_of(id_: ColumnElement[int], bounds: Sequence[int]) -> ColumnElement[str]:
    """Return the letter of an id's block.

    Parameters
    ----------
    id_
        Of any numeric type.
    bounds
        The ids at which the blocks begin, but for the first; ascending.
    """
    letters = [literal_column(f"'{one}'", String()) for one in blocks(bounds)]
    if not bounds:
        return letters[0]
    below = [id_ < literal_column(str(one)) for one in bounds]
    return case(*zip(below, letters[:-1], strict=True), else_=letters[-1])


def blocks(bounds: Sequence[int]) -> str:
    """Return the letters of the blocks, in the order of their ids."""
    return BLOCKS[: len(bounds) + 1]


def bounds_in(expression: str) -> list[int]:
    """Return the bounds of an expression of an index, as PostgreSQL writes it back."""
    found = [int(one) for one in BOUND.findall(expression)]
    return sorted({*found})[: len(ROWS)]


def bounds_of(counted: Sequence[int], last: int, rows: int) -> list[int]:
    """Return the ids at which the blocks begin, but for the first.

    Parameters
    ----------
    counted
        The ids at the first of `ROWS`, as far as there are so many; the very first ahead of them.
    last
        The greatest id.
    rows
        How many there are, about; 0 where nobody knows.
    """
    if not counted:
        return ROWS
    at = [0, *ROWS[: len(counted) - 1]]
    rest = rows - at[-1]
    span, many = (last - counted[-1], rest) if rest > 0 else (counted[-1] - counted[0], at[-1])
    apart = max(span / max(many, 1), 1)
    further = [counted[-1] + int(apart * (one - at[-1])) for one in ROWS[len(at) - 1 :]]
    return [*counted[1:], *further]
