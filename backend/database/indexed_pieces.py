"""What an index of pieces is made of: where its blocks begin, and whether one is such."""

import re

from sqlalchemy import ColumnElement, FromClause, String, bindparam, func, select, text

from backend.core.customer_id import LARGEST_INTEGER
from backend.database.async_engines import AsyncConnection
from backend.database.id_blocks import COUNTED, ROWS, bounds_of

ROWS_ABOUT = text(
    "SELECT reltuples FROM pg_catalog.pg_class WHERE oid = to_regclass(:table)"
).bindparams(bindparam("table", type_=String()))
# What PostgreSQL adds as it writes an expression back.
ADDED, QUOTED_NUMBER = re.compile(r"::[a-z ]+|[()\"\s]"), re.compile(r"'(-?\d+)'")
# What is new is looked at in full for each block, until there are so many kB of it.
STORED = "WITH (gin_pending_list_limit = 256)"


async def bounds_now(
    connection: AsyncConnection, rows: FromClause, id_: ColumnElement[int], name: str
) -> list[int]:
    """Return where the blocks of an index are to begin, by the ids as they are.

    Parameters
    ----------
    connection
        To PostgreSQL.
    rows
        A table with one row for each id, or few more.
    id_
        Of any integer type.
    name
        The table's, as SQL names it.
    """
    by_id = select(id_).select_from(rows).where(id_.is_not(None)).order_by(id_).limit(1)
    asked = [by_id.offset(at).scalar_subquery() for at in (0, *ROWS[:COUNTED])]
    last = select(func.max(id_)).select_from(rows).scalar_subquery()
    some = select(id_).select_from(rows).limit(ROWS[COUNTED]).subquery()
    few = select(func.count()).select_from(some).scalar_subquery()
    *counted, most, seen = (await connection.execute(select(*asked, last, few))).one()
    known = [one for one in counted if one is not None]
    about = await connection.scalar(ROWS_ABOUT, {"table": name})
    many = max(int(about or 0), seen if seen < ROWS[COUNTED] else 0)
    return [one for one in bounds_of(known, most or 0, many) if one <= LARGEST_INTEGER]


def is_same(written_back: str, made: str) -> bool:
    """Tell whether PostgreSQL writes an expression back as this one is made."""
    return _bare(written_back) == _bare(made.replace("%%", "%"))


def _bare(expression: str) -> str:
    return ADDED.sub("", QUOTED_NUMBER.sub(r"\1", expression)).lower()
