"""The shop mapping: how a shop's own tables yield our three logical ones."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from sqlalchemy import BigInteger, DateTime, Integer, Numeric, String
from sqlalchemy.types import TypeEngine

from backend.core.errors import InvalidMapping
from backend.shop.mapping.found import FoundTables
from backend.shop.mapping.known_sql import ACTING
from backend.shop.mapping.safety import (
    checked_identifier,
    checked_query,
    checked_table,
)

StandIn = Literal["text", "number", "integer", "time", "boolean"]
LogicalName = Literal["customers", "orders", "line_items"]
LOGICAL_NAMES: tuple[LogicalName, ...] = ("customers", "orders", "line_items")

# A network of sites has its own prefix, and each site's begins with that: wp_, wp_2_.
SITE_NUMBER = re.compile(r"(?<=_)\d+_$")
MONEY = Numeric(20, 6)
CANONICAL_COLUMNS: Mapping[LogicalName, Mapping[str, TypeEngine[Any]]] = MappingProxyType(
    {
        "customers": {
            "id": BigInteger(),
            "email": String(),
            "first_name": String(),
            "last_name": String(),
            "total_spent": MONEY,
            "orders_count": Integer(),
            "created_at": DateTime(),
            "updated_at": DateTime(),
            "is_guest": Integer(),
        },
        "orders": {
            "id": BigInteger(),
            "customer_id": BigInteger(),
            "order_number": String(),
            "total_price": MONEY,
            "refunded_amount": MONEY,
            "created_at": DateTime(),
            "financial_status": String(),
            "fulfillment_status": String(),
            "currency": String(),
            "currency_rate": MONEY,
            "utc_from_zone": String(),
        },
        "line_items": {
            "id": BigInteger(),
            "order_id": BigInteger(),
            "product_id": BigInteger(),
            "product_title": String(),
            "quantity": Integer(),
            "price": MONEY,
            "vendor": String(),
        },
    }
)
REQUIRED_COLUMNS: Mapping[LogicalName, tuple[str, ...]] = MappingProxyType(
    {
        "customers": ("id",),
        "orders": ("id", "customer_id", "total_price", "created_at"),
        "line_items": ("order_id",),
    }
)


def _refused(problem: InvalidMapping) -> ValueError:
    return ValueError(problem.problem)


def _checked_statuses(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.strip().lower() for value in values if value.strip()))


A_LIST_OF_STATUSES = "a list of statuses, as text"
Statuses = Annotated[tuple[str, ...], AfterValidator(_checked_statuses)]


A_TABLE = "settings of their own, such as table or query and columns"


class Described(BaseModel):
    """What people write of their shop; how a part is checked is built when somebody writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class LogicalTable(Described):
    """One of the three logical tables: a table's name or a query, and what to call its columns.

    In a query, `{name}` stands for the shop's table of that name, with prefix and schema, quoted.
    """

    table: str | None = Field(default=None, description="table or schema.table")
    query: str | None = Field(default=None, description="a query that begins with SELECT or WITH")
    columns: dict[str, str] = Field(
        default_factory=dict, description='our column names = the shop\'s, such as { id = "nr" }'
    )
    filter: str | None = Field(default=None, description="a condition in SQL")
    scale: int = Field(
        default=1, ge=1, le=1_000_000, description="a whole number from 1 to 1000000"
    )

    @field_validator("table")
    @classmethod
    def _table_can_be_quoted(cls, table: str | None) -> str | None:
        try:
            return None if table is None else checked_table("table", table)
        except InvalidMapping as problem:
            raise _refused(problem) from None

    @field_validator("query")
    @classmethod
    def _query_is_one(cls, query: str | None) -> str | None:
        try:
            return None if query is None else checked_query("query", query)
        except InvalidMapping as problem:
            raise _refused(problem) from None

    @field_validator("filter")
    @classmethod
    def _blank_filter_is_none(cls, condition: str | None) -> str | None:
        return (condition or "").strip() or None

    @field_validator("columns")
    @classmethod
    def _columns_can_be_quoted(cls, columns: dict[str, str]) -> dict[str, str]:
        try:
            # An empty name says that the shop has no such column.
            return {
                ours: checked_identifier(ours, theirs) if theirs.strip() else ""
                for ours, theirs in columns.items()
            }
        except InvalidMapping as problem:
            raise _refused(problem) from None

    @model_validator(mode="after")
    def _names_one_source(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("needs either a table or a query")
        return self


class StatusLists(Described):
    """Values of `financial_status`, compared as text without regard to case.

    An order counts when its status is missing or in `counted`, and in no other list. `open` names
    what is not paid yet, or never: it counts as little as what no list names, but is no surprise.
    """

    counted: Statuses = Field(
        default=("paid", "partially_paid", "partially_refunded", "authorized"),
        description=A_LIST_OF_STATUSES,
    )
    cancelled: Statuses = Field(
        default=("voided", "cancelled", "canceled"), description=A_LIST_OF_STATUSES
    )
    refunded: Statuses = Field(default=("refunded",), description=A_LIST_OF_STATUSES)
    open: Statuses = Field(
        default=("pending", "draft", "open", "expired", "unpaid", "checkout", "cart"),
        description=A_LIST_OF_STATUSES,
    )


class Currency(Described):
    """Which currency amounts are in: count only one, or convert by a rate column.

    `rate` says what to do with the order's `currency_rate`: divide or multiply by it.
    """

    only: str | None = Field(default=None, description="a currency's code such as EUR")
    rate: Literal["divide", "multiply"] | None = Field(
        default=None, description="divide or multiply"
    )


class ShopMapping(Described):
    """How a shop's own tables yield our three logical ones, and what their values mean.

    `absent` names tables that not every shop has, with all columns that are read of them, and
    `absent_columns` columns of other tables.
    `network_tables` are those that a network of sites has once. Queries in `statuses_stored` find
    the status lists that a shop keeps in its own settings.

    The last seven follow from the rest, or from what the database has; nobody sets them.
    `preset_queries` are text of ours. `unnamed` are the tables whose name is the guide's, for want
    of another; `on_search_path` says that they are not in the guide's schema. `variants` are what a
    preset may be besides; `found` is what the database has.
    """

    customers: LogicalTable = Field(description=A_TABLE)
    orders: LogicalTable = Field(description=A_TABLE)
    line_items: LogicalTable | None = Field(description=f'{A_TABLE}, or "" for none')
    statuses: StatusLists = Field(
        default=StatusLists(), description="lists named counted, cancelled, refunded and open"
    )
    currency: Currency = Field(default=Currency(), description="settings named only or rate")
    prefix: str = Field(default="", description="what the tables' names begin with, such as wp_")
    table_schema: str | None = Field(
        default=None, alias="schema", description="the name of a schema"
    )
    time_zone: str = Field(default="UTC", description="a time zone such as Europe/Berlin")
    merge_guests: bool = Field(default=False, description="true or false")
    preset: str | None = Field(default=None, description="a preset's name")
    files: dict[str, str] = Field(
        default_factory=dict,
        description='our column names = those of files, such as { order_id = "Nr" }',
    )
    functions: tuple[str, ...] = Field(
        default=(), description="names of functions that only read, separated by commas"
    )
    absent: dict[str, dict[str, StandIn]] = Field(
        default_factory=dict, description='tables of columns, such as { note = "text" }'
    )
    absent_columns: dict[str, dict[str, StandIn]] = Field(
        default_factory=dict, description='tables of columns, such as { note = "text" }'
    )
    network_tables: tuple[str, ...] = Field(default=(), description="names of tables")
    statuses_stored: dict[str, str] = Field(default_factory=dict, description="queries")
    preset_queries: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    line_items_may_be_missing: bool = False
    unnamed: tuple[LogicalName, ...] = ()
    on_search_path: bool = False
    variants: "tuple[Variant, ...]" = ()
    found: FoundTables | None = None

    @field_validator("prefix", "table_schema")
    @classmethod
    def _part_can_be_quoted(cls, part: str | None) -> str | None:
        try:
            return checked_identifier("prefix", part) if part else part
        except InvalidMapping as problem:
            raise _refused(problem) from None

    @field_validator("functions")
    @classmethod
    def _functions_only_read(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        asked = tuple(dict.fromkeys(name.strip().lower() for name in names if name.strip()))
        for name in asked:
            if not name.isascii() or not name.isidentifier() or ACTING.fullmatch(name):
                raise ValueError(f"names '{name}', which is no function that only reads")
        return asked

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"holds '{zone}', which is not a time zone such as Europe/Berlin")
        return zone

    @model_validator(mode="after")
    def _columns_are_ours(self) -> Self:
        for name in LOGICAL_NAMES:
            table = self.table(name)
            unknown = set(table.columns if table else ()) - set(CANONICAL_COLUMNS[name])
            if unknown:
                known = ", ".join(CANONICAL_COLUMNS[name])
                problem = f"name {min(unknown)}, which is none of ours; there are {known}"
                raise InvalidMapping(f"{name}.columns", problem)
        return self

    def place(self, name: str) -> tuple[str | None, str]:
        """Return schema and table of what the mapping names, with the prefix."""
        schema, _, table = name.rpartition(".")
        if self.found is not None and name in self.found.on_network:
            return self.place_on_network(name)
        return schema or self.table_schema or None, self.prefix + table

    def place_on_network(self, name: str) -> tuple[str | None, str]:
        """Return schema and table where a network of sites has it once."""
        return self.table_schema or None, SITE_NUMBER.sub("", self.prefix) + name

    def without_schema(self) -> "ShopMapping":
        """Return the mapping with the unnamed tables on the search path."""
        changed: dict[str, Any] = {"on_search_path": True}
        for name in self.unnamed:
            if (table := self.table(name)) is not None:
                bare = str(table.table).rpartition(".")[2]
                changed[name] = table.model_copy(update={"table": bare})
        return self.model_copy(update=changed)

    @property
    def unnamed_tables(self) -> tuple[str, ...]:
        """Where the tables are that nobody named."""
        tables = [self.table(name) for name in self.unnamed]
        return tuple(".".join(filter(None, self.place(str(one.table)))) for one in tables if one)

    @property
    def contradictions(self) -> tuple[str, ...]:
        """Sentences about statuses that are counted and left out at once."""
        lists = self.statuses
        return tuple(
            f"The status '{status}' is both counted and {name}: it does not count."
            for name, left_out in (("cancelled", lists.cancelled), ("refunded", lists.refunded))
            for status in lists.counted
            if status in left_out
        )

    def stand_ins(self, name: str) -> Mapping[str, StandIn]:
        """Return which columns of a table need not be there."""
        return {**self.absent.get(name, {}), **self.absent_columns.get(name, {})}

    @property
    def variant(self) -> str | None:
        """Which of the preset's variants the database has."""
        return None if self.found is None else self.found.variant

    @property
    def customer_columns(self) -> Mapping[str, str]:
        """Columns of customers that the shop calls otherwise, by our names."""
        return self.customers.columns

    @property
    def order_columns(self) -> Mapping[str, str]:
        """Columns of orders that the shop calls otherwise, by our names."""
        return self.orders.columns

    @property
    def orders_filter(self) -> str | None:
        """The condition that orders are read under."""
        return self.orders.filter

    @property
    def lacking(self) -> tuple[str, ...]:
        """What need not be there, and is not."""
        return () if self.found is None else self.found.lacking

    @property
    def stored_lists(self) -> tuple[str, ...]:
        """The status lists that were read in the shop's own settings."""
        return () if self.found is None else self.found.stored_lists

    @property
    def zone(self) -> ZoneInfo:
        """The zone of datetimes that carry none."""
        return ZoneInfo(self.time_zone)

    def table(self, name: LogicalName) -> LogicalTable | None:
        """Return one of the three logical tables."""
        return {"customers": self.customers, "orders": self.orders, "line_items": self.line_items}[
            name
        ]


class Variant(Described):
    """What a preset is where a database has certain tables, or columns as `table.column`."""

    name: str
    needs: tuple[str, ...]
    mapping: ShopMapping


ShopMapping.model_rebuild()
