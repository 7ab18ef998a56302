"""What MySQL compares: texts of one character set and collation, or it refuses.

Columns of two collations are an "Illegal mix", and so are a column of latin1 and a word that it
cannot hold (https://dev.mysql.com/doc/refman/8.4/en/charset-collation-coercibility.html). So the
type of a text column says what it is in, and what it is compared with is made so: an index on the
column still answers. A letter that it cannot hold becomes a question mark; who asks compares again,
letter by letter.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, String, cast, collate, column, false, func, select
from sqlalchemy.dialects.mysql import CHAR, VARCHAR

from backend.database.async_engines import AsyncConnection

EVERY_LETTER = "utf8mb4"


async def text_types(
    connection: AsyncConnection, base: FromClause, names: Sequence[str]
) -> list[VARCHAR | None]:
    """Return what each of these columns of a table or query is written in; None for bytes.

    A BINARY and a CHAR look alike until that is asked.
    """
    if not names:
        return []
    # Of no row at all: what the least of a column is written in is known without looking.
    found = [call(func.min(column(name))) for name in names for call in (func.charset, _collation)]
    row = (await connection.execute(select(*found).select_from(base).where(false()))).one()
    return [_type_of(*pair) for pair in zip(row[::2], row[1::2], strict=True)]


def _collation(value: ColumnElement[Any]) -> ColumnElement[str]:
    return func.collation(value, type_=String())


def _type_of(charset: str, collation: str) -> VARCHAR | None:
    return None if charset == "binary" else VARCHAR(charset=charset, collation=collation)


def collation_of(value: ColumnElement[Any]) -> str | None:
    """Return the collation of what `text_types` found; None of anything else."""
    return value.type.collation if isinstance(value.type, VARCHAR) else None


def alike_on_mysql(value: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a text so that it can be compared with another, or stand in its place."""
    wanted, own = collation_of(other), collation_of(value)
    if wanted == own:
        return value
    if wanted is None:
        return in_collation(value, EVERY_LETTER, f"{EVERY_LETTER}_bin")
    return in_collation(value, _charset_of(other), wanted)


def word_on_mysql(word: ColumnElement[Any], asked: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a word that is asked of a column, in letters that the column has."""
    narrow = collation_of(asked) is not None and _charset_of(asked) != EVERY_LETTER
    return alike_on_mysql(word, asked) if narrow else word


def _charset_of(value: ColumnElement[Any]) -> str:
    return str(value.type.charset) if isinstance(value.type, VARCHAR) else EVERY_LETTER


def in_collation(value: ColumnElement[Any], charset: str, collation: str) -> ColumnElement[Any]:
    """Return a text in a character set and collation, which win over every other."""
    return collate(cast(value, CHAR(charset=charset)), collation)
