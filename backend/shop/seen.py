"""What a run, or a check, sees of the shop: orders, baskets and the rest, all in one snapshot."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy.exc import DBAPIError, NoSuchTableError

from backend.behaviour.baskets import Baskets
from backend.core.arrays import BoolArray
from backend.core.errors import BackendError, DatabaseRefuses, InvalidMapping, TextNotWritable
from backend.core.memory import give_back
from backend.database.engine import AsyncConnection, AsyncEngine, problems_named, snapshot
from backend.shop import (
    inspection,
    inspection_of_people,
    inspection_of_texts,
    rights,
    structure,
)
from backend.shop.accounts import read_merged
from backend.shop.basket_lines import read_baskets
from backend.shop.inspection_of_people import MarkedTests
from backend.shop.mapping.mapping import LOGICAL_NAMES, LogicalName, ShopMapping
from backend.shop.orders import Progress, ShopColumns, read_orders
from backend.shop.rights import FileRights
from backend.shop.shop import Shop
from backend.shop.trigram_indexes import trigram_statement

Answer = TypeVar("Answer")
Counts = Mapping[str, int]
BAD_FILE = "bad_file"
UNANSWERED = (DBAPIError, DatabaseRefuses, InvalidMapping, NoSuchTableError, TextNotWritable)


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that could not be looked at.

    Attributes
    ----------
    words
        What the database said, or what kind of error it was; never a value of the shop's.
    """

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the shop's data look like, beyond what is computed with.

    Attributes
    ----------
    types
        Kinds of the columns that must fit, by table and column.
    statuses, currencies
        Orders by their text in lower case, the commonest first; "" for none.
    hidden_currencies
        The shop's column that names currencies and is not mapped, "" for none; its orders by them.
    fulfilled
        Those of them that have left the shop, by financial status.
    telling
        Orders without a customer that have an e-mail or a phone, by the shop's columns.
    people
        Which of e-mail and names are not read, and the shop's columns that look like them.
    tests
        How many customers are called test, and how many counted orders are theirs.
    marked
        A column of the shop's that marks orders as tests; None where there is none.
    mangled
        How many names go beyond ASCII, are UTF-8 taken for another encoding, are no text at all.
    totals
        How many customers state their orders or their sum, and how many state others.
    customers
        How many there are, and how many repeat another's id.
    guests
        How many there are, and how many repeat another's e-mail.
    indexes
        CREATE INDEX statements for columns that have none.
    trigrams
        A statement that would make a search by a part of a name quick; None where none would, or
        need.
    shop_user
        Tables among those read that the user may change.
    powers
        What the user may do besides.
    file
        Who may write the file that the shop is; None where it is none.
    """

    types: Mapping[str, str] | Refused
    statuses: Counts | Refused
    currencies: Counts | Refused
    hidden_currencies: tuple[str, Counts] | Refused
    fulfilled: Counts | Refused
    telling: Counts | Refused
    people: tuple[Sequence[str], Mapping[str, str]] | Refused
    tests: tuple[int, int] | Refused
    marked: MarkedTests | Refused | None
    mangled: tuple[int, int, int] | Refused
    totals: tuple[int, int] | Refused
    customers: tuple[int, int] | Refused
    guests: tuple[int, int] | Refused
    indexes: Sequence[str] | Refused
    trigrams: str | Refused | None
    shop_user: Sequence[str] | Refused
    powers: Sequence[str] | Refused
    file: FileRights | Refused | None


@dataclass(frozen=True, slots=True)
class Missing:
    """A table or column that the mapping names and the database lacks, or keeps from us.

    Attributes
    ----------
    name
        The logical table.
    problem
        What is missing, or refused.
    nearest
        Tables that are there and are called much alike.
    """

    name: LogicalName
    problem: InvalidMapping | DatabaseRefuses
    nearest: Sequence[str]


@dataclass(frozen=True, slots=True)
class Seen:
    """One state of the shop's database.

    Attributes
    ----------
    columns
        Customers and counted orders.
    baskets
        Order lines per customer; None where the shop has none.
    looked
        What readiness is judged by besides.
    mapping
        How it was read, with the tables that nobody named called as they were found.
    merged
        The customer that each other account is part of, by id as text; empty without merging.
    """

    columns: ShopColumns
    baskets: Baskets | None
    looked: Looked
    mapping: ShopMapping
    merged: Mapping[str, str] = field(default_factory=dict)

    def of(self, customers: BoolArray) -> "Seen":
        """Return the same of some of the customers; what was looked at is of them all."""
        baskets = None if self.baskets is None else self.baskets.of(customers)
        return replace(self, columns=self.columns.of(customers), baskets=baskets)


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a check could see of the shop.

    Attributes
    ----------
    missing
        What the mapping names and the database lacks.
    seen
        The rest; None where orders or customers cannot be read.
    unreadable
        Why what is there cannot be read.
    """

    missing: Sequence[Missing]
    seen: Seen | None = None
    unreadable: DatabaseRefuses | InvalidMapping | None = None


class ReadRows(Protocol):
    """What reads a shop's customers, their orders and their baskets."""

    async def __call__(
        self,
        connection: AsyncConnection,
        shop: Shop,
        as_of: datetime,
        progress: Progress,
        *,
        now: datetime,
    ) -> tuple[ShopColumns, Baskets | None]:
        """Return them; arguments are those of `read_orders`."""


async def read_rows(
    connection: AsyncConnection,
    shop: Shop,
    as_of: datetime,
    progress: Progress = lambda _orders: None,
    *,
    now: datetime,
) -> tuple[ShopColumns, Baskets | None]:
    """Read orders, then lines, each table once."""
    columns = await read_orders(connection, shop, as_of, progress, now=now)
    give_back()
    baskets = await read_baskets(connection, shop, columns)
    return columns.without_order_ids(), baskets


async def see(
    engine: AsyncEngine,
    shop: Shop,
    as_of: datetime,
    progress: Progress = lambda _orders: None,
    *,
    now: datetime,
    read: ReadRows = read_rows,
) -> Seen:
    """Read all that a run needs of the shop, as it is at one instant.

    Parameters
    ----------
    engine
        The shop's database.
    shop
        Where its tables are.
    as_of
        Aware; orders from then on are left out.
    progress
        Called with the number of orders read so far.
    now
        Aware; orders after both it and `as_of` have an impossible date.
    read
        What reads the rows, in parts or whole.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist, or cannot be read.
    DatabaseUnavailable
        When the shop's database is away.
    """
    async with snapshot(engine) as connection:
        columns, baskets = await read(connection, shop, as_of, progress, now=now)
        columns = columns.in_order()
        looked = await _look(connection, shop, columns)
        return Seen(columns, baskets, looked, shop.mapping, await read_merged(connection, shop))


async def inspect_shop(engine: AsyncEngine, shop: Shop, as_of: datetime) -> Inspected:
    """Read what `see` reads, as far as it is there, and say what is not.

    Raises
    ------
    DatabaseUnavailable
        When the shop's database is away.
    """
    missing: list[Missing] = []
    try:
        async with snapshot(engine) as connection:
            missing = await _missing(connection, shop)
            if any(one.name != "line_items" for one in missing):
                return Inspected(missing)
            columns = await read_orders(connection, shop, as_of, now=as_of)
            baskets = None
            if not missing:
                baskets = await read_baskets(connection, shop, columns)
            looked = await _look(connection, shop, columns)
            seen = Seen(columns, baskets, looked, shop.mapping)
    except (DatabaseRefuses, InvalidMapping) as problem:
        if not _is_of_the_tables(problem):
            raise
        return Inspected(missing, unreadable=problem)
    return Inspected(missing, seen)


def _is_of_the_tables(problem: DatabaseRefuses | InvalidMapping) -> bool:
    """Whether it is to be told as a finding: a file of the shop's is as bad as a column of it."""
    return isinstance(problem, InvalidMapping) or problem.kind == BAD_FILE


async def _missing(connection: AsyncConnection, shop: Shop) -> list[Missing]:
    """Name the tables and columns that the mapping names and the database lacks."""
    found = []
    for name in LOGICAL_NAMES:
        try:
            with problems_named("shop", connection.engine.url.username):
                await shop.logical(connection, name)
        except (DatabaseRefuses, InvalidMapping) as problem:
            if isinstance(problem, DatabaseRefuses) and problem.kind == BAD_FILE:
                raise  # every table is looked for among all files: it would be told of each
            nearest = await structure.nearest_tables(connection, shop.mapping, name)
            found.append(Missing(name, problem, nearest))
    return found


async def _look(connection: AsyncConnection, shop: Shop, columns: ShopColumns) -> Looked:
    """Look at everything; what the database refuses is an answer of its own."""
    places = structure.all_places(shop.mapping, connection.dialect.name)
    return Looked(
        types=await _answered(connection, inspection.kinds_of(connection, shop)),
        statuses=await _answered(
            connection, inspection.count_values(connection, shop, "financial_status")
        ),
        currencies=await _answered(
            connection, inspection.count_values(connection, shop, "currency")
        ),
        hidden_currencies=await _answered(
            connection, inspection.hidden_currencies(connection, shop)
        ),
        fulfilled=await _answered(connection, inspection.count_fulfilled(connection, shop)),
        telling=await _answered(connection, inspection_of_people.count_telling(connection, shop)),
        people=await _answered(connection, inspection_of_people.unmapped_people(connection, shop)),
        tests=await _answered(
            connection, inspection_of_people.count_tests(connection, shop, columns)
        ),
        marked=await _answered(
            connection, inspection_of_people.count_marked_tests(connection, shop)
        ),
        mangled=await _answered(connection, inspection_of_texts.count_mangled(connection, shop)),
        totals=await _answered(connection, inspection.count_disagreeing(connection, shop, columns)),
        customers=await _answered(connection, inspection.count_repeated_ids(connection, shop)),
        guests=await _answered(connection, inspection.count_repeated_emails(connection, shop)),
        indexes=await _answered(connection, structure.missing_indexes(connection, shop.mapping)),
        trigrams=await _answered(connection, trigram_statement(connection, shop.mapping)),
        shop_user=await _answered(connection, rights.writable_tables(connection, places)),
        powers=await _answered(connection, rights.powers(connection)),
        file=await _answered(connection, rights.file_rights(connection)),
    )


async def _answered(connection: AsyncConnection, question: Awaitable[Answer]) -> Answer | Refused:
    """Ask within a savepoint: a refusal must not end the snapshot that the rest is read in."""
    try:
        with problems_named("shop", connection.engine.url.username):
            async with connection.begin_nested():
                return await question
    except UNANSWERED as error:
        return Refused(_words_of(error))


def _words_of(error: Exception) -> str:
    if isinstance(error, BackendError):
        return str(error)
    reason = error.orig if isinstance(error, DBAPIError) else error
    return f"{type(reason).__name__}."
