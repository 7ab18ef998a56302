"""Pieces of a text, by which an index of PostgreSQL's own finds who holds another text anywhere.

A trigram index intersects the lists of all who have some three signs, of which each is a tenth of a
shop's customers. Pieces of six signs, from every place of a text on, as the lexemes of a tsvector:
what begins one of them is held somewhere, so that most searches are one look by a prefix.
"""

from sqlalchemy import ColumnElement, Integer, String, func, literal_column, select
from sqlalchemy.sql.functions import Function

from backend.core.late import late
from backend.database.compiled import parameter

POSTGRESQL = "sqlalchemy.dialects.postgresql"  # what other databases' processes do without
# Among a million customers eight took two and a half times the room of six, for as long a search.
SIGNS = 6
APART, EDGE = 1, 2  # signs between two pieces, and around a text


def pieces_of(
    text: ColumnElement[str], beside: ColumnElement[str] | None = None
) -> Function[object]:
    """Return the pieces of a text as a tsvector; written out, so that an index of them is known.

    Parameters
    ----------
    text
        Has no sign that parts pieces.
    beside
        What is a piece too, unless it is empty.
    """
    # Of a length that six has no part of, six copies in a row are cut at every place once.
    length = func.length(text)
    more = func.mod(_number(SIGNS + 1) - func.mod(length, _number(SIGNS)), _number(SIGNS))
    copies = func.repeat(text.concat(func.repeat(sign(EDGE), more)), _number(SIGNS))
    signs, piece = written(f".{{{SIGNS}}}"), written(r"\&").concat(sign(APART))
    cut: ColumnElement[str] = func.regexp_replace(
        copies, signs, piece, written("g"), type_=String()
    )
    pieces = cut if beside is None else cut.concat(beside)
    apart = func.string_to_array(pieces, sign(APART))
    return func.array_to_tsvector(func.array_remove(apart, written("")))


def have_pieces(pieces: ColumnElement[object], asked: str) -> ColumnElement[bool]:
    """Return whether these pieces meet a tsquery that comes as a parameter of this name.

    The planner is not to look at it: planning anew for each takes longer than most searches.
    """
    told = select(parameter(asked, String()).cast(late(POSTGRESQL).TSQUERY)).scalar_subquery()
    found: ColumnElement[bool] = pieces.bool_op("@@")(told)
    return found


def held(text: str) -> str:
    """Return the tsquery of who holds a text, by pieces of which the last may overlap."""
    if len(text) < SIGNS:
        return f"{quoted(text)}:*"
    places = [*range(0, len(text) - SIGNS, SIGNS), len(text) - SIGNS]
    return f"({' & '.join(quoted(text[at : at + SIGNS]) for at in places)})"


def quoted(text: str) -> str:
    """Write a text as a tsquery takes it."""
    doubled = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


def written(text: str) -> ColumnElement[str]:
    """Return a text that stands in the statement itself."""
    return literal_column(f"'{text}'", String())


def sign(number: int) -> ColumnElement[str]:
    """Return a sign that no statement shows well."""
    return func.chr(_number(number), type_=String())


def _number(number: int) -> ColumnElement[int]:
    return literal_column(str(number), Integer())
