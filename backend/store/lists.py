"""Lists of customers: pages by keyset, and what a whole list adds up to.

A page begins after the last row of the one before, found by an index, so that the thousandth
costs what the first does. Customers whose number is unknown come last in either direction; they
are a second part of the list, because databases do not agree where NULL stands.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Integer,
    Select,
    UnaryExpression,
    and_,
    cast,
    func,
    or_,
    select,
    true,
)

from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncConnection
from backend.results.customer_filter import CustomerFilter
from backend.results.customer_numbers import AVERAGED, SUMMED, CustomerNumbers, Shown
from backend.results.declared import Count, Flag, Number, Quantity, Real
from backend.results.served_sums import ListSums
from backend.results.sorting import ListPlace, Sorting
from backend.store.departures import of_nobody_erased
from backend.store.kept_sums import kept_sums_of, summed, sums_in
from backend.store.list_conditions import conditions
from backend.store.shown_columns import shown_columns
from backend.store.tables import customer_intelligence

Column = ColumnElement[Any]
KEY, EVERYBODY = "sorted_by", true()


@dataclass(frozen=True, slots=True)
class Listed:
    """A customer of a page, and what was published of them."""

    customer_id: CustomerId
    shown: Shown


@dataclass(frozen=True, slots=True)
class Page:
    """Some customers of a list, in its order.

    Attributes
    ----------
    customers
        What was published of them.
    next
        Where the next page begins; None after the last customer.
    """

    customers: Sequence[Listed]
    next: ListPlace | None


@dataclass(frozen=True, slots=True)
class Totals:
    """What a whole list adds up to, by the names of numbers.

    Attributes
    ----------
    total
        Customers.
    sums
        Of those numbers that add up; 0 where nobody's is known.
    means
        Over those whose number is known; None where nobody's is.
    known
        Customers whose number is known.
    left_out
        Who would be among them, and is left out because a campaign holds them out.
    """

    total: int
    sums: dict[str, Decimal | int]
    means: dict[str, Decimal | None]
    known: dict[str, int]
    left_out: int = 0


async def read_page(
    connection: AsyncConnection,
    chosen: CustomerFilter,
    sorting: Sorting,
    *,
    after: ListPlace | None = None,
    limit: int,
) -> Page:
    """Return the customers of a list from a place on.

    Parameters
    ----------
    connection
        In a snapshot, so that all rows are of one run.
    chosen, sorting
        Who is in the list, and in which order.
    after
        The last customer of the page before; None: from the beginning.
    limit
        At most so many, at least 1.
    """
    rows: list[Sequence[Any]] = []
    for part in parts(chosen, sorting, after):
        # One more than is asked for tells whether there is a next page.
        some = _as_shown(part, sorting, limit + 1 - len(rows), connection.dialect.name)
        rows += (await connection.execute(some)).all()
        if len(rows) > limit:
            break
    last = rows[limit - 1] if len(rows) > limit else None
    following = None if last is None else ListPlace(last[0], last[1])
    return Page([Listed(CustomerId(str(row[1])), row[2:]) for row in rows[:limit]], following)


def _as_shown(part: Select[Any], sorting: Sorting, limit: int, dialect: str) -> Select[Any]:
    """Select what a list is sorted by, the ids, and the numbers as JSON has them.

    Who is on the page is chosen first: a database makes JSON's numbers of all whom it sorts (at a
    million customers 3.1 s, where choosing takes .6).
    """
    key, ids = part.selected_columns[KEY], customer_intelligence.c.customer_id
    page = part.with_only_columns(key, ids).limit(limit).subquery("page")
    chosen = (page.c[KEY], page.c.customer_id)
    return (
        select(page.c[KEY], ids, *shown_columns(dialect))
        .join_from(page, customer_intelligence, page.c.customer_id == ids)
        .order_by(*(one.desc() if sorting.descending else one.asc() for one in chosen))
    )


async def stream_list(
    connection: AsyncConnection,
    chosen: CustomerFilter,
    sorting: Sorting,
    *,
    told: ColumnElement[bool] = EVERYBODY,
    after: ListPlace | None,
    rows: int,
) -> AsyncGenerator[list[CustomerNumbers], None]:
    """Give the customers of a list from a place on, so many at a time, by a cursor of the server.

    One statement sorts them all, where each page of many would sort what is left.

    Parameters
    ----------
    connection
        In a snapshot that lasts for as long: a run that is published meanwhile changes nothing.
    chosen, sorting, after
        As of `read_page`.
    told
        Of whom at all, as `of_nobody_erased` says it.
    rows
        At most so many at a time, at least 1.
    """
    for part in parts(chosen, sorting, after, told):
        # As a context it would swallow that we are closed, and go on with the next part.
        result = await connection.stream(part)
        try:
            async for some in result.mappings().partitions(rows):
                yield [_numbers(dict(row)) for row in some]
        finally:
            await result.close()


def parts(
    chosen: CustomerFilter,
    sorting: Sorting,
    after: ListPlace | None,
    told: ColumnElement[bool] = EVERYBODY,
) -> list[Select[Any]]:
    """Return the known and the unknown part of a list, as far as they are still to come.

    All their columns are ours, and that which they are sorted by.
    """
    listed = _listed(chosen, sorting, told).order_by(*_order(sorting))
    return [listed.where(one) for one in _to_come(sorting, after)]


def whole(
    chosen: CustomerFilter, sorting: Sorting, after: ListPlace | None, told: ColumnElement[bool]
) -> Select[Any]:
    """Return both parts in one, read and sorted once, of a database that is told where NULL stands.

    Else as `parts`.
    """
    by_key, *by_id = _order(sorting)
    listed = _listed(chosen, sorting, told).order_by(by_key.nulls_last(), *by_id)
    return listed if after is None else listed.where(or_(*_to_come(sorting, after)))


def _listed(chosen: CustomerFilter, sorting: Sorting, told: ColumnElement[bool]) -> Select[Any]:
    columns = customer_intelligence, _key(sorting).label(KEY)
    return select(*columns).where(told, *conditions(chosen))


def _order(sorting: Sorting) -> list[UnaryExpression[Any]]:
    by = [] if sorting.by is None else [_key(sorting)]
    keys = [*by, customer_intelligence.c.customer_id]
    return [one.desc() if sorting.descending else one.asc() for one in keys]


def _to_come(sorting: Sorting, after: ListPlace | None) -> list[ColumnElement[bool]]:
    """Return who is in the known and in the unknown part, as far as they are still to come."""
    if sorting.by is None:
        return [_beyond(sorting, None, after)]
    key = _key(sorting)
    if after is not None and after.value is None:
        return [key.is_(None) & _beyond(sorting, None, after)]
    return [key.is_not(None) & _beyond(sorting, key, after), key.is_(None)]


def _key(sorting: Sorting) -> Column:
    if sorting.by is None:
        return customer_intelligence.c.customer_id
    column = customer_intelligence.c[sorting.by.name]
    match sorting.by.kind:
        case Real():  # what MySQL keeps in single precision equals nothing that it shows of it
            return cast(column, Double())
        case Flag():
            return cast(column, Integer())
    return column


def _beyond(sorting: Sorting, key: Column | None, after: ListPlace | None) -> ColumnElement[bool]:
    """Whether a row comes after the place."""
    ids = customer_intelligence.c.customer_id
    if after is None:
        return and_(True)
    if key is None:
        return _past(sorting, ids, after.customer_id)
    # A conjunction first: that is what databases use an index for.
    return and_(
        key <= after.value if sorting.descending else key >= after.value,
        or_(_past(sorting, key, after.value), _past(sorting, ids, after.customer_id)),
    )


def _past(sorting: Sorting, column: Column, value: Any) -> ColumnElement[bool]:
    past: ColumnElement[bool] = column < value if sorting.descending else column > value
    return past


def _numbers(row: dict[str, Any]) -> CustomerNumbers:
    told = {name: value for name, value in row.items() if name != KEY}
    return CustomerNumbers(**{**told, "customer_id": CustomerId(str(told["customer_id"]))})


async def read_totals(connection: AsyncConnection, chosen: CustomerFilter) -> Totals:
    """Return what a whole list adds up to: as it is kept, or counted in one statement."""
    told = await of_nobody_erased(connection, customer_intelligence.c.customer_id)
    # Whose rows wait to be deleted are in what is kept.
    kept = await kept_sums_of(connection, chosen) if told is EVERYBODY else None
    totals = _totals(kept or await _counted(connection, chosen, told))
    return replace(totals, left_out=await count_left_out(connection, chosen))


async def _counted(
    connection: AsyncConnection, chosen: CustomerFilter, told: ColumnElement[bool]
) -> ListSums:
    asked = select(*summed(customer_intelligence.c)).select_from(customer_intelligence)
    found = await connection.execute(asked.where(told, *conditions(chosen)))
    return sums_in(found.one())


def _totals(found: ListSums) -> Totals:
    nothing = dict.fromkeys((one.name for one in AVERAGED), 0)
    known, sums = {**nothing, **found.known}, {**dict.fromkeys(nothing, Decimal(0)), **found.sums}
    return Totals(
        total=found.total,
        sums={one.name: _whole(one, sums[one.name]) for one in SUMMED},
        means={one.name: _mean(one, sums[one.name], known[one.name]) for one in AVERAGED},
        known=known,
    )


async def count_left_out(connection: AsyncConnection, chosen: CustomerFilter) -> int:
    """Count who is not in a list because a campaign holds them out."""
    if (others := chosen.left_out) is None:
        return 0
    told = await of_nobody_erased(connection, customer_intelligence.c.customer_id)
    counted = select(func.count()).select_from(customer_intelligence)
    return await connection.scalar(counted.where(told, *conditions(others))) or 0


def _whole(one: Number, sum_: Decimal) -> Decimal | int:
    return int(sum_) if isinstance(one.kind, Count) else sum_


def _mean(one: Number, sum_: Decimal, known: int) -> Decimal | None:
    if not known:
        return None
    places = one.kind.places if isinstance(one.kind, Quantity) else 2
    return round(sum_ / known, places)
