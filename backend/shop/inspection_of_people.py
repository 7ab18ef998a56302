"""What the judges ask of who is behind orders: what could tell them, and who is a test."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import ColumnElement, Select, case, column, func, literal_column, or_, select
from sqlalchemy.sql import quoted_name

from backend.core.customer_id import UNKNOWN, CustomerIds
from backend.database.bulk import to_ids
from backend.database.engine import AsyncConnection
from backend.database.expressions import has_no_id, identifier, plain_word
from backend.database.kinds import Kind
from backend.shop.arrow_types import id_type
from backend.shop.counted import reason_bits
from backend.shop.orders import ShopColumns
from backend.shop.shop import Shop, Source
from backend.shop.unmapped_columns import orders_of_shop

# Columns that could tell whose an order is, in any shop's words for them.
TELLING = re.compile(r"e_?mail|phone|mobile|telefon|handy", re.IGNORECASE)
MOST_TELLING = 4
# What the columns of people are called elsewhere; lower case, without anything between words.
ALSO_CALLED: Mapping[str, tuple[str, ...]] = {
    "email": ("email", "mail", "emailaddress", "mailaddress", "customeremail", "useremail"),
    "first_name": ("firstname", "givenname", "forename", "fname", "vorname", "prenom", "nombre"),
    "last_name": ("lastname", "surname", "familyname", "lname", "nachname", "nom", "apellido"),
}
MARKS_TESTS = re.compile(r"(is_?)?test(_?(order|mode|flag|purchase))?", re.IGNORECASE)
# What a flag says in any type: a bit of MySQL's is a sign of its own.
TRUE = ("1", "true", "t", "yes", "y", "on", "\x01")
TEXT_TYPES = {
    "sqlite": "TEXT",
    "postgresql": "VARCHAR",
    "duckdb": "VARCHAR",
    **dict.fromkeys(("mysql", "mariadb"), "CHAR"),
}
TESTING = ("test", "tester", "testing")
TESTING_EMAILS = ("test@%", "tester@%", "test+%@%", "%+test@%")
CALLED = ("email", "first_name")
MOST_TESTERS = 10_000


@dataclass(frozen=True, slots=True)
class MarkedTests:
    """A column that marks orders as tests, how many of these count, what SQL calls text here."""

    column: str
    orders: int
    text_type: str


async def count_telling(connection: AsyncConnection, shop: Shop) -> Mapping[str, int]:
    """Count the orders without a customer that have an e-mail or a phone, by the shop's columns."""
    orders, dialect = await shop.orders(connection), connection.dialect.name
    base, conditions = orders_of_shop(connection, shop)
    there = orders.shops_columns
    telling = [name for name in there if TELLING.search(name)][:MOST_TELLING]
    owner = _spelt(shop.mapping.orders.columns.get("customer_id", "customer_id"), there)
    if not telling or not owner:
        return {}
    filled = [
        func.sum(case((func.coalesce(func.length(column(name)), 0) > 0, 1), else_=0))
        for name in telling
    ]
    nobodys = has_no_id(dialect, column(owner), orders.kinds["customer_id"])
    statement = select(*filled).select_from(base).where(nobodys, *conditions)
    counts = (await connection.execute(statement)).one()
    return {name: int(count or 0) for name, count in zip(telling, counts, strict=True)}


def _spelt(name: str, there: Sequence[str]) -> str:
    return {one.lower(): one for one in there}.get(name.lower(), "")


async def count_marked_tests(connection: AsyncConnection, shop: Shop) -> MarkedTests | None:
    """Count the counted orders that a column of the shop's marks as tests; None without one."""
    orders, dialect = await shop.orders(connection), connection.dialect.name
    marking = [name for name in orders.shops_columns if MARKS_TESTS.fullmatch(name)]
    own_id = _spelt(shop.mapping.orders.columns.get("id", "id"), orders.shops_columns)
    if not marking or not own_id:
        return None
    name, (base, conditions) = marking[0], orders_of_shop(connection, shop)
    counted = select(orders.clause.c.id).where(reason_bits(orders, shop.mapping, dialect) == 0)
    marked = plain_word(dialect, column(quoted_name(name, quote=True)), Kind.OTHER).in_(TRUE)
    own: ColumnElement[object] = column(quoted_name(own_id, quote=True))
    statement = select(func.count()).select_from(base).where(marked, own.in_(counted), *conditions)
    return MarkedTests(name, await connection.scalar(statement) or 0, TEXT_TYPES[dialect])


async def unmapped_people(
    connection: AsyncConnection, shop: Shop
) -> tuple[Sequence[str], Mapping[str, str]]:
    """Return which of e-mail and names are not read, and the shop's columns that look like them."""
    customers = await shop.accounts(connection)
    lacking = [name for name in ALSO_CALLED if not customers.has(name)]
    if not customers.has("first_name") and customers.has("last_name"):
        lacking.remove("first_name")  # one column holds whole names
    if customers.has("first_name") and not customers.has("last_name"):
        lacking.remove("last_name")
    plain = {
        re.sub(r"[^a-z]", "", name.lower()): name for name in reversed(customers.shops_columns)
    }
    near = {
        ours: next((plain[one] for one in ALSO_CALLED[ours] if one in plain), "")
        for ours in lacking
    }
    return lacking, {ours: name for ours, name in near.items() if name}


async def count_tests(
    connection: AsyncConnection, shop: Shop, columns: ShopColumns
) -> tuple[int, int]:
    """Return how many customers are called test, and how many counted orders are theirs."""
    customers = await shop.customers(connection)
    if not any(customers.has(name) for name in CALLED):
        return 0, 0
    kind = customers.kinds["id"]
    statement = _testers(customers, connection.dialect.name)
    found = (await connection.scalars(statement)).all()
    places = CustomerIds(columns.customer_ids).places_of(to_ids(pa.array(found, id_type(kind))))
    known = places[places != UNKNOWN]
    orders = np.bincount(columns.customer_index, minlength=len(columns.customer_ids))
    return len(known), int(orders[known].sum())


def _testers(customers: Source, dialect: str) -> Select[Any]:
    """Select ids of who is called test; small letters are made once of each name."""
    own_id = identifier(dialect, customers.clause.c.id, customers.kinds["id"])
    small = {
        name: func.lower(func.trim(customers.clause.c[name])).label(name)
        for name in CALLED
        if customers.has(name)
    }
    each = select(own_id.label("own_id"), *small.values()).where(own_id.is_not(None))
    # PostgreSQL works out what is inside an OFFSET once, else for each pattern.
    inside = each.offset(literal_column("0")) if dialect == "postgresql" else each
    found = inside.subquery("small").c
    called = [found.email.like(one) for one in TESTING_EMAILS] if "email" in small else []
    if "first_name" in small:
        called.append(found.first_name.in_(TESTING))
    return select(found.own_id).where(or_(*called)).limit(MOST_TESTERS)
