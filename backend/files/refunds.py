"""Refunds that name their order: subtracted from its total once, whichever is loaded first."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, bindparam, func, select, update

from backend.core.errors import ImportRefused
from backend.database.engine import AsyncConnection
from backend.files.records import Row

NOTHING = Decimal(0)


class Refunds:
    """What refunds that are kept give back, by the order that they name.

    A refund is kept as an order below zero with `refund_of`. Loaded again it changes nothing, and
    an order that is loaded again is less by it.
    """

    def __init__(self, connection: AsyncConnection, orders: Table) -> None:
        self._connection = connection
        self._orders = orders
        self._given: dict[str, Decimal] | None = None

    async def settle(self, rows: dict[Any, Row]) -> None:
        """Make totals of orders that are to be written, and of those that are there, what is kept.

        Raises
        ------
        ImportRefused
            When a line below zero would take the place of an order that was loaded before.
        """
        given = await self._kept()
        there = await self._totals([key for key, row in rows.items() if row["total_price"] < 0])
        refunds = {key: row for key, row in rows.items() if row["refund_of"] is not None}
        for key, row in rows.items():
            if key in refunds:
                continue
            _refuse_to_replace(row, there.get(key))
            row["total_price"] += given.get(str(key), NOTHING)
        changes: dict[str, Decimal] = {}
        for key, row in refunds.items():
            order, change = row["refund_of"], row["total_price"] - there.get(key, NOTHING)
            changes[order] = changes.get(order, NOTHING) + change
            given[order] = given.get(order, NOTHING) + change
        await self._subtract(changes, rows)

    async def _kept(self) -> dict[str, Decimal]:
        if self._given is None:
            columns = self._orders.c
            given = select(columns.refund_of, func.sum(columns.total_price))
            found = given.where(columns.refund_of.is_not(None)).group_by(columns.refund_of)
            rows = (await self._connection.execute(found)).all()
            self._given = {order: Decimal(total) for order, total in rows}
        return self._given

    async def _totals(self, ids: list[Any]) -> dict[Any, Decimal]:
        if not ids:
            return {}
        columns = self._orders.c
        found = select(columns.id, columns.total_price).where(columns.id.in_(ids))
        return {key: Decimal(total or 0) for key, total in await self._connection.execute(found)}

    async def _subtract(self, changes: Mapping[str, Decimal], rows: dict[Any, Row]) -> None:
        """Subtract from orders that are to be written now, or are there."""
        waiting = {str(key): row for key, row in rows.items() if row["refund_of"] is None}
        for order in changes.keys() & waiting.keys():
            waiting[order]["total_price"] += changes[order]
        elsewhere = [
            {"refunded": self._id(order), "change": change}
            for order, change in changes.items()
            if change and order not in waiting
        ]
        if elsewhere:
            columns = self._orders.c
            statement = (
                update(self._orders)
                .where(columns.id == bindparam("refunded"))
                .values(total_price=columns.total_price + bindparam("change"))
            )
            await self._connection.execute(statement, elsewhere)

    def _id(self, order: str) -> int | str:
        return int(order) if self._orders.c.id.type.python_type is int else order


def _refuse_to_replace(row: Row, there: Decimal | None) -> None:
    if row["total_price"] < 0 and there is not None and there > 0:
        raise ImportRefused(
            f"The order {row['order_number']}",
            "is below zero, and was loaded before: load both in one call, or give what gives back "
            "an id of its own, and name the order in refund_of",
        )
