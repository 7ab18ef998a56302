"""Pieces of a text, by which an index of PostgreSQL's own finds who holds another text anywhere.

A trigram index intersects the lists of all who have some three signs, of which each is a tenth of a
shop's customers. Pieces of six signs, from every place of a text on, as the lexemes of a tsvector:
what begins one of them is held somewhere, so that most searches are one look by a prefix.
"""

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    String,
    and_,
    func,
    literal_column,
    select,
)
from sqlalchemy.sql.functions import Function

from backend.core.late import late

POSTGRESQL = "sqlalchemy.dialects.postgresql"  # what other databases' processes do without
# Among a million customers eight took two and a half times the room of six, for as long a search.
SIGNS = 6
# Signs between two pieces, around a text, and where a block's letter is to be.
APART, EDGE, BLOCK = 1, 2, 4


def pieces_of(
    text: ColumnElement[str], block: ColumnElement[str], beside: ColumnElement[str] | None = None
) -> Function[object]:
    """Return the pieces of a text as a tsvector; written out, so that an index of them is known.

    Parameters
    ----------
    text
        Has no sign that parts pieces.
    block
        A letter that is ahead of each piece: see `id_blocks`.
    beside
        What is a piece too, unless it is empty.
    """
    # Of a length that six has no part of, six copies in a row are cut at every place once.
    length = func.length(text)
    more = func.mod(_number(SIGNS + 1) - func.mod(length, _number(SIGNS)), _number(SIGNS))
    copies = func.repeat(text.concat(func.repeat(sign(EDGE), more)), _number(SIGNS))
    signs, piece = written(f".{{{SIGNS}}}"), block.concat(written(r"\&")).concat(sign(APART))
    cut: ColumnElement[str] = func.regexp_replace(
        copies, signs, piece, written("g"), type_=String()
    )
    pieces = cut if beside is None else cut.concat(beside)
    apart = func.string_to_array(pieces, sign(APART))
    return func.array_to_tsvector(func.array_remove(apart, written("")))


def have_pieces(
    pieces: ColumnElement[object],
    asked: ColumnElement[str],
    block: str,
    among: Sequence[FromClause] = (),
) -> ColumnElement[bool]:
    """Return whether these pieces, in one block, meet a tsquery of `held`.

    The planner is not to look at it: planning anew for each takes longer than most searches.

    Parameters
    ----------
    pieces
        From `pieces_of`.
    asked
        The tsquery as text: a parameter, or one of what `among` has in its only row.
    block
        One of `id_blocks.blocks`.
    among
        Of one row.
    """
    of_block = func.replace(asked, sign(BLOCK), written(block), type_=String())
    told = [
        select(of_block.cast(late(POSTGRESQL).TSQUERY)).select_from(*among).scalar_subquery()
        for _ in range(2)
    ]
    # Said twice: a planner expects half a per cent of all rows to meet what it cannot see, and what
    # it takes for as dear PostgreSQL compiles to machine code, which takes 200 ms each time.
    found: ColumnElement[bool] = and_(*(pieces.bool_op("@@")(one) for one in told))
    return found


def held(text: str) -> str:
    """Return the tsquery of who holds a text, by pieces of which the last may overlap.

    It has a sign where the block's letter is to be.
    """
    if len(text) < SIGNS:
        return f"{quoted(chr(BLOCK) + text)}:*"
    places = [*range(0, len(text) - SIGNS, SIGNS), len(text) - SIGNS]
    return f"({' & '.join(quoted(chr(BLOCK) + text[at : at + SIGNS]) for at in places)})"


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
