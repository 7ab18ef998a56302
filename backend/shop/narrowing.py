"""What is true of whoever a search may find, said of bare columns so that an index answers it."""

import re
from typing import Any

from sqlalchemy import ColumnCollection, ColumnElement, FromClause, or_

from backend.database.first_matches import ANYWHERE, WHOLE
from backend.shop.spelling import Holds, blanks, folded, pattern

# A whole name is first and last name with a blank between, and none around.
AROUND = " *"
Columns = ColumnCollection[str, Any]
# Of shorter texts no index tells anything, and a planner would rather look at everybody.
TOLD_BY_INDEX = re.compile(r"\w{3}")


def narrowed(clause: FromClause, query: str, way: int, holds: Holds) -> ColumnElement[bool]:
    """Return what all meet who match in a way, or better; some others may meet it too.

    Parameters
    ----------
    clause
        The shop's customers.
    query
        Has a pattern, as `contains` tells.
    way
        One of `first_matches`.
    holds
        Whether the database can hold a character.
    """
    text, columns = folded(query), clause.c
    start = "" if way == ANYWHERE else f"^{AROUND}"
    end = f"{AROUND}$" if way == WHOLE else ""
    whole = pattern(text, holds, start=start, end=end)
    named = (columns.email, columns.first_name, columns.last_name)
    either = [one.regexp_match(whole) for one in named]
    if " " in text:
        either.append(_parted(columns, text, holds, start, end))
    return or_(*either)


def _parted(columns: Columns, text: str, holds: Holds, start: str, end: str) -> ColumnElement[bool]:
    """Return what holds of who has the first word in their first name, and the last in their last.

    Of wherever else the text is parted that is true too.
    """
    first, last = text.split(" ")[0], text.split(" ")[-1]
    blank = blanks(holds)
    ends = pattern(last, holds, start=f"(?:^|{blank})", end=end)
    begins = pattern(first, holds, start=start, end=f"(?:$|{blank})")
    found: ColumnElement[bool] = columns.last_name.regexp_match(ends)
    if start or TOLD_BY_INDEX.search(first):
        found &= columns.first_name.regexp_match(begins)
    return found
