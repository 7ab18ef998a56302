"""Who matches whole or by the beginning, told by an index of PostgreSQL's of its own.

That nobody begins with a text, a trigram index tells only once the lists are intersected of all who
have its signs anywhere, hundreds of thousands among a million. Whole texts as the lexemes of a
tsvector are found by their beginning, or their end, at once.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

from sqlalchemy import ColumnElement, String, func, literal_column

from backend.core.late import late
from backend.database.compiled import parameter
from backend.database.first_matches import WHOLE
from backend.shop.spelling import is_plain, spelt_letters

POSTGRESQL = "sqlalchemy.dialects.postgresql"  # what other databases' processes do without
LEXEMES = "lexemes"
# Ahead of a text, so that whole names are asked for by a first name beside a last one.
OF_COLUMN = {"email": "e", "first_name": "f", "last_name": "l"}
END, LONGEST = "\n", 100  # a lexeme holds 2,046 bytes
DOTTED_I, PLAIN_I = "\u0130\u0131", "ii"
# So many spellings of one text, and the trigram index is as soon asked.
MOST_SPELLINGS = 64


def lexemes_of(columns: Mapping[str, ColumnElement[str]]) -> ColumnElement[Any]:
    """Return the lexemes of a customer's texts; written out, so that an index of them is known."""
    texts = [_lexeme(name, one) for name, one in columns.items()]
    return func.array_to_tsvector(late(POSTGRESQL).array(texts))


def _lexeme(name: str, column: ColumnElement[str]) -> ColumnElement[str]:
    text = func.coalesce(column, _written(""), type_=String()).collate("C")
    undotted = func.translate(func.lower(text), _written(DOTTED_I), _written(PLAIN_I))
    first = func.left(func.btrim(undotted), literal_column(str(LONGEST)), type_=String())
    end = func.chr(literal_column(str(ord(END))), type_=String())
    return _written(OF_COLUMN[name]).concat(first).concat(end)


def _written(text: str) -> ColumnElement[str]:
    return literal_column(f"'{text}'", String())


def have_asked(columns: Mapping[str, ColumnElement[str]]) -> ColumnElement[bool]:
    """Return whether a customer has the lexemes that come as a parameter."""
    asked = parameter(LEXEMES, String()).cast(late(POSTGRESQL).TSQUERY)
    found: ColumnElement[bool] = lexemes_of(columns).bool_op("@@")(asked)
    return found


def lexemes_asked(text: str, way: int) -> str | None:
    """Return which lexemes everybody has who matches in a way, or better, and has no rare sign.

    Parameters
    ----------
    text
        Folded, of plain signs, not empty.
    way
        WHOLE or BEGINNING of `first_matches`.

    Returns
    -------
    A tsquery; None where the text may be spelt in too many ways.
    """
    if (spelt := _spelt(text, way)) is None:
        return None
    alone = [_one(column, spelt, way) for column in OF_COLUMN.values()]
    return " | ".join([*alone, *_parted(text, way)])


def _parted(text: str, way: int) -> Iterator[str]:
    """Yield what holds of who has a part of it for a first name, and the rest in their last."""
    words = text.split(" ")
    for at in range(1, len(words)):
        first, last = _spelt(" ".join(words[:at]), WHOLE), _spelt(" ".join(words[at:]), way)
        assert first is not None, "it has fewer spellings than the whole"
        assert last is not None, "it has fewer spellings than the whole"
        yield f"({_one('f', first, WHOLE)} & {_one('l', last, way)})"


def _spelt(text: str, way: int) -> list[str] | None:
    """Return the texts in which lexemes spell this one; None where they are too many."""
    table = str.maketrans(DOTTED_I, PLAIN_I)
    letters = [
        {" "} if " " in ways else {one.translate(table) for one in ways}  # other blanks are rare
        for ways in spelt_letters(text, is_plain, is_open=way != WHOLE)
    ]
    if prod(map(len, letters)) > MOST_SPELLINGS:
        return None
    return sorted("".join(several) for several in product(*letters))


def _one(column: str, spelt: list[str], way: int) -> str:
    return f"({' | '.join(_asked(column + one, way) for one in spelt)})"


def _asked(text: str, way: int) -> str:
    longest = len(text[0]) + LONGEST
    is_whole = way == WHOLE and len(text) <= longest
    kept = text + END if is_whole else text[:longest]
    quoted = kept.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'" if is_whole else f"'{quoted}':*"
