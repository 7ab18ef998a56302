"""Customers of the shop, by id or by a whole e-mail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, String, literal, select

from backend.core.customer_id import CustomerId
from backend.database.async_engines import AsyncConnection
from backend.database.compiled import parameter
from backend.database.compiled_lists import HotLookup, Places
from backend.database.encoding import holds_of
from backend.database.expressions import (
    identifier,
    in_order,
    integer_range,
    is_among,
    is_stored_id,
    plain_word,
)
from backend.database.kinds import Kind
from backend.shop.shop import Shop, Source
from backend.shop.spelling import folded

# Kinds that another row changes, for SQLite's columns hold what they are given.
TOLD_BY_VALUES = {Kind.INTEGER, Kind.TEXT}
WIDTH = 4  # columns that tell of a customer, where no accounts are merged


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as the shop knows them."""

    id: CustomerId
    email: str | None
    first_name: str | None
    last_name: str | None


async def get_customer(
    connection: AsyncConnection, shop: Shop, customer_id: CustomerId
) -> Customer | None:
    """Find the customer with this id; as `get_customers`."""
    return (await get_customers(connection, shop, [customer_id])).get(customer_id)


async def get_customers(
    connection: AsyncConnection, shop: Shop, customer_ids: Sequence[CustomerId]
) -> dict[CustomerId, Customer]:
    """Find the customers with these ids, in one query; a merged guest's id takes a second.

    Parameters
    ----------
    connection
        To the shop's database.
    shop
        Where its tables are.
    customer_ids
        At most some thousands. A merged guest's id finds the customer it is part of.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist.
    """
    accounts = await shop.accounts(connection)
    found = await _by_id(connection, accounts, customer_ids)
    if not shop.mapping.merge_guests:
        return {asked: customer_in(row) for asked, row in found.items()}
    part_of = {asked: CustomerId(str(row.account_id)) for asked, row in found.items()}
    whole = {**found, **await _by_id(connection, accounts, [*{*part_of.values()} - {*found}])}
    return {asked: customer_in(whole[one]) for asked, one in part_of.items() if one in whole}


async def _by_id(
    connection: AsyncConnection, accounts: Source, customer_ids: Sequence[CustomerId]
) -> dict[CustomerId, Row[Any]]:
    asked_for, dialect = await is_of(connection, accounts, customer_ids), connection.dialect.name
    if asked_for is None:
        return {}
    found = await connection.execute(select(*shown_of(accounts, dialect)).where(asked_for))
    rows = {CustomerId(str(row.id)): row for row in found}
    # A collation may take two texts for one; ids are compared character by character.
    return {asked: rows[asked] for asked in customer_ids if asked in rows}


async def is_of(
    connection: AsyncConnection,
    source: Source,
    customer_ids: Sequence[CustomerId],
    name: str = "id",
) -> ColumnElement[bool] | None:
    """Return the condition that a column holds one of these ids; None where it can hold none.

    A collation may take two texts for one: who reads compares them character by character.
    """
    holds, dialect = await holds_of(connection), connection.dialect.name
    if not (possible := [one for one in customer_ids if holds(one.text)]):
        return None
    known = [number for one in possible if (number := _number(dialect, one)) is not None]
    # Of the first of them alone, 7, the driver would take all for numbers of 32 bits.
    numbers = [literal(number, BigInteger()) for number in known]
    return is_one_of(source, dialect, [one.text for one in possible], numbers, name)


def _number(dialect: str, customer_id: CustomerId) -> int | None:
    """Return an id as the integer that a column can hold; None where it is none."""
    (least, most), number = integer_range(dialect), customer_id.number
    return number if number is not None and least <= number <= most else None


def is_one_of(
    source: Source,
    dialect: str,
    texts: Sequence[Any],
    numbers: Sequence[Any],
    name: str = "id",
) -> ColumnElement[bool]:
    """Return the condition that a column holds one of these texts, or of these numbers."""
    id_, kind = source.clause.c[name], source.kinds[name]
    if dialect == "sqlite" and kind in TOLD_BY_VALUES:
        return is_stored_id(id_, texts, numbers)
    if kind is not Kind.INTEGER:
        return is_among(dialect, identifier(dialect, id_, kind), texts)
    return id_.in_(numbers)


ASKED_TEXT, ASKED_NUMBER = "asked_text", "asked_number"


def one_customer(accounts: Source, dialect: str) -> Select[Any]:
    """Select who has the id that `asked_id` gives, for a statement that is compiled once."""
    text = parameter(ASKED_TEXT, String())
    number = parameter(ASKED_NUMBER, BigInteger())
    asked_for = is_one_of(accounts, dialect, [text], [number])
    return select(*shown_of(accounts, dialect)).where(asked_for)


def several_customers(
    accounts: Source, dialect: str, beside: Callable[[Select[Any]], Select[Any]] = lambda one: one
) -> HotLookup:
    """Return what finds those who have the ids that `asked_id` gives, with what is added to it."""

    def statement_of(places: Places) -> Select[Any]:
        asked_for = is_one_of(accounts, dialect, places[ASKED_TEXT], places[ASKED_NUMBER])
        return beside(select(*shown_of(accounts, dialect)).where(asked_for))

    return HotLookup(statement_of, {ASKED_TEXT: String(), ASKED_NUMBER: BigInteger()})


def asked_id(customer_id: CustomerId, dialect: str) -> dict[str, str | int | None]:
    """Return the parameters of `one_customer` and `several_customers`."""
    return {ASKED_TEXT: customer_id.text, ASKED_NUMBER: _number(dialect, customer_id)}


def customer_of(row: Sequence[Any]) -> Customer:
    """Return the customer that a row of `one_customer` begins with."""
    id_, *words = row[:WIDTH]
    return Customer(CustomerId(str(id_)), *map(readable, words))


async def customers_of_emails(
    connection: AsyncConnection, shop: Shop, emails: Sequence[str]
) -> dict[str, list[Customer]]:
    """Find all customers of each e-mail, in any case and without blanks around it.

    Parameters
    ----------
    connection
        To the shop's database.
    shop
        Where its tables are.
    emails
        At most some thousands; nobody has an empty one.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist.
    """
    customers, dialect = await shop.customers(connection), connection.dialect.name
    email, id_ = customers.clause.c.email, customers.clause.c.id
    # What databases call lower differs beyond ASCII: a few spellings of each find the rows, and
    # the one rule of `folded` tells whose they are.
    asked = {spelling for one in emails for spelling in email_spellings(one)}
    statement: Select[Any] = select(*shown_of(customers, dialect))
    spelt_so = plain_word(dialect, email, customers.kinds["email"])
    statement = statement.where(spelt_so.in_(asked))
    found: dict[str, list[Customer]] = {}
    for row in await connection.execute(
        statement.order_by(in_order(dialect, id_, customers.kinds["id"]))
    ):
        found.setdefault(folded(row.email), []).append(customer_in(row))
    return {one: found.get(folded(one), []) for one in emails}


def email_spellings(email: str) -> set[str]:
    """Return the ways in which a shop is likely to have written an e-mail; none for no e-mail."""
    if "\0" in email or not (plain := email.strip()):
        return set()
    return {plain, plain.lower(), folded(plain)}


def shown_of(source: Source, dialect: str) -> list[ColumnElement[Any]]:
    """Return the columns that a `Customer` is made of."""
    columns, kind = source.clause.c, source.kinds["id"]
    ids = [columns[name] for name in ("id", "account_id") if name in columns]
    shown = [identifier(dialect, value, kind).label(value.name) for value in ids]
    return [*shown, columns.email, columns.first_name, columns.last_name]


def customer_in(row: Row[Any]) -> Customer:
    """Make a customer of a row of `shown_of`."""
    return customer_of((row.id, row.email, row.first_name, row.last_name))


def readable(value: object) -> str | None:
    """Return what a column of any type holds as text: bytes, numbers and JSON too."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)
