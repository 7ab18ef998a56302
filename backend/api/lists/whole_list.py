"""A whole list of one run, however long: page after page, or as the CSV that PostgreSQL writes."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from backend import store
from backend.api.lists.read_list import AskedList, ListSources, refuse_expired
from backend.api.lists.row import Columns
from backend.api.lists.unerased import Unerased
from backend.core.customer_id import CustomerId
from backend.database.copied import Take, copied
from backend.database.encoding import holds_of
from backend.database.engine import AsyncConnection, snapshot
from backend.database.failures import OURS
from backend.files.list_files import FORMULA_STARTS, in_csv
from backend.results.customer_numbers import CustomerNumbers
from backend.results.sorting import ListPlace
from backend.shop import customers
from backend.shop.asking import asked as asked_of_shop
from backend.shop.customers import Customer
from backend.shop.people_to_join import joinable_people
from backend.store import runs
from backend.store.departures import Told, erased_now, of_nobody_erased, read_erased
from backend.store.list_cells import WrittenList
from backend.store.runs import Published
from backend.store.tables import customer_intelligence

ROWS_OF_A_PAGE = 2000


@dataclass(frozen=True, slots=True)
class ListPage:
    """Customers of a list, and what the shop knows of them.

    Attributes
    ----------
    listed
        What was published of the customers, in the list's order.
    people
        Whom of them the shop still has; nobody where no name was asked for.
    """

    listed: Sequence[CustomerNumbers]
    people: Mapping[CustomerId, Customer]

    def values(self, columns: Columns) -> list[list[Any]]:
        """Return the customers as rows of a table."""
        return [columns.values(one, self.people.get(one.customer_id)) for one in self.listed]


@dataclass(frozen=True, slots=True)
class WholeList:
    """A list in a snapshot that lasts as long as it is read.

    Attributes
    ----------
    published
        The run that all of it is of; None before the first.
    left_out
        Who is not in it because a campaign holds them out; None where nobody is left out.
    """

    published: Published | None
    left_out: int | None
    _connection: AsyncConnection
    _sources: ListSources
    _asked: AskedList
    _told: Told
    _erased: frozenset[CustomerId]

    async def pages(self) -> AsyncGenerator[ListPage, None]:
        """Give it page after page; who is erased meanwhile is left out from then on."""
        rows = store.stream_list(
            self._connection,
            self._asked.chosen,
            self._asked.sorting,
            told=self._told,
            after=self._place,
            rows=ROWS_OF_A_PAGE,
        )
        async with aclosing(rows) as following:
            async for some in following:
                listed = (await self._unerased()).customers(some)
                yield ListPage(listed, await self._people_of(listed))

    async def write(self, take: Take) -> None:
        """Hand it over as CSV, in pieces of whole rows; who is erased meanwhile is left out."""
        if (written := await self._written()) is None:
            await self._write_pages(take)
            return

        async def take_rest(piece: bytes) -> None:
            await take((await self._unerased()).rows(piece))

        database, asked = "shop" if self._asked.names_people else OURS, self._asked
        statement = written.statement(asked.chosen, asked.sorting, self._place, self._told)
        await copied(self._connection, statement, take_rest, database=database)

    async def _write_pages(self, take: Take) -> None:
        async with aclosing(self.pages()) as following:
            async for page in following:
                await take(in_csv(page.values(self._asked.columns)).encode())

    async def _written(self) -> WrittenList | None:
        """Return how PostgreSQL writes it; None where it cannot do so alone."""
        if self.published is None or self._connection.dialect.name != "postgresql":
            return None
        ids, people = self.published.customer_id_type, None
        if self._asked.names_people:
            if not self._sources.is_one_database:
                return None
            shop = self._sources.shop
            question = partial(joinable_people, shop=shop, ids=ids)
            people = await asked_of_shop(self._sources.shop_engine, shop, question)
            if people is None:
                return None
        holds = await holds_of(self._connection)
        return WrittenList(
            names=self._asked.columns.in_tables,
            people=people,
            ids=ids,
            formula_starts=[*filter(holds, FORMULA_STARTS)],
        )

    async def _people_of(self, listed: Sequence[CustomerNumbers]) -> dict[CustomerId, Customer]:
        if not (self._asked.names_people and listed):
            return {}
        ids = [one.customer_id for one in listed]
        question = partial(customers.get_customers, shop=self._sources.shop, customer_ids=ids)
        return await asked_of_shop(self._sources.shop_engine, self._sources.shop, question)

    async def _unerased(self) -> Unerased:
        now = await erased_now(self._sources.engine)
        return Unerased(frozenset(now) - self._erased)

    @property
    def _place(self) -> ListPlace | None:
        return self._asked.cursor.place if self._asked.cursor else None


@asynccontextmanager
async def whole_list(sources: ListSources, asked: AskedList) -> AsyncIterator[WholeList]:
    """Open a whole list of one run, whatever is published meanwhile.

    Raises
    ------
    CursorExpired
        When the run is gone that the cursor is of.
    """
    async with snapshot(sources.file_engine, OURS) as connection:
        published = await runs.published(connection)
        refuse_expired(asked.cursor, published)
        told = await of_nobody_erased(connection, customer_intelligence.c.customer_id)
        erased = frozenset(await read_erased(connection))
        left_out = None
        if asked.chosen.left_out is not None:
            left_out = await store.count_left_out(connection, asked.chosen)
        yield WholeList(published, left_out, connection, sources, asked, told, erased)
