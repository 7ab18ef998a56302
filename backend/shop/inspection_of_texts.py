"""Whether names are in the encoding that their database takes them to be in."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, cast, select

from backend.database.async_engines import AsyncConnection
from backend.database.expressions import is_beyond_ascii
from backend.shop.shop import Shop, Source

NAMES = ("first_name", "last_name", "email")
MOST_NAMES = 10_000
FIRST_BEYOND_ASCII = 0x80


def _signs_of(codec: str) -> dict[str, int]:
    """Return the byte of each sign beyond ASCII; what a codec has no sign for is its own."""
    signs: dict[str, int] = {}
    for byte in range(FIRST_BEYOND_ASCII, 256):
        sign = bytes([byte]).decode(codec, "replace").replace("\N{REPLACEMENT CHARACTER}", "")
        signs[sign or chr(byte)] = byte
    return signs


# What UTF-8 is taken for by mistake.
MISTAKEN_FOR = [_signs_of(codec) for codec in ("cp1252", "cp1251", "cp1250")]


async def count_mangled(connection: AsyncConnection, shop: Shop) -> tuple[int, int, int]:
    """Return how many names go beyond ASCII, how many are UTF-8 read as another, how many no text.

    Of the first ten thousand of each of first names, last names and e-mails.
    """
    customers = await shop.accounts(connection)
    found = [name for name in NAMES if customers.has(name)]
    names = [one for name in found for one in await _names(connection, customers, name)]
    texts = [text for one in names if (text := _text(one)) is not None]
    return len(names), sum(map(is_mistaken, texts)), len(names) - len(texts)


async def _names(
    connection: AsyncConnection, customers: Source, name: str
) -> Sequence[str | bytes | None]:
    dialect, value = connection.dialect.name, customers.clause.c[name]
    # SQLite keeps any bytes for a text.
    shown: ColumnElement[Any] = cast(value, LargeBinary()) if dialect == "sqlite" else value
    statement = select(shown).where(is_beyond_ascii(dialect, value)).limit(MOST_NAMES)
    return (await connection.scalars(statement)).all()


def _text(name: str | bytes | None) -> str | None:
    """Return what a name is in UTF-8; None where it is no text."""
    try:
        return name.decode() if isinstance(name, bytes) else name
    except UnicodeDecodeError:
        return None


def is_mistaken(text: str) -> bool:
    """Tell whether a text is UTF-8 whose bytes were taken for signs of another encoding."""
    return any(_is_utf8_read_as(signs, text) for signs in MISTAKEN_FOR)


def _is_utf8_read_as(signs: dict[str, int], text: str) -> bool:
    if not all(one in signs or one.isascii() for one in text):
        return False
    raw = bytes(signs.get(one, ord(one) & 0x7F) for one in text)
    try:
        return not raw.isascii() and bool(raw.decode())
    except UnicodeDecodeError:
        return False
