"""Who holds a text, block by block in the order of ids, in one statement.

Each block is asked only for those ways of matching of whom too few are in the blocks ahead of it:
whoever is not asked for has as many before them as are wanted, who match as well or better.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    String,
    Subquery,
    case,
    func,
    literal_column,
    select,
    true,
    union_all,
)

from backend.database.compiled import parameter
from backend.database.first_matches import ANYWHERE, WAYS
from backend.database.id_blocks import blocks
from backend.database.text_pieces import have_pieces, written

RANK, LIMIT = "rank", "wanted"
ASKED = ["pieces_of_whole", "pieces_of_beginning", "pieces_of_part"]  # by ways
# Keeps a planner from joining a part of a statement with what is around it.
APART: ColumnElement[int] = literal_column("0")
NOBODY = written("-")  # no piece is as short
Look = Callable[[ColumnElement[bool]], Select[Any]]


def found_in_blocks(
    bounds: Sequence[int],
    pieces: ColumnElement[object],
    look: Look,
    *,
    each: str | None = None,
) -> Subquery:
    """Return rows among which the best are, by values of `ASKED` and `LIMIT`.

    Parameters
    ----------
    bounds
        Of the blocks that the index of the pieces has.
    pieces
        As they are indexed.
    look
        Selects some rows, with the way in which each matches as `RANK`; NULL for none.
    each
        The column by which rows are counted as one; None: each row is another.
    """
    several = list[CTE]()
    before: CTE | None = None
    for block in blocks(bounds):
        among = () if before is None else (before,)
        found = look(have_pieces(pieces, _still_asked(before), block, among)).cte(f"in_{block}")
        before = _counted(found, before, each).cte(f"up_to_{block}")
        several.append(found)
    every = union_all(*(select(*one.c) for one in several)).subquery()
    return select(*every.c).where(every.c[RANK].is_not(None)).subquery()


def wanted() -> ColumnElement[int]:
    """Return how many are; a planner that knew would plan anew each time, for that takes longer."""
    return select(parameter(LIMIT, Integer())).scalar_subquery()


def rank_of(matches: Mapping[int, ColumnElement[bool]]) -> ColumnElement[int]:
    """Return in which of these ways somebody matches, the best of them; NULL for none."""
    return case(*((matches[way], _number(way)) for way in WAYS)).label(RANK)


def _still_asked(before: CTE | None) -> ColumnElement[str]:
    """Return what pieces they have who may lack: of the widest way, which has the others in it."""
    asked = {way: parameter(ASKED[way], String()) for way in WAYS}
    if before is None:
        return asked[ANYWHERE]
    lacks = [(before.c[_count(way)] < wanted(), asked[way]) for way in reversed(WAYS)]
    return case(*lacks, else_=NOBODY)


def _counted(found: CTE, before: CTE | None, each: str | None) -> Select[*tuple[Any, ...]]:
    """Count who match in each way, or better, in this block and those before."""
    rank = found.c[RANK]
    one = rank if each is None else found.c[each].distinct()
    here = {way: func.count(one).filter(rank <= _number(way)) for way in WAYS}
    if before is None:
        return select(*(count.label(_count(way)) for way, count in here.items()))
    counts = {way: func.max(before.c[_count(way)]) + count for way, count in here.items()}
    labelled = [count.label(_count(way)) for way, count in counts.items()]
    return select(*labelled).select_from(before.outerjoin(found, true()))


def _count(way: int) -> str:
    return f"count_{way}"


def _number(way: int) -> ColumnElement[int]:
    return literal_column(str(way), Integer())
