"""Everything of ours about one customer, from every table that holds their id."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, RowMapping, select

from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncConnection
from backend.results.customer_numbers import NUMBERS
from backend.results.held_row import HeldRow, HeldValue, Plain
from backend.store import runs
from backend.store.id_column import HOLDERS, is_one_of
from backend.store.tables import customer_intelligence

MEANINGS = {one.name: one.description for one in NUMBERS}
# What columns are that need no comment in a database.
PLAIN_MEANINGS = {
    "id": "ascending: what came later has a greater one",
    "customer_id": "the shop's id of the customer",
    "changed_at": "when it was published",
    "run_id": "the run that found it",
}


async def read_held(
    connection: AsyncConnection, customer_ids: Sequence[CustomerId]
) -> list[HeldRow]:
    """Return every row of ours about these customers, each value with its meaning."""
    published, dialect = await runs.published(connection), connection.dialect.name
    held = []
    for column in HOLDERS:
        about = is_one_of(column, dialect, published, customer_ids)
        rows = (await connection.execute(select(column.table).where(about))).mappings()
        held += [_held(column, row) for row in rows]
    return held


def meaning_of(column: Column[Any]) -> str:
    """Return what the values of a column say."""
    declared = MEANINGS if column.table is customer_intelligence else {}
    return declared.get(column.name) or column.comment or PLAIN_MEANINGS[column.name]


def _held(holder: Column[Any], row: RowMapping) -> HeldRow:
    values = tuple(
        HeldValue(name=one.name, value=_plain(row[one.name]), meaning=meaning_of(one))
        for one in holder.table.columns
    )
    return HeldRow(table=holder.table.name, values=values)


def _plain(value: Any) -> Plain:
    if isinstance(value, datetime):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
