"""An installation of 10.0 with a user's view and grant, restored from its dump."""

import gzip
import sqlite3
from pathlib import Path

import asyncpg
from sqlalchemy import URL

from backend.database.engine import libpq_uri, parse_url
from tests.conftest import execute

DUMPS = Path(__file__).parent / "dumps" / "10.0"
TABLES = ("runs", "segments", "segment_names", "segment_changes", "segment_lineage")
VIEWS = ("customer_segments", "customer_moves")
READER = "shop_reader"


async def restore(url: str) -> str:
    """Fill an empty database with the dump; return the URL of the user that may only read it."""
    parsed = parse_url(url)
    kind = parsed.get_backend_name()
    reader = reader_of(parsed)
    dump = _read("mariadb" if kind == "mysql" else kind).replace(READER, str(reader.username))
    if kind == "sqlite":
        _restore_sqlite(parsed, dump)
        return url
    if kind == "postgresql":
        await execute(url, f"CREATE USER {reader.username} PASSWORD '{reader.password}'")
        await _restore_postgresql(parsed, dump)
    else:
        await execute(url, f"CREATE USER {reader.username} IDENTIFIED BY '{reader.password}'")
        await execute(url, *_statements(dump))
    return reader.set(drivername=kind).render_as_string(hide_password=False)


def reader_of(url: URL) -> URL:
    """Return the URL of a user of this database alone, whom the fixtures drop with it."""
    return url.set(username=f"reader_{url.database}", password="reads")


def _read(kind: str) -> str:
    return gzip.decompress((DUMPS / f"{kind}.sql.gz").read_bytes()).decode()


def _restore_sqlite(url: URL, dump: str) -> None:
    connection = sqlite3.connect(str(url.database))
    connection.executescript(dump)
    connection.close()


async def _restore_postgresql(url: URL, dump: str) -> None:
    connection = await asyncpg.connect(libpq_uri(url))
    await connection.execute(dump)
    await connection.close()


def _statements(dump: str) -> list[str]:
    """Split MariaDB's dump, whose values hold no line breaks of their own."""
    return [each.replace(":", "\\:") for each in dump.split(";\n") if each.strip()]
