"""Who holds a text in e-mail or name, by an index of pieces: hardly any others are among them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from math import prod
from typing import Any

from sqlalchemy import ColumnElement, String, case, func, literal_column, or_

from backend.database import text_pieces
from backend.database.first_matches import ANYWHERE, BEGINNING, WAYS, WHOLE
from backend.database.id_blocks import block_of
from backend.database.text_blocks import ASKED
from backend.database.text_pieces import APART, BLOCK, EDGE, held, quoted, sign, written
from backend.shop.spelling import RARE_SIGNS, spelt_letters

LONGEST = 500  # a tsvector holds a megabyte, and an INSERT of the shop's is not to fail for it
ODD = 3  # of who is to be looked at whatever is sought
ODD_TEXT = RARE_SIGNS.replace("[", rf"[\u000{APART}-\u000{BLOCK}\t\n\u00a0", 1) + "|  "
DOTTED_I, PLAIN_I = "\u0130\u0131", "ii"
# So many spellings of one text, and a trigram index is as soon asked.
MOST_SPELLINGS = 64
Columns = Mapping[str, ColumnElement[str]]


def pieces_of(
    columns: Columns, id_: ColumnElement[int], bounds: Sequence[int]
) -> ColumnElement[Any]:
    """Return the pieces of a customer's texts, their block ahead of each; see `id_blocks`.

    Texts are in small letters where ASCII has them, without the dots of i, and a name's parts are
    one text. Who has a sign that is not looked for, or a long text, is marked as odd.
    """
    block = block_of(id_, bounds)
    mark = case((_is_odd(columns), block.concat(sign(ODD))), else_=written(""))
    return text_pieces.pieces_of(_between_edges(columns), block, mark)


def _between_edges(columns: Columns) -> ColumnElement[str]:
    """Return e-mail and whole name, with an edge ahead, between, and behind."""
    email, first, last = map(_folded, _of_all(columns))
    whole = func.btrim(first.concat(written(" ")).concat(last), type_=String())
    edge = sign(EDGE)
    texts = edge.concat(email).concat(edge).concat(whole).concat(edge)
    return func.left(texts, literal_column(str(LONGEST + 2)), type_=String())


def _folded(text: ColumnElement[str]) -> ColumnElement[str]:
    undotted = func.translate(func.lower(text), written(DOTTED_I), written(PLAIN_I))
    return func.btrim(undotted, type_=String())


def _is_odd(columns: Columns) -> ColumnElement[bool]:
    email, first, last = _of_all(columns)
    texts = email.concat(written("-")).concat(first).concat(written("-")).concat(last)
    is_long = func.length(texts) > literal_column(str(LONGEST))
    return or_(texts.regexp_match(written(ODD_TEXT)), is_long)


def _of_all(columns: Columns) -> list[ColumnElement[str]]:
    nothing = written("")
    return [
        func.coalesce(columns.get(name, nothing), nothing, type_=String()).collate("C")
        for name in ("email", "first_name", "last_name")
    ]


def pieces_asked(text: str) -> dict[str, str] | None:
    """Return which pieces everybody has who matches in each way, or better, and is not odd.

    Parameters
    ----------
    text
        Folded, not empty.

    Returns
    -------
    By `ASKED`, each as `text_pieces.have_pieces` takes it; None where the text may be spelt in too
    many ways.
    """
    if prod(map(len, _letters(text, ANYWHERE))) > MOST_SPELLINGS:
        return None
    return {
        ASKED[way]: " | ".join([*_asked(text, way), quoted(chr(BLOCK) + chr(ODD))]) for way in WAYS
    }


def _asked(text: str, way: int) -> Iterator[str]:
    """Yield what holds of who matches, for each spelling: where the text is, between which ends."""
    edge = chr(EDGE)
    between: Mapping[int, Sequence[tuple[str, str]]] = {
        # Of first and last name too, of which a blank is beside the other.
        WHOLE: [(edge, edge), (edge, " "), (" ", edge)],
        BEGINNING: [(edge, ""), (" ", "")],
        ANYWHERE: [("", "")],
    }
    for letters in product(*_letters(text, way)):
        for ahead, behind in between[way]:
            yield held(ahead + "".join(letters) + behind)


def _letters(text: str, way: int) -> list[list[str]]:
    """Return how each letter may be spelt in texts that are not odd."""
    table = str.maketrans(DOTTED_I, PLAIN_I)
    is_ahead, is_open = way == ANYWHERE, way != WHOLE
    spelt = spelt_letters(text, _is_looked_for, is_open=is_open, is_open_ahead=is_ahead)
    return [sorted({one.translate(table) for one in ways}) for ways in spelt]


@cache
def _odd_signs() -> re.Pattern[str]:
    return re.compile(ODD_TEXT)


def _is_looked_for(sign: str) -> bool:
    return _odd_signs().match(sign) is None
