"""How many customers are in a segment, and in the groups that it is part of."""

from collections import Counter
from collections.abc import Iterable, Mapping

Moved = Mapping[str, tuple[str | None, str]]
"""Where customers were, None for nowhere, and where they are; by id as text."""


def with_ancestors(segment_id: str, parents: Mapping[str, str | None]) -> list[str]:
    """Return a segment and the groups that it is in, of those that are known."""
    found: list[str] = []
    above: str | None = segment_id
    while above is not None and above in parents and above not in found:
        found.append(above)
        above = parents[above]
    return found


def counted_more(
    moves: Iterable[tuple[str | None, str]], parents: Mapping[str, str | None]
) -> Counter[str]:
    """Return by how many each segment and group has grown; below 0 where it has shrunk.

    Parameters
    ----------
    moves
        Where each customer was, None for nowhere, and where they are.
    parents
        The group that each segment is part of.
    """
    more: Counter[str] = Counter()
    for before, after in moves:
        more.update(with_ancestors(after, parents))
        more.subtract(with_ancestors(before, parents) if before is not None else ())
    return more
