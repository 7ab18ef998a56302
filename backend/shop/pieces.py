"""Who holds a text anywhere, told by an index of PostgreSQL's own, and by hardly more than they.

A trigram index intersects the lists of all who have some three signs, of which each is a tenth of a
shop's customers. Pieces of eight signs, from every place of a text on, as the lexemes of a
tsvector: what begins one of them is held somewhere, so that most searches are one look by a prefix.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from math import prod
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, case, func, literal_column, or_

from backend.core.late import late
from backend.database.compiled import parameter
from backend.database.first_matches import ANYWHERE, BEGINNING, WAYS, WHOLE
from backend.shop.spelling import RARE_SIGNS, spelt_letters

POSTGRESQL = "sqlalchemy.dialects.postgresql"  # what other databases' processes do without
ASKED = ["pieces_of_whole", "pieces_of_beginning", "pieces_of_part"]  # by ways
# Most of what is sought is no longer. A shorter one takes less room and is intersected more often.
SIGNS = 8
LONGEST = 500  # a tsvector holds a megabyte, and an INSERT of the shop's is not to fail for it
# Between two pieces; at either end of a text; and of who is to be looked at whatever is sought.
APART, EDGE, ODD = 1, 2, 3
ODD_TEXT = RARE_SIGNS.replace("[", r"[\u0001-\u0003\t\n\u00a0", 1) + "|  "
DOTTED_I, PLAIN_I = "\u0130\u0131", "ii"
# So many spellings of one text, and a trigram index is as soon asked.
MOST_SPELLINGS = 64


def pieces_of(columns: Mapping[str, ColumnElement[str]]) -> ColumnElement[Any]:
    """Return the pieces of a customer's texts; written out, so that an index of them is known.

    Texts are in small letters where ASCII has them, without the dots of i, and a name's parts are
    one text. Who has a sign that is not looked for, or a long text, is marked as odd.
    """
    texts = _between_edges(columns)
    # Of an odd length, eight copies in a row are cut at every place once.
    odd = texts.concat(
        func.left(_sign(EDGE), func.mod(func.length(texts) + _number(1), _number(2)))
    )
    copies = func.repeat(odd, _number(SIGNS), type_=String())
    cut = func.regexp_replace(
        copies,
        _written(f".{{{SIGNS}}}"),
        _written(r"\&").concat(_sign(APART)),
        _written("g"),
        type_=String(),
    )
    marked = cut.concat(case((_is_odd(columns), _sign(ODD)), else_=_written("")))
    pieces = func.string_to_array(marked, _sign(APART))
    return func.array_to_tsvector(func.array_remove(pieces, _written("")))


def _between_edges(columns: Mapping[str, ColumnElement[str]]) -> ColumnElement[str]:
    """Return e-mail and whole name, with an edge ahead, between, and behind."""
    email, first, last = map(_folded, _of_all(columns))
    whole = func.btrim(first.concat(_written(" ")).concat(last), type_=String())
    edge = _sign(EDGE)
    texts = edge.concat(email).concat(edge).concat(whole).concat(edge)
    return func.left(texts, _number(LONGEST + 2), type_=String())


def _folded(text: ColumnElement[str]) -> ColumnElement[str]:
    undotted = func.translate(func.lower(text), _written(DOTTED_I), _written(PLAIN_I))
    return func.btrim(undotted, type_=String())


def _is_odd(columns: Mapping[str, ColumnElement[str]]) -> ColumnElement[bool]:
    email, first, last = _of_all(columns)
    texts = email.concat(_written("-")).concat(first).concat(_written("-")).concat(last)
    return or_(
        texts.regexp_match(_written(ODD_TEXT)), func.length(texts) > literal_column(str(LONGEST))
    )


def _of_all(columns: Mapping[str, ColumnElement[str]]) -> list[ColumnElement[str]]:
    return [
        func.coalesce(columns[name], _written(""), type_=String()).collate("C")
        if name in columns
        else _written("").collate("C")
        for name in ("email", "first_name", "last_name")
    ]


def _written(text: str) -> ColumnElement[str]:
    return literal_column(f"'{text}'", String())


def _sign(number: int) -> ColumnElement[str]:
    return func.chr(_number(number), type_=String())


def _number(number: int) -> ColumnElement[int]:
    return literal_column(str(number), Integer())


def have_pieces(columns: Mapping[str, ColumnElement[str]], way: int) -> ColumnElement[bool]:
    """Return whether a customer has the pieces that are asked for a way, or is odd."""
    asked = parameter(ASKED[way], String()).cast(late(POSTGRESQL).TSQUERY)
    found: ColumnElement[bool] = pieces_of(columns).bool_op("@@")(asked)
    return found


def pieces_asked(text: str) -> dict[str, str] | None:
    """Return which pieces everybody has who matches in each way, or better, and is not odd.

    Parameters
    ----------
    text
        Folded, not empty.

    Returns
    -------
    Values of `have_pieces`, each a tsquery; None where the text may be spelt in too many ways.
    """
    if prod(map(len, _letters(text, ANYWHERE))) > MOST_SPELLINGS:
        return None
    return {ASKED[way]: " | ".join([*_asked(text, way), _quoted(chr(ODD))]) for way in WAYS}


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
            yield _held(ahead + "".join(letters) + behind)


def _letters(text: str, way: int) -> list[list[str]]:
    """Return how each letter may be spelt in texts that are not odd."""
    table = str.maketrans(DOTTED_I, PLAIN_I)
    spelt = spelt_letters(text, _is_looked_for, is_open=way != WHOLE, is_open_ahead=way == ANYWHERE)
    return [sorted({one.translate(table) for one in ways}) for ways in spelt]


@cache
def _odd_signs() -> re.Pattern[str]:
    return re.compile(ODD_TEXT)


def _is_looked_for(sign: str) -> bool:
    return _odd_signs().match(sign) is None


def _held(text: str) -> str:
    """Return that a text is held, by pieces of which it is made, the last of which may overlap."""
    if len(text) < SIGNS:
        return f"{_quoted(text)}:*"
    places = [*range(0, len(text) - SIGNS, SIGNS), len(text) - SIGNS]
    return f"({' & '.join(_quoted(text[at : at + SIGNS]) for at in places)})"


def _quoted(text: str) -> str:
    doubled = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"
