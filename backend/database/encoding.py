"""Which characters a database can hold."""

from collections.abc import Callable

from backend.database.async_engines import AsyncConnection

# PostgreSQL's names that Python does not know: https://www.postgresql.org/docs/current/multibyte.html
CODECS = {"EUC_CN": "gb2312", "EUC_JIS_2004": "euc_jis_2004", "KOI8R": "koi8-r", "KOI8U": "koi8-u"}
EVERYTHING = {"UTF8", "SQL_ASCII"}  # the second holds bytes, and converts nothing


async def holds_of(connection: AsyncConnection) -> Callable[[str], bool]:
    """Return what tells whether a character can be in the database, or asked of it.

    MySQL converts what is asked for to the column's character set, or the column to it.
    """
    if connection.dialect.name != "postgresql":
        return _anything
    name = await encoding_of(connection)
    return _anything if name in EVERYTHING else _encodable(CODECS.get(name) or _codec(name))


async def encoding_of(connection: AsyncConnection) -> str:
    """Return what PostgreSQL calls the encoding of a database."""
    raw = (await connection.get_raw_connection()).driver_connection
    return str(raw.get_settings().server_encoding)  # type: ignore[union-attr]


def _codec(name: str) -> str:
    return name.replace("WIN", "cp") if name.startswith("WIN") else name.replace("_", "-").lower()


def _anything(_character: str) -> bool:
    return True


def _encodable(codec: str) -> Callable[[str], bool]:
    def holds(character: str) -> bool:
        try:
            character.encode(codec)
        except (LookupError, UnicodeEncodeError):
            return character.isascii()
        return True

    return holds
