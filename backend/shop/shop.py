"""The shop as configured: three FROM clauses with our column names, over whatever it has."""

import difflib
import time
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Dialect,
    FromClause,
    Integer,
    Select,
    String,
    case,
    cast,
    column,
    func,
    literal,
    null,
    or_,
    select,
    text,
)
from sqlalchemy.sql import quoted_name
from sqlalchemy.types import TypeEngine

from backend.core.errors import InvalidMapping
from backend.core.one_for_all import OneForAll
from backend.database.async_engines import AsyncConnection
from backend.database.expressions import (
    alike,
    as_text,
    email_key,
    exact,
    has_no_id,
    in_order,
    same_id,
)
from backend.database.kinds import Kind, column_kinds
from backend.shop.fitted_mapping import settled
from backend.shop.mapping.mapping import (
    CANONICAL_COLUMNS,
    REQUIRED_COLUMNS,
    Currency,
    LogicalName,
    LogicalTable,
    ShopMapping,
)
from backend.shop.mapping.sent import filter_to_send
from backend.shop.probed_columns import probed_columns
from backend.shop.refusals import refusals_named
from backend.shop.table_clauses import escaped, query_clause, table_clause
from backend.shop.trigram_indexes import are_all_indexed

CURRENCY_NEEDS = {
    "currency": "count orders in one currency alone",
    "currency_rate": "convert currencies",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One logical table as it can be selected from.

    Attributes
    ----------
    clause
        Has every canonical column; those the shop lacks are typed NULLs.
    kinds
        What each canonical column holds.
    shops_columns
        Every column of the shop's own, by its name there.
    """

    clause: FromClause
    kinds: Mapping[str, Kind]
    shops_columns: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        """Tell whether the shop has this column."""
        return self.kinds[name] is not Kind.NOTHING


class Shop:
    """The shop's three tables. Looks at the database once, when first asked; then remembers.

    A run sees one state of the shop, and so one shape; who asks for longer goes by `asking`.
    """

    def __init__(self, mapping: ShopMapping) -> None:
        self.mapping = mapping
        self._configured = mapping
        self._sources: dict[str, Source | None] = {}
        self._has_trigrams: bool | None = None
        self._looked_at = 0.0
        self.looking = OneForAll[Source]()  # many who look at once would take all connections

    def forget(self) -> None:
        """Look at the database again, when next asked."""
        self.mapping = self._configured
        self._sources = {}
        self._has_trigrams = None
        self.looking.begin_anew()

    def forget_what_is_older(self, moment: float) -> None:
        """Look again where the shape was looked at before a moment of the monotonic clock."""
        if self._looked_at < moment:
            self.forget()

    @property
    def remembered_customers(self) -> Source | None:
        """The shop's customers as they were last looked at; None where they have to be."""
        return self._sources.get("customers")

    @property
    def remembered_orders(self) -> Source | None:
        """The shop's orders likewise, where no guests are merged."""
        return None if self.mapping.merge_guests else self._sources.get("orders")

    async def customers(self, connection: AsyncConnection) -> Source:
        """Return the shop's customers; with guest merging, one per e-mail.

        Raises
        ------
        InvalidMapping
            When the table or a column that the mapping names does not exist.
        """
        accounts = await self.accounts(connection)
        if self.mapping.merge_guests:
            return _merged_customers(accounts, connection.dialect.name)
        return accounts

    async def accounts(self, connection: AsyncConnection) -> Source:
        """Return the shop's customers unmerged; `account_id` is the customer each one is part of.

        Raises
        ------
        InvalidMapping
            As `customers`.
        """
        source = await self._source(connection, "customers")
        if self.mapping.merge_guests:
            return _with_account(source, connection.dialect.name)
        return source

    async def orders(self, connection: AsyncConnection) -> Source:
        """Return the shop's orders, of all statuses.

        Raises
        ------
        InvalidMapping
            As `customers`; or when the orders lack a column that the mapping's currency needs.
        """
        source = await self._source(connection, "orders")
        _require_currency(source, self.mapping.currency)
        if self.mapping.merge_guests:
            accounts = await self.accounts(connection)
            return _orders_of_accounts(source, accounts, connection.dialect.name)
        return source

    async def has_trigrams(self, connection: AsyncConnection) -> bool:
        """Tell whether trigram indexes cover all that a search looks at, in the shop's own table.

        Raises
        ------
        InvalidMapping
            As `customers`.
        """
        if self._has_trigrams is None:
            await self._source(connection, "customers")
            self._has_trigrams = await are_all_indexed(connection, self.mapping)
        return self._has_trigrams

    async def logical(self, connection: AsyncConnection, name: LogicalName) -> Source | None:
        """Return one of the three; None only for order lines that the shop has not.

        Raises
        ------
        InvalidMapping
            As `customers`.
        """
        ask = {"customers": self.customers, "orders": self.orders, "line_items": self.line_items}
        return await ask[name](connection)

    async def line_items(self, connection: AsyncConnection) -> Source | None:
        """Return the shop's order lines; None if it has none.

        Raises
        ------
        InvalidMapping
            As `customers`.
        """
        if "line_items" not in self._sources:
            self._sources["line_items"] = await self._line_items(connection)
        return self._sources["line_items"]

    async def _line_items(self, connection: AsyncConnection) -> Source | None:
        await self._settle(connection)
        mapped = self.mapping.line_items
        if mapped is None:
            return None
        try:
            return await _open(connection, self.mapping, "line_items", mapped)
        except InvalidMapping:
            if self.mapping.line_items_may_be_missing:
                return None
            raise

    async def _source(self, connection: AsyncConnection, name: LogicalName) -> Source:
        source = self._sources.get(name)
        if source is None:
            await self._settle(connection)
            mapped = self.mapping.table(name)
            if mapped is None:
                raise InvalidMapping(name, "is missing")
            source = self._sources[name] = await _open(connection, self.mapping, name, mapped)
        return source

    async def _settle(self, connection: AsyncConnection) -> None:
        if not self._sources:  # a table that was opened has settled it
            self._looked_at = time.monotonic()
            self.mapping = await settled(connection, self.mapping)


def base_clause(mapping: ShopMapping, name: LogicalName, dialect: Dialect) -> FromClause:
    """Return the shop's own table, or its query as `(query) AS q`, under its own column names."""
    logical = mapping.table(name)
    if logical is None:
        raise InvalidMapping(name, "is missing")
    if logical.query is not None:
        return query_clause(mapping, f"{name}.query", logical.query, dialect)
    return table_clause(mapping, str(logical.table), dialect)


async def _open(
    connection: AsyncConnection, mapping: ShopMapping, name: LogicalName, logical: LogicalTable
) -> Source:
    base = base_clause(mapping, name, connection.dialect)
    found = await _found_columns(connection, base, name, logical)
    names = chosen_columns(name, logical, found)
    kinds = {ours: found[theirs] if theirs else Kind.NOTHING for ours, theirs in names.items()}
    own = {ours for ours, kind in kinds.items() if kind is Kind.OWN}
    kinds |= dict.fromkeys(own, Kind.TEXT)
    probed = await probed_columns(connection, base, names, kinds)
    statement = select(*_selected(base, name, names, own, probed.types)).select_from(base)
    if logical.filter:
        sent = filter_to_send(mapping, f"{name}.filter", logical.filter, connection.dialect.name)
        statement = statement.where(text(f"({escaped(sent)})"))
        await _probe_filter(connection, name, statement)
    return Source(statement.subquery(name), probed.kinds, tuple(found))


async def _found_columns(
    connection: AsyncConnection, base: FromClause, name: LogicalName, logical: LogicalTable
) -> dict[str, Kind]:
    what = f"table {logical.table}" if logical.table else "query"
    with refusals_named(name, f"is the {what}, which the database refuses:"):
        async with connection.begin_nested():
            return await column_kinds(connection, base)


async def _probe_filter(
    connection: AsyncConnection, name: LogicalName, filtered: Select[Any]
) -> None:
    with refusals_named(f"{name}.filter", "is refused by the database:"):
        async with connection.begin_nested():
            await connection.execute(filtered.limit(0))


def _require_currency(orders: Source, currency: Currency) -> None:
    """Refuse to add up what was to be told apart or converted."""
    for column_name, wanted in (("currency", currency.only), ("currency_rate", currency.rate)):
        if wanted and not orders.has(column_name):
            problem = f"is needed to {CURRENCY_NEEDS[column_name]}, and the orders have none"
            raise InvalidMapping(f"orders.{column_name}", problem)


def chosen_columns(
    name: LogicalName, logical: LogicalTable, found: Mapping[str, Kind]
) -> dict[str, str]:
    """Return the shop's name, as it is spelt there, for each of our columns; "" for none.

    Raises
    ------
    InvalidMapping
        When a mapped or a required column does not exist; names the nearest that do.
    """
    spelt = {theirs.lower(): theirs for theirs in found} | {theirs: theirs for theirs in found}
    names: dict[str, str] = {}
    for ours in CANONICAL_COLUMNS[name]:
        wanted = logical.columns.get(ours, ours)
        names[ours] = spelt.get(wanted) or spelt.get(wanted.lower()) or ""
        needed = ours in REQUIRED_COLUMNS[name] or (wanted and ours in logical.columns)
        if needed and not names[ours]:
            raise InvalidMapping(f"{name}.{ours}", _no_such_column(wanted, found))
    return names


def _no_such_column(wanted: str, found: Mapping[str, Kind]) -> str:
    near = difflib.get_close_matches(wanted, found, n=3, cutoff=0.5) or sorted(found)[:8]
    return f"is the column '{wanted}', which does not exist; there are {', '.join(near)}"


def _selected(
    base: FromClause,
    name: LogicalName,
    names: Mapping[str, str],
    own: Set[str],
    types: Mapping[str, TypeEngine[Any]],
) -> list[ColumnElement[Any]]:
    return [
        _column(base, names[ours], types.get(ours), as_text=ours in own).label(ours)
        if names[ours]
        else cast(null(), type_).label(ours)
        for ours, type_ in CANONICAL_COLUMNS[name].items()
    ]


def _column(
    base: FromClause, theirs: str, type_: TypeEngine[Any] | None, *, as_text: bool
) -> ColumnElement[Any]:
    """Return a column; of a type of the shop's own, which may compare as it likes, its text."""
    found: ColumnClause[Any] = column(quoted_name(theirs, quote=True), type_)
    found.table = base  # alone, SQLite takes a quoted name that is no column for a string
    return cast(found, String()) if as_text else found


def _with_account(source: Source, dialect: str) -> Source:
    """Add `account_id`: the registered, then the first customer with the same e-mail."""
    columns, kind = source.clause.c, source.kinds["id"]
    # Customers without an e-mail stay apart.
    alone = exact(dialect, literal("#", String()) + as_text(dialect, columns.id, kind))
    last = (has_no_id(dialect, columns.id, kind), cast(columns.is_guest, Integer) == 1)
    first = func.first_value(columns.id, type_=columns.id.type).over(
        partition_by=func.coalesce(email_key(dialect, columns.email), alone),
        order_by=(
            *(case((condition, 1), else_=0) for condition in last),
            in_order(dialect, columns.id, kind),
        ),
    )
    merged = select(*columns, first.label("account_id")).subquery("accounts")
    return Source(merged, source.kinds, source.shops_columns)


def _merged_customers(accounts: Source, dialect: str) -> Source:
    columns, kind = accounts.clause.c, accounts.kinds["id"]
    is_account = same_id(dialect, columns.id, kind, columns.account_id, kind)
    # Who has no id is nobody's account, and is counted as such.
    kept = or_(is_account, has_no_id(dialect, columns.id, kind))
    merged = select(*columns).where(kept).subquery("customers")
    return Source(merged, accounts.kinds, accounts.shops_columns)


def _orders_of_accounts(orders: Source, accounts: Source, dialect: str) -> Source:
    account = accounts.clause.alias("account")
    theirs, kinds = orders.clause.c, orders.kinds
    matches = same_id(
        dialect, theirs.customer_id, kinds["customer_id"], account.c.id, accounts.kinds["id"]
    )
    owner, kind = _owner(orders, account.c.account_id, accounts.kinds["id"], dialect)
    columns = [
        owner.label("customer_id") if each.name == "customer_id" else each for each in theirs
    ]
    joined = orders.clause.outerjoin(account, matches)
    statement = select(*columns).select_from(joined).subquery("orders")
    return Source(statement, {**kinds, "customer_id": kind}, orders.shops_columns)


def _owner(
    orders: Source, account_id: ColumnElement[Any], kind: Kind, dialect: str
) -> tuple[ColumnElement[Any], Kind]:
    """Return who an order belongs to: strangers are still told by their own ids."""
    stranger, own_kind = orders.clause.c.customer_id, orders.kinds["customer_id"]
    if own_kind is kind:
        return func.coalesce(account_id, alike(dialect, stranger, account_id)), kind
    account, other = as_text(dialect, account_id, kind), as_text(dialect, stranger, own_kind)
    return func.coalesce(account, alike(dialect, other, account)), Kind.TEXT
