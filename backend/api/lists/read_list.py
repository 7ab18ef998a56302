"""A page of a list, read from both databases: one query each, however many customers it has."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from backend import store
from backend.api.customers.profiles import read_customers
from backend.api.lists.list_cursor import Cursor
from backend.api.lists.list_query import ListQuery, Question, filter_of
from backend.api.lists.row import Columns, as_shown
from backend.api.served_currency import currency_of
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.core.errors import CursorExpired, CursorOfAnotherList
from backend.database.engine import AsyncConnection, AsyncEngine, snapshot
from backend.database.failures import OURS
from backend.results.customer_filter import CustomerFilter
from backend.results.sorting import Sorting
from backend.shop.customers import Customer
from backend.shop.shop import Shop
from backend.store.lists import Page, Totals
from backend.store.runs import Published
from backend.store.served import Served, served_in
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

    @property
    def names_people(self) -> bool:
        """Whether names or e-mails are to be told."""
        return self.columns.need_the_shop and self.sees_people

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


async def page_answer(
    state: ApiState, asked: AskedList, *, limit: int, totals: bool
) -> dict[str, Any]:
    """Return a page, in the shape of `CustomerPage`.

    Raises
    ------
    CursorExpired
        When the run is gone that the cursor is of.
    """
    read = await read_rows(state, asked, limit, totals=totals)
    currency = await currency_of(state)
    return {**read.answer(state, asked, read.told), "currency": currency}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsRead:
    """A page of one run.

    Attributes
    ----------
    served
        What was served when it was read.
    told
        What the whole list adds up to, read in the same snapshot; None where nobody asked.
    """

    served: Served
    told: dict[str, Any] | None
    _page: Page
    _people: Mapping[CustomerId, Customer]

    def answer(
        self, state: ApiState, asked: AskedList, told: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Return what `CustomerPage` has of it and of the whole list."""
        page, published, following = self._page, self.served.published, None
        rows = [asked.columns.row(one, self._people.get(one.customer_id)) for one in page.customers]
        if page.next is not None and published is not None:
            following = Cursor(published.run_id, asked.question, page.next, told)
        return {
            "customers": rows,
            **(told or UNTOLD),
            "next_cursor": following and following.written(state.cursors),
            **of_run(published),
        }


def of_run(published: Published | None) -> dict[str, Any]:
    """Say which run an answer is of."""
    return {"run_id": published and published.run_id, "as_of": published and published.as_of}


def refuse_expired(cursor: Cursor | None, published: Published | None) -> None:
    """Refuse a cursor of another run than the one that is served.

    Raises
    ------
    CursorExpired
        When it is.
    """
    if cursor and (published is None or published.run_id != cursor.run_id):
        raise CursorExpired(cursor.run_id)


async def read_rows(state: ApiState, asked: AskedList, limit: int, *, totals: bool) -> RowsRead:
    """Read a page, and what the whole list adds up to in the same snapshot.

    Raises
    ------
    CursorExpired
        When the run is gone that the cursor is of.
    """
    place = asked.cursor.place if asked.cursor else None
    async with snapshot(state.engine, OURS) as connection:
        served = await served_in(connection)
        refuse_expired(asked.cursor, served.published)
        page = await store.read_page(
            connection, asked.chosen, asked.sorting, after=place, limit=limit
        )
        if served.erased:
            page = await _without_erased(connection, state, page)
        count = partial(store.read_totals, connection, asked.chosen)
        keep = partial(state.kept.of, served, asked.chosen, count)
        told = await _totals(asked, keep) if totals else None
    people = await _people_of(state, asked, page)
    return RowsRead(served=served, told=told, _page=page, _people=people)


async def _without_erased(connection: AsyncConnection, state: ApiState, page: Page) -> Page:
    ids = [one.customer_id for one in page.customers]
    erased = await erased_among(connection, state.own_keys.tombstones, ids)
    return replace(page, customers=[one for one in page.customers if one.customer_id not in erased])


async def _people_of(
    state: ApiState, asked: AskedList, page: Page
) -> Mapping[CustomerId, Customer]:
    if not (asked.names_people and page.customers):
        return {}
    return await read_customers(state, [one.customer_id for one in page.customers])


UNTOLD: Mapping[str, None] = {
    "total": None,
    "left_out": None,
    "sums": None,
    "means": None,
    "known": None,
}


async def _totals(asked: AskedList, count: Callable[[], Awaitable[Totals]]) -> dict[str, Any]:
    """Return what is said of the whole list: counted once, then carried by the cursor."""
    if asked.cursor and asked.cursor.totals:
        return asked.cursor.totals
    return in_answer(await count())


def in_answer(found: Totals) -> dict[str, Any]:
    """Return what a whole list adds up to in the shape of `CustomerPage`."""
    return {
        "total": found.total,
        "left_out": found.left_out,
        "sums": as_shown(found.sums),
        "means": as_shown(found.means),
        "known": as_shown(found.known),
    }
