"""Rows into the guide's tables, in batches, each row once however often."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, delete, func, select

from backend.database.engine import AsyncConnection
from backend.database.upserts import upsert
from backend.files.records import Record, Row, TableName
from backend.files.refunds import Refunds
from backend.files.values import as_number

ROWS_PER_BATCH = 2_000
KEYS: tuple[TableName, ...] = ("customers", "orders", "line_items")
# What each id is made of where it is text, and its column holds numbers.
MADE_OF: Mapping[tuple[str, str], str] = {
    ("customers", "id"): "customer",
    ("orders", "customer_id"): "customer",
    ("orders", "id"): "order",
    ("line_items", "order_id"): "order",
    ("line_items", "id"): "item",
    ("line_items", "product_id"): "product",
}
HINTED = ("email", "first_name", "last_name", "created_at")


class TableWriter:
    """Collects rows by table and writes them in batches.

    Attributes
    ----------
    replaced
        How many rows of each table took the place of others, since it was last set to none.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        tables: Mapping[TableName, Table],
        text_ids: frozenset[tuple[str, str]],
    ) -> None:
        self._connection = connection
        self._tables = tables
        self._text_ids = text_ids
        self._waiting: dict[tuple[TableName, bool], dict[Any, Row]] = {}
        self._whole: set[Any] = set()
        self._refunds = Refunds(connection, tables["orders"])
        self.replaced: dict[TableName, int] = dict.fromkeys(KEYS, 0)

    async def take(self, record: Record) -> None:
        """Keep a row; of two with one id the later one counts, of two hints both do."""
        rows = self._waiting.setdefault((record.table, record.is_hint), {})
        row = self._fitted(record.table, record.row)
        if row.get("refund_of") is not None:
            row["refund_of"] = str(self._fitted("orders", {"id": row["refund_of"]})["id"])
        known = rows.get(row["id"])
        if known is not None and not record.is_hint:
            self.replaced[record.table] += 1
        rows[row["id"]] = _joined(known, row) if record.is_hint else row
        if record.is_whole:
            self._whole.add(row["id"])
        if len(rows) >= ROWS_PER_BATCH:
            await self._write(record.table, is_hint=record.is_hint)

    def _fitted(self, table: TableName, row: Row) -> Row:
        """Return a row whose ids are what their columns hold."""
        changed = {
            column: str(row[column])
            if (table, column) in self._text_ids
            else as_number(kind, row[column])
            for (owner, column), kind in MADE_OF.items()
            if owner == table and row.get(column) is not None
        }
        return {**row, **changed}

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
        if not rows:
            return
        if not is_hint:
            self.replaced[name] += await self._there(name, list(rows))
        if name == "orders":
            await self._refunds.settle(rows)
        columns = list(next(iter(rows.values())))
        dialect = self._connection.dialect.name
        fills = is_hint or name == "customers"
        statement = _upsert(self._tables[name], columns, dialect, is_hint=is_hint, fills=fills)
        await self._connection.execute(statement, list(rows.values()))

    async def _there(self, name: TableName, ids: list[Any]) -> int:
        table = self._tables[name]
        found = select(func.count()).select_from(table).where(table.c.id.in_(ids))
        return await self._connection.scalar(found) or 0

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


def _upsert(table: Table, columns: list[str], dialect: str, *, is_hint: bool, fills: bool) -> Any:
    """Insert, or replace by id; a hint only fills what is unknown, and keeps the earliest date.

    What a file of customers leaves open stays what an order has hinted at.
    """
    changed = [name for name in columns if name != "id" and (not is_hint or name in HINTED)]

    def changes(new: Mapping[str, Any]) -> Mapping[str, Any]:
        if is_hint:
            return {name: _kept(table, name, new[name], dialect) for name in changed}
        if fills:
            return {name: func.coalesce(new[name], table.c[name]) for name in changed}
        return {name: new[name] for name in changed}

    return upsert(table, dialect, changes)


def _kept(table: Table, name: str, new: Any, dialect: str) -> Any:
    known = table.c[name]
    if name != "created_at":
        return func.coalesce(known, new)
    earliest = func.min if dialect == "sqlite" else func.least
    return earliest(func.coalesce(known, new), new)
