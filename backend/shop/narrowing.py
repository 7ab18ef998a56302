"""What is true of whoever a search may find, said of bare columns so that an index answers it."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, ColumnCollection, ColumnElement, String, any_, func, or_

from backend.database.compiled import parameter
from backend.database.first_matches import ANYWHERE, WHOLE
from backend.shop.spelling import NO_MARK, Holds, blanks, endings, folded, pattern

# A whole name is first and last name with a blank between, and none around.
AROUND = " *"
Columns = ColumnCollection[str, Any]
# Of shorter texts no index tells anything, and a planner would rather look at everybody.
LIKE_SIGNS, ESCAPED = re.compile(r"[\\%_]"), r"\\\g<0>"
TOLD_BY_INDEX = re.compile(r"\w{3}")
Shape = tuple[str, ...]
ROUGHLY = "roughly"
TEXT, FIRST, LAST, ENDS = "narrow", "narrow_first", "narrow_last", "narrow_ends"
Patterns = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Patterns, by the places that they have in a statement.

    Attributes
    ----------
    patterns
        TEXT of one of the columns; of a text with blanks also LAST of a last name, and FIRST of the
        first name beside it, where that narrows. ENDS are of LIKE: of whole texts, what they end
        with, of which a regular expression tells an index nothing.
    """

    patterns: Patterns

    @property
    def shape(self) -> Shape:
        """Which places there are."""
        return tuple(self.patterns)


def narrowing(query: str, way: int, holds: Holds) -> Narrowing:
    """Return what all meet who match in a way, or better; some others may meet it too.

    Parameters
    ----------
    query
        Has a pattern, as `contains` tells.
    way
        One of `first_matches`.
    holds
        Whether a sign can be in the database, or is to be looked for there.
    """
    text = folded(query)
    start = "" if way == ANYWHERE else f"^{AROUND}"
    end = f"{AROUND}$" if way == WHOLE else ""
    patterns = {TEXT: pattern(text, holds, start=start, end=end)}
    if " " in text:
        patterns |= _parted(text, holds, start, end)
    told: Patterns = {place: roughly(str(one)) for place, one in patterns.items()}
    if way == WHOLE and (ends := _ends(text, holds)):
        told[ENDS] = ends
    return Narrowing(told)


def roughly(pattern: str) -> str:
    """Return a pattern of what this one finds and some more.

    That no mark follows a letter is left to the look at who is found: to an index it costs ten
    times, to a look at each text half as much again.
    """
    return pattern.replace(NO_MARK, "")


def held_roughly(columns: Columns) -> ColumnElement[bool]:
    """Return whether a customer's texts, looked at as one, meet the rough pattern of a part."""
    email, first, last = (
        func.coalesce(one, "", type_=String())
        for one in (columns.email, columns.first_name, columns.last_name)
    )
    texts = email.concat("\n").concat(first).concat(" ").concat(last)
    return texts.regexp_match(parameter(ROUGHLY, String()))


def _ends(text: str, holds: Holds) -> list[str]:
    ends = [f"%{LIKE_SIGNS.sub(ESCAPED, one)}" for one in endings(text, holds)]
    return [*ends, *(f"{one} %" for one in ends)]


def _parted(text: str, holds: Holds, start: str, end: str) -> dict[str, str | None]:
    """Return what holds of who has the first word in their first name, and the last in their last.

    Of wherever else the text is parted that is true too.
    """
    first, last = text.split(" ")[0], text.split(" ")[-1]
    blank = blanks(holds)
    parted = {LAST: pattern(last, holds, start=f"(?:^|{blank})", end=end)}
    if start or TOLD_BY_INDEX.search(first):
        parted[FIRST] = pattern(first, holds, start=start, end=f"(?:$|{blank})")
    return parted


def narrows(columns: Columns, shape: Shape, *, rare_apart: bool) -> ColumnElement[bool]:
    """Return whether a customer meets the patterns that come as parameters.

    Parameters
    ----------
    columns
        Of the shop's customers.
    shape
        Of the patterns.
    rare_apart
        Whether those who have a rare sign are looked for in another way: e-mails with a blank too.
    """
    named = [columns.email, columns.first_name, columns.last_name]
    if rare_apart and LAST in shape:
        named.remove(columns.email)
    either = [_narrows(one, TEXT, shape) for one in named]
    if LAST in shape:
        parted = _narrows(columns.last_name, LAST, shape)
        if FIRST in shape:
            parted &= columns.first_name.regexp_match(parameter(FIRST, String()))
        either.append(parted)
    return or_(*either)


def _narrows(column: ColumnElement[str], place: str, shape: Shape) -> ColumnElement[bool]:
    found = column.regexp_match(parameter(place, String()))
    if ENDS not in shape:
        return found
    return found & column.ilike(any_(parameter(ENDS, ARRAY(String()))))
