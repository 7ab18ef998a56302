"""Whom an index of pieces finds in the shop, by one statement; see `text_blocks`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, String, select

from backend.database.compiled import parameter
from backend.database.text_blocks import APART, RANK, found_in_blocks, wanted
from backend.shop.customers import shown_of
from backend.shop.name_pieces import pieces_of
from backend.shop.piece_indexes import SOUGHT
from backend.shop.search import by_id, ranked_in
from backend.shop.shop import Source

POSTGRESQL = "postgresql"
PLACES = [parameter(name, String()) for name in ("whole", "beginning", "anywhere")]


def best_by_pieces(customers: Source, indexed: Sequence[str], bounds: Sequence[int]) -> Select[Any]:
    """Select the best of all customers who match, by values of `PLACES`, `ASKED` and `LIMIT`.

    Parameters
    ----------
    customers
        The shop's.
    indexed
        Those of `SOUGHT` that the shop has, of whose pieces there is an index.
    bounds
        Of the blocks that the index has.
    """
    columns = customers.clause.c
    pieces = pieces_of({name: columns[name] for name in indexed}, columns.id, bounds)

    def look(which: ColumnElement[bool]) -> Select[Any]:
        proposed = sought_of(customers, which, columns.id.is_not(None)).offset(APART).subquery()
        return select(*proposed.c, ranked_in(proposed, POSTGRESQL, PLACES))

    every = found_in_blocks(bounds, pieces, look)
    those = select(*every.c).order_by(every.c[RANK])
    sorted_ = by_id(those, replace(customers, clause=every), POSTGRESQL)
    best = replace(customers, clause=sorted_.limit(wanted()).subquery("best"))
    return select(*shown_of(best, POSTGRESQL), best.clause.c[RANK])


def sought_of(customers: Source, *which: ColumnElement[bool]) -> Select[Any]:
    """Select some customers by what is looked at and shown of them: all of it is sorted."""
    columns = customers.clause.c
    names = [name for name in ("id", "account_id", *SOUGHT) if name in columns]
    return select(*(columns[name] for name in names)).where(*which)
