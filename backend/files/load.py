"""Rows into the guide's tables: all files in one transaction, each row once however often."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, delete, func, inspect, select
from sqlalchemy.dialects import mysql, postgresql, sqlite

from backend.core.errors import ImportRefused
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.database.expressions import MYSQL
from backend.files.create_tables import create_shop_tables
from backend.files.guide_tables import shop_tables, split_name
from backend.files.read_files import read_file
from backend.files.records import Record, Rejected, Row, ShopTerms, TableName
from backend.files.values import OneCurrency

ROWS_PER_BATCH = 2_000
KEYS = ("customers", "orders", "line_items")


@dataclass(slots=True)
class ImportResult:
    """How many rows the tables hold now, and how many lines were refused."""

    rows: dict[str, int] = field(default_factory=dict)
    rejected: int = 0


async def import_files(
    engine: AsyncEngine,
    names: Mapping[str, str],
    paths: Sequence[Path],
    *,
    zone: ZoneInfo,
    rejects: Path,
    currency: str | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> ImportResult:
    """Load files into the guide's tables, making those that are missing.

    One transaction: after an interruption the tables are as they were. A row whose id is there
    already is replaced, so that loading a file twice changes nothing.

    Parameters
    ----------
    engine
        The shop's database.
    names
        ``customers``, ``orders`` and ``line_items``, each ``table`` or ``schema.table``.
    paths
        CSV or Parquet files.
    zone
        The shop's zone.
    rejects
        Where refused lines are written, with file, line number and reason.
    currency
        Orders that name another are refused. Default: the first that one names.
    progress
        Called with the share done, in [0, 1].

    Raises
    ------
    ImportRefused
        When a file cannot be read or is of no known format, or a table is there that is not the
        guide's; nothing is loaded.
    """
    shop = ShopTerms(zone, OneCurrency(currency and currency.upper()))
    await create_shop_tables(engine, names)
    if engine.dialect.name == "sqlite":
        names = {key: split_name(name)[1] for key, name in names.items()}
    metadata = shop_tables(names["customers"], names["orders"], names["line_items"])
    tables = {key: metadata.tables[names[key]] for key in KEYS}
    async with transaction(engine, "shop") as connection:
        await connection.run_sync(_require_guides_tables, list(tables.values()))
        loader = _Loader(connection, tables)
        with _Rejects(rejects) as refused:
            for place, path in enumerate(paths):

                def advance(share: float, done: int = place) -> None:
                    progress((done + share) / len(paths))

                for item in read_file(path, shop, advance):
                    if isinstance(item, Rejected):
                        refused.write(path, item)
                    else:
                        await loader.take(item)
                await loader.flush()
                advance(1.0)
            return ImportResult(await loader.held(), refused.count)


def _require_guides_tables(connection: Connection, tables: Sequence[Table]) -> None:
    """Refuse tables that were there before and are no tables as the guide prints them."""
    inspector = inspect(connection)
    for table in tables:
        there = {column["name"] for column in inspector.get_columns(table.name, table.schema)}
        lacking = [column.name for column in table.c if column.name not in there]
        is_view = table.name in inspector.get_view_names(table.schema)
        if lacking or is_view:
            why = "is a view" if is_view else f"has no column {lacking[0]}"
            problem = f"{why}, so it is not the guide's: name another to be made"
            raise ImportRefused(f"The table {table.fullname}", problem)


class _Loader:
    """Collects rows by table and writes them in batches."""

    def __init__(self, connection: AsyncConnection, tables: Mapping[str, Table]) -> None:
        self._connection = connection
        self._tables = tables
        self._waiting: dict[tuple[TableName, bool], dict[int, Row]] = {}
        self._whole: set[int] = set()

    async def take(self, record: Record) -> None:
        """Keep a row; of two with one id the later one counts, of two hints both do."""
        rows = self._waiting.setdefault((record.table, record.is_hint), {})
        known = rows.get(record.row["id"])
        rows[record.row["id"]] = _joined(known, record.row) if record.is_hint else record.row
        if record.is_whole:
            self._whole.add(record.row["id"])
        if len(rows) >= ROWS_PER_BATCH:
            await self._write(record.table, is_hint=record.is_hint)

    async def flush(self) -> None:
        """Write all that is waiting."""
        for table, is_hint in list(self._waiting):
            await self._write(table, is_hint=is_hint)

    async def held(self) -> dict[str, int]:
        """Count the rows of each table: one that was written twice is one."""
        counts = {key: select(func.count()).select_from(self._tables[key]) for key in KEYS}
        return {key: await self._connection.scalar(counts[key]) or 0 for key in KEYS}

    async def _write(self, name: TableName, *, is_hint: bool) -> None:
        if name == "line_items" and ("orders", False) in self._waiting:
            await self._write("orders", is_hint=False)
        rows = self._waiting.pop((name, is_hint), {})
        if name == "orders" and self._whole:
            await self._forget_lines()
        if rows:
            statement = _upsert(self._tables[name], self._connection.dialect.name, is_hint=is_hint)
            await self._connection.execute(statement, list(rows.values()))

    async def _forget_lines(self) -> None:
        """Delete the lines that whole orders had before: an edited order may have lost some."""
        lines = self._tables["line_items"]
        await self._connection.execute(delete(lines).where(lines.c.order_id.in_(self._whole)))
        self._whole.clear()


def _joined(known: Row | None, row: Row) -> Row:
    """Join two hints of a customer: the names first met, the earliest date."""
    if known is None:
        return row
    joined = {name: known[name] if known[name] is not None else row[name] for name in row}
    return {**joined, "created_at": min(known["created_at"], row["created_at"])}


HINTED = ("email", "first_name", "last_name", "created_at")


def _upsert(table: Table, dialect: str, *, is_hint: bool) -> Any:
    """Insert, or replace by id; a hint only fills what is unknown, and keeps the earliest date."""
    columns = HINTED if is_hint else [c.name for c in table.columns if c.name != "id"]
    if dialect in MYSQL:
        insert: Any = mysql.insert(table)
        new = insert.inserted
    else:
        insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
        new = insert.excluded
    changes = {
        name: _kept(table, name, new[name], dialect) if is_hint else new[name] for name in columns
    }
    if dialect in MYSQL:
        return insert.on_duplicate_key_update(changes)
    return insert.on_conflict_do_update(index_elements=[table.c.id], set_=changes)


def _kept(table: Table, name: str, new: Any, dialect: str) -> Any:
    known = table.c[name]
    if name != "created_at":
        return func.coalesce(known, new)
    earliest = func.min if dialect == "sqlite" else func.least
    return earliest(func.coalesce(known, new), new)


class _Rejects:
    """Writes refused lines; the file is made with the first one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self.count = 0

    def __enter__(self) -> "_Rejects":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, source: Path, rejected: Rejected) -> None:
        """Write one line: file, line number, reason, and what stood there."""
        if self._file is None:
            self._file = self._opened()
            csv.writer(self._file).writerow(("file", "line", "reason", "content"))
        content = ", ".join(f"{name}={value}" for name, value in rejected.fields.items() if value)
        csv.writer(self._file).writerow((source.name, rejected.line, rejected.reason, content))
        self.count += rejected.lines

    def _opened(self) -> TextIO:
        try:
            return self._path.open("w", newline="", encoding="utf-8", errors="replace")
        except OSError as error:
            problem = f"cannot be written ({error.strerror})"
            raise ImportRefused(str(self._path), problem) from None
