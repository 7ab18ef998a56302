"""Whom a search finds: customers by any part of their e-mail or name, best matches first."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    String,
    func,
    literal,
    or_,
    select,
)

from backend.core.customer_id import CustomerId
from backend.database.async_engines import AsyncConnection
from backend.database.encoding import holds_of
from backend.database.expressions import has_no_id, in_order, spelt
from backend.database.first_matches import ANYWHERE, BEGINNING, WAYS, WHOLE
from backend.database.text_blocks import rank_of
from backend.shop.customers import Customer, customer_in, shown_of
from backend.shop.shop import Shop, Source
from backend.shop.spelling import Holds, begins, contains, equals, folded, without_lookahead

Patterns = Sequence[str | BindParameter[str]]
"""Of texts that are, begin with and contain what is looked for: by ways of `first_matches`."""
# What one search may find: more than anybody is shown, since some may be erased here.
MAX_FOUND = 1600
# One place of a statement each, however often they are in it.
NOTHING, BLANK = literal(""), literal(" ")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Patterns of the texts that are, begin with and contain what is looked for."""

    equal: str
    beginning: str
    containing: str

    @property
    def patterns(self) -> tuple[str, str, str]:
        """Return them by the ways of `first_matches`."""
        return self.equal, self.beginning, self.containing

    def on(self, dialect: str) -> Patterns:
        """Return them as a kind of database reads them."""
        if dialect != "duckdb":
            return self.patterns
        return [without_lookahead(one) for one in self.patterns]


def wanted_of(query: str, holds: Holds = lambda _: True) -> Wanted | None:
    """Return the patterns of a query; None where nobody can be found by it."""
    if "\0" in query:
        return None
    patterns = [pattern(query, holds) for pattern in (equals, begins, contains)]
    found = [pattern for pattern in patterns if pattern is not None]
    return Wanted(*found) if len(found) == len(patterns) else None


async def search_customers(
    connection: AsyncConnection, shop: Shop, query: str, limit: int
) -> list[Customer]:
    """Find customers whose e-mail, first, last or whole name holds the query, in any case.

    Whole matches come first, then those that begin with the query, then the rest; within each
    the order is that of the ids. Every customer is looked at; see `search_by_index` for shops that
    have one.

    Parameters
    ----------
    connection
        To the shop's database.
    shop
        Where its tables are.
    query
        Text to find, in any spelling that `spelling` takes for the same; every sign stands for
        itself. Blank text finds nobody, nor does a letter that the database cannot hold.
    limit
        At most this many, 1 to 1,600.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist.
    ValueError
        When `limit` is out of its range.
    """
    if not 1 <= limit <= MAX_FOUND:
        raise ValueError(f"limit must be from 1 to {MAX_FOUND}")
    holds = await holds_of(connection)
    if (wanted := wanted_of(query, holds)) is None:
        return []
    customers, dialect = await shop.customers(connection), connection.dialect.name
    return await _customers(connection, ranked(customers, dialect, wanted.on(dialect)).limit(limit))


async def _customers(connection: AsyncConnection, statement: Select[Any]) -> list[Customer]:
    rows = await connection.execute(statement)
    return [customer_in(row) for row in rows if CustomerId.parse(str(row.id))]


def ranked(customers: Source, dialect: str, patterns: Patterns) -> Select[Any]:
    """Select who matches, the best first; how well comes last of the columns."""
    clause = customers.clause
    rank = ranked_in(clause, dialect, patterns)
    statement = (
        select(*shown_of(customers, dialect), rank)
        .where(~has_no_id(dialect, clause.c.id, customers.kinds["id"]))
        .where(matches(clause, dialect, ANYWHERE, patterns))
        .order_by(rank)
    )
    return by_id(statement, customers, dialect)


def ranked_in(clause: FromClause, dialect: str, patterns: Patterns) -> ColumnElement[int]:
    """Return in which of the ways a customer matches, the best of them; NULL for none."""
    return rank_of({way: matches(clause, dialect, way, patterns) for way in WAYS})


def matches(clause: FromClause, dialect: str, way: int, patterns: Patterns) -> ColumnElement[bool]:
    """Return whether a customer matches in a way, or better."""
    email, first, last, whole = _searched(clause, dialect)
    # What first and last name hold anywhere, the whole name holds.
    texts = (email, whole) if way == ANYWHERE else (email, first, last, whole)
    return or_(*(text.regexp_match(patterns[way]) for text in texts))


def by_id(statement: Select[Any], customers: Source, dialect: str) -> Select[Any]:
    """Sort by id, after what a statement is sorted by."""
    id_, kind = customers.clause.c.id, customers.kinds["id"]
    return statement.order_by(in_order(dialect, id_, kind))


def _searched(clause: FromClause, dialect: str) -> list[ColumnElement[str]]:
    email, first, last = (
        func.coalesce(spelt(dialect, clause.c[name]), NOTHING, type_=String())
        for name in ("email", "first_name", "last_name")
    )
    return [email, first, last, func.trim(first + BLANK + last, type_=String())]


@dataclass(frozen=True)
class Match:
    """How well a customer matches a query.

    Attributes
    ----------
    sought
        The query, folded.
    wanted
        Patterns of it.
    customer
        As the shop knows them now.
    """

    sought: str
    wanted: Wanted
    customer: Customer

    @cached_property
    def rank(self) -> int | None:
        """0 for a whole match, 1 for a beginning, 2 for any other; None for none."""
        texts = [*wholes_of(self.customer), *parts_of(self.customer)]
        # In ASCII letters have two spellings, and to compile a pattern takes longer than to ask.
        if self.sought.isascii() and all(map(_has_single_blanks, texts)):
            return self._rank_of_plain([text.lower() for text in texts])
        for rank, pattern in enumerate(self.wanted.patterns):
            if any(re.search(pattern, text) for text in texts):
                return rank
        return None

    def _rank_of_plain(self, texts: Sequence[str]) -> int | None:
        if self.sought in texts:
            return WHOLE
        if any(text.startswith(self.sought) for text in texts):
            return BEGINNING
        return ANYWHERE if any(self.sought in text for text in texts) else None


def _has_single_blanks(text: str) -> bool:
    """Tell whether a text is in ASCII, with blanks between its words alone."""
    return text.isascii() and text == " ".join(text.split())


def wholes_of(customer: Customer) -> tuple[str, str]:
    """Return e-mail and whole name, "" for none."""
    first, last = parts_of(customer)
    return customer.email or "", f"{first} {last}".strip(" ")


def parts_of(customer: Customer) -> tuple[str, str]:
    """Return first and last name, "" for none."""
    return customer.first_name or "", customer.last_name or ""


def matching(known: Iterable[Customer], query: str) -> list[Customer]:
    """Return those who match among the customers that somebody proposes; as `search_customers`.

    Parameters
    ----------
    known
        As the shop has them now.
    query
        As `search_customers` takes it.
    """
    if (wanted := wanted_of(query)) is None:
        return []
    sought = folded(query)
    ranked_ = ((Match(sought, wanted, one).rank, one) for one in known)
    return best_first((rank, one) for rank, one in ranked_ if rank is not None)


def best_first(found: Iterable[tuple[int, Customer]]) -> list[Customer]:
    """Sort by rank, then by id."""
    return [one for _, one in sorted(found, key=lambda hit: (hit[0], _place(hit[1])))]


def _place(customer: Customer) -> tuple[int, str]:
    """Return what customers are sorted by: numbers as such, which all are or none is."""
    number = customer.id.number
    return (0, customer.id.text) if number is None else (number, "")
