"""Makes a platform's tables as it would itself, in any collation, and fills them."""

import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from sqlalchemy import text

from backend.database.engine import create_engine
from tests.presets.platform import Platform, Row, Tables

SCHEMAS = Path(__file__).parent / "schemas"
COLLATIONS = {
    "general_ci": ("utf8mb4_general_ci",),
    "unicode_ci": ("utf8mb4_unicode_ci",),
    "unicode_520_ci": ("utf8mb4_unicode_520_ci",),
    "latin1": ("latin1_swedish_ci",),
    "bin": ("utf8mb4_bin",),
    "mixed": (
        "utf8mb4_unicode_520_ci",
        "utf8mb4_general_ci",
        "latin1_swedish_ci",
        "utf8mb4_unicode_ci",
        "utf8mb4_bin",
    ),
}
TABLE = re.compile(r'CREATE TABLE [`"]?([\w ]+\w)')


async def load(url: str, platform: Platform, tables: Tables, collation: str | None) -> None:
    """Make the platform's tables and fill them."""
    engine = create_engine(url)
    quote = engine.dialect.identifier_preparer.quote_identifier
    async with engine.begin() as connection:
        for statement in _statements(platform, collation):
            await connection.exec_driver_sql(statement)
        for table, rows in tables.items():
            if table in platform.without:
                continue
            for alike in _alike(platform, table, rows):
                names = list(alike[0])
                places = ", ".join(f":{name}" for name in names)
                columns = ", ".join(quote(name) for name in names)
                insert = text(f"INSERT INTO {quote(table)} ({columns}) VALUES ({places})")
                await connection.execute(insert, alike)
    await engine.dispose()


def _statements(platform: Platform, collation: str | None) -> Iterator[str]:
    written = re.sub(r"(?m)^--.*$", "", (SCHEMAS / f"{platform.schema}.sql").read_text())
    moment = "datetime" if platform.database == "mysql" else "timestamp(0)"
    collations = cycle(COLLATIONS[collation] if collation else [""])
    for statement in filter(str.strip, written.replace("DATETIME_", moment).split(";")):
        name = TABLE.search(statement)
        if name is not None and name[1] in platform.without:
            continue
        chosen = next(collations)
        charset = chosen.partition("_")[0]
        end = f" DEFAULT CHARSET={charset} COLLATE={chosen}" if chosen and name else ""
        yield _without_columns(platform, name[1] if name else "", statement) + end


def _without_columns(platform: Platform, table: str, statement: str) -> str:
    for column in _lacking(platform, table):
        statement = re.sub(rf"\b{column} [^,()]*(\([^)]*\))?[^,()]*, *", "", statement, count=1)
    return statement


def _lacking(platform: Platform, table: str) -> list[str]:
    places = [place.partition(".") for place in platform.without if "." in place]
    return [column for of, _, column in places if of == table]


def _alike(platform: Platform, table: str, rows: list[Row]) -> Iterator[list[Row]]:
    """Yield the rows that fill the same columns together."""
    lacking = set(_lacking(platform, table))
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        kept = {name: value for name, value in row.items() if name not in lacking}
        groups.setdefault(tuple(kept), []).append(kept)
    yield from groups.values()
