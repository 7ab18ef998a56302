"""Whether the first who match are found sooner by looking at the first rows, or by an index.

Words that many have are met soon by looking at the first rows in order; words that few have are
quicker found by an index, which gives all who match, in no order. So some rows are looked at first,
and how many of them match says which way finds the others sooner: neither needs to know beforehand
how many there are.
"""

from collections.abc import Sequence

# How a text matches what is sought, the best first.
WAYS = WHOLE, BEGINNING, ANYWHERE = range(3)
# A thousand texts are looked at in .9 ms, and a thousand that an index finds are read and sorted in
# 1.6 ms. Where a third of those wanted were among the first, going on is cheap; where fewer were,
# the word is so rare that an index is sooner done.
LOOKED_AT_FOR_EACH, LOOKED_AT_MOST = 100, 50_000
COMMON, AMPLE = 1 / 3, 1.5


def lacking(found: Sequence[int], limit: int) -> list[int]:
    """Return the ways in which others may match, of whom too few were found with the better ones.

    Parameters
    ----------
    found
        How many match in each way, those who match better among them.
    limit
        How many are wanted.
    """
    return [way for way, count in enumerate(found) if count < limit]


def worth_looking_at(found: Sequence[int], limit: int, looked_at: int) -> int:
    """Return how many rows are likely to hold all who lack, where they are common; else 0.

    Parameters
    ----------
    found, limit
        As `lacking`.
    looked_at
        Rows in which they were found.
    """
    counts = [found[way] for way in lacking(found, limit)]
    if not (common := [count for count in counts if count >= COMMON * limit]):
        return 0
    return min(int(AMPLE * looked_at * limit / min(common)), LOOKED_AT_MOST)


def in_steps(rows: int) -> int:
    """Round up by a quarter at most, so that there are few different numbers."""
    step = 1 << max(rows.bit_length() - 3, 0)
    return -(-rows // step) * step
