"""A page of a list, read from both databases: one query each, however many customers it has."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from backend import store
from backend.api.lists.list_cursor import Cursor
from backend.api.lists.list_query import ListQuery, Question, filter_of
from backend.api.lists.row import Columns, as_shown
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.core.errors import CursorExpired, CursorOfAnotherList
from backend.core.secret_keys import OwnKeys
from backend.database.engine import AsyncConnection, AsyncEngine, snapshot
from backend.database.failures import OURS
from backend.results.customer_filter import CustomerFilter
from backend.results.customer_numbers import CustomerNumbers
from backend.results.sorting import ListPlace, Sorting
from backend.shop import customers
from backend.shop.asking import asked as asked_of_shop
from backend.shop.customers import Customer
from backend.shop.shop import Shop
from backend.store import runs
from backend.store.lists import Totals
from backend.store.runs import Published
from backend.store.tombstones import erased_among


class ListSources(Protocol):
    """Where lists are read: our database, the shop's, and how its tables are called."""

    @property
    def engine(self) -> AsyncEngine:
        """Ours."""

    @property
    def file_engine(self) -> AsyncEngine:
        """Ours for lists that take long."""

    @property
    def shop_engine(self) -> AsyncEngine:
        """The shop's, which may be the same database."""

    @property
    def shop(self) -> Shop:
        """Its tables."""

    @property
    def is_one_database(self) -> bool:
        """Whether the shop's tables and ours can be joined."""

    @property
    def own_keys(self) -> OwnKeys:
        """What recognises who was erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedList:
    """A list as it is asked for.

    Attributes
    ----------
    question
        As a cursor carries it.
    chosen, sorting, columns
        What it means: who, in which order, and which of their fields.
    cursor
        Where the page begins; None: at the beginning.
    sees_people
        Whether whoever asks may see e-mails and names.
    """

    question: dict[str, Any]
    chosen: CustomerFilter
    sorting: Sorting
    columns: Columns
    sees_people: bool
    cursor: Cursor | None = None

    @classmethod
    def of(cls, query: ListQuery, state: ApiState, *, sees_people: bool) -> "AskedList":
        """Read what is asked for; a cursor brings its list's conditions.

        Raises
        ------
        CursorUnreadable, CursorOfAnotherList
            When there is no such cursor, or it is not of this list.
        UnknownField
            When a profile has no field of a name that is given.
        """
        cursor = None if query.cursor is None else Cursor.read(query.cursor, state.cursors)
        if cursor and not query.asks_again(cursor.question):
            raise CursorOfAnotherList
        question = cursor.question if cursor else query.question
        begun = cls.begun(query, question, state.shop.mapping.zone, sees_people=sees_people)
        return replace(begun, cursor=cursor)

    @classmethod
    def begun(
        cls, query: ListQuery, question: dict[str, Any], zone: ZoneInfo, *, sees_people: bool
    ) -> "AskedList":
        """Read what is asked for from the beginning; days begin in `zone`.

        Raises
        ------
        UnknownField
            When a profile has no field of a name that is given.
        """
        meant = Question.model_validate(question)
        return cls(
            question=question,
            chosen=filter_of(meant, zone),
            sorting=Sorting.parse(meant.sort),
            columns=Columns.parse(query.fields),
            sees_people=sees_people,
        )


@dataclass(frozen=True, slots=True)
class ListPage:
    """Customers of a list, and what the shop knows of them.

    Attributes
    ----------
    published
        The run that is served; None before the first.
    listed
        What it says of the customers, in the list's order.
    people
        Whom of them the shop still has; nobody where no name was asked for.
    next
        Where the next page begins; None after the last.
    """

    published: Published | None
    listed: Sequence[CustomerNumbers]
    people: Mapping[CustomerId, Customer]
    next: ListPlace | None

    def rows(self, columns: Columns) -> list[dict[str, Any]]:
        """Return the customers in the shape of a profile."""
        return [columns.row(one, self.people.get(one.customer_id)) for one in self.listed]

    def values(self, columns: Columns) -> list[list[Any]]:
        """Return the customers as rows of a table."""
        return [columns.values(one, self.people.get(one.customer_id)) for one in self.listed]


async def page_answer(
    state: ApiState, asked: AskedList, *, limit: int, totals: bool
) -> dict[str, Any]:
    """Return a page, in the shape of `CustomerPage`.

    Raises
    ------
    CursorExpired
        When the run is gone that the cursor is of.
    """
    page, told = await _page(state, asked, limit, totals=totals)
    following = None
    if page.next is not None and page.published is not None:
        following = Cursor(page.published.run_id, asked.question, page.next, told)
    return {
        "customers": page.rows(asked.columns),
        **(told or UNTOLD),
        "next_cursor": following and following.written(state.cursors),
        **of_run(page.published),
    }


def of_run(published: Published | None) -> dict[str, Any]:
    """Say which run an answer is of."""
    return {"run_id": published and published.run_id, "as_of": published and published.as_of}


async def served(connection: AsyncConnection, cursor: Cursor | None) -> Published | None:
    """Return the run that is served, which is to be that of the cursor."""
    published = await runs.published(connection)
    if cursor and (published is None or published.run_id != cursor.run_id):
        raise CursorExpired(cursor.run_id)
    return published


async def _without_erased(
    connection: AsyncConnection, sources: ListSources, customers: Sequence[CustomerNumbers]
) -> list[CustomerNumbers]:
    ids = [one.customer_id for one in customers]
    erased = await erased_among(connection, sources.own_keys.tombstones, ids)
    return [one for one in customers if one.customer_id not in erased]


async def _page(
    state: ApiState, asked: AskedList, limit: int, *, totals: bool
) -> tuple[ListPage, dict[str, Any] | None]:
    """Read a page, and what the whole list adds up to in the same snapshot."""
    before = await state.served.now()
    place = asked.cursor.place if asked.cursor else None
    async with snapshot(state.engine, OURS) as connection:
        published = await served(connection, asked.cursor)
        page = await store.read_page(
            connection, asked.chosen, asked.sorting, after=place, limit=limit
        )
        listed = await _without_erased(connection, state, page.customers)
        count = partial(store.read_totals, connection, asked.chosen)
        is_known = before.published == published
        keep = partial(state.kept.of, before, asked.chosen, count) if is_known else count
        told = await _totals(asked, keep) if totals else None
    people = await people_of(state, asked, listed)
    return ListPage(published, listed, people, page.next), told


async def people_of(
    sources: ListSources, asked: AskedList, listed: Sequence[CustomerNumbers]
) -> dict[CustomerId, Customer]:
    if not (asked.columns.need_the_shop and asked.sees_people and listed):
        return {}
    ids = [one.customer_id for one in listed]
    question = partial(customers.get_customers, shop=sources.shop, customer_ids=ids)
    return await asked_of_shop(sources.shop_engine, sources.shop, question)


UNTOLD: Mapping[str, None] = {"total": None, "sums": None, "means": None, "known": None}


async def _totals(asked: AskedList, count: Callable[[], Awaitable[Totals]]) -> dict[str, Any]:
    """Return what is said of the whole list: counted once, then carried by the cursor."""
    if asked.cursor and asked.cursor.totals:
        return asked.cursor.totals
    found = await count()
    return {
        "total": found.total,
        "sums": as_shown(found.sums),
        "means": as_shown(found.means),
        "known": as_shown(found.known),
    }
