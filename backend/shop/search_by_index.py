"""Whom a search finds by indexes of the shop's own table: the same as without them.

An index of pieces is asked block by block: see `search_in_blocks`. Where there are trigrams alone
the first customers are looked at, then the index is asked: see `first_matches`. Whom it proposes is
looked at in the order of the ids, and no further than until enough are found.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    literal_column,
    select,
    union_all,
)

from backend.core.customer_id import CustomerId
from backend.database.async_engines import AsyncConnection, AsyncEngine
from backend.database.compiled import HotRead, Row, parameter
from backend.database.encoding import holds_of
from backend.database.engine import snapshot
from backend.database.first_matches import (
    LOOKED_AT_FOR_EACH,
    LOOKED_AT_MOST,
    WAYS,
    in_steps,
    lacking,
    worth_looking_at,
)
from backend.database.kinds import Kind
from backend.database.text_blocks import APART, LIMIT, RANK
from backend.shop.asking import asked_again
from backend.shop.customers import WIDTH, Customer, customer_of, shown_of
from backend.shop.name_pieces import pieces_asked
from backend.shop.narrowing import (
    ROUGHLY,
    Shape,
    held_roughly,
    narrowing,
    narrows,
    roughly,
)
from backend.shop.piece_indexes import SOUGHT
from backend.shop.search import Wanted, best_first, by_id, matches, ranked, wanted_of
from backend.shop.search_in_blocks import (
    PLACES,
    POSTGRESQL,
    best_by_pieces,
    sought_of,
)
from backend.shop.shop import Shop, Source
from backend.shop.spelling import Holds, folded, is_plain
from backend.shop.trigram_indexes import (
    are_rare_indexed,
    blocks_indexed,
    has_rare_sign,
)

SHOP = "shop"
Made = tuple[Any, ...]
Beside = Callable[[Select[Any]], Select[Any]]
"""Adds columns to the statement that finds customers; the same function for the same columns."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A customer who matches.

    Attributes
    ----------
    rank
        In which of the ways of `first_matches`.
    beside
        The columns that were added; none where they could not be.
    """

    rank: int
    customer: Customer
    beside: Row


Found = dict[CustomerId, Hit]


@dataclass(frozen=True, slots=True)
class Indexed:
    """A shop that has such indexes, and the statements that were made for it.

    Attributes
    ----------
    customers
        As they were last looked at.
    holds
        Whether the database can hold a sign.
    columns
        Those of the columns that are looked at which the shop has.
    has_rare
        Whether an index knows the rare signs in them.
    bounds
        Of the blocks of an index of their pieces; None where there is no such.
    """

    customers: Source
    holds: Holds
    columns: Sequence[str]
    has_rare: bool
    bounds: Sequence[int] | None
    made: dict[Made, HotRead] = field(default_factory=dict)

    def in_blocks(self, beside: Beside | None) -> HotRead:
        """Return the statement that finds the best of all, by the pieces that are asked for."""
        return self._made(("blocks", beside), partial(self._in_blocks, beside))

    def among_first(self, many: int) -> HotRead:
        """Return the statement that finds the best of so many, or some more, first by id."""
        several = in_steps(many)
        return self._made(("first", several), partial(_among_first, self.customers, several))

    def proposed(self, way: int, shape: Shape, *, plainly: bool) -> HotRead:
        """Return the statement that finds by trigrams who matches in a way, or better."""
        rare = self.columns if plainly else ()
        make = partial(_proposed, self.customers, way, shape, rare)
        return self._made(("trigrams", way, shape, plainly), make)

    def _in_blocks(self, beside: Beside | None) -> Select[Any]:
        found = best_by_pieces(self.customers, self.columns, self.bounds or ())
        has_numbers = self.customers.kinds["id"] is Kind.INTEGER
        return beside(found) if beside is not None and has_numbers else found

    def _made(self, key: Made, make: Callable[[], Select[Any]]) -> HotRead:
        if key not in self.made:
            self.made[key] = HotRead(make())
        return self.made[key]


class PartReads:
    """The statements that find customers by parts of their texts; made anew for another shop."""

    def __init__(self) -> None:
        self._customers: Source | None = None
        self._indexed: Indexed | None = None

    async def ready(self, engine: AsyncEngine, shop: Shop) -> Indexed | None:
        """Return them for the shop as it is remembered, or found; None where it has no index."""
        known = shop.remembered_customers
        if known is None or known is not self._customers:
            async with snapshot(engine) as connection:
                self._customers = await shop.customers(connection)
                self._indexed = await _looked_at(connection, shop, self._customers)
        return self._indexed


async def _looked_at(connection: AsyncConnection, shop: Shop, customers: Source) -> Indexed | None:
    if not await shop.has_trigrams(connection):
        return None
    columns = [one for one in SOUGHT if customers.kinds[one] is not Kind.NOTHING]
    has_rare = await are_rare_indexed(connection, shop.mapping)
    bounds = await blocks_indexed(connection, shop.mapping)
    return Indexed(customers, await holds_of(connection), columns, has_rare, bounds)


async def find_by_index(
    engine: AsyncEngine,
    shop: Shop,
    reads: PartReads,
    query: str,
    limit: int,
    beside: Beside | None = None,
) -> list[Hit] | None:
    """Find the same customers as `search_customers`; None where the shop has no such index.

    Parameters
    ----------
    engine
        The shop's database.
    shop, query, limit
        As `search_customers`.
    reads
        The statements, as they were made for this shop.
    beside
        What else is asked of them, where one statement finds them.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist.
    DatabaseUnavailable
        When the shop's database is away.
    """
    ask = partial(_found, engine, shop, reads, query, limit, beside)
    return await asked_again(shop, ask, shop.forget)


async def _found(
    engine: AsyncEngine,
    shop: Shop,
    reads: PartReads,
    query: str,
    limit: int,
    beside: Beside | None,
) -> list[Hit] | None:
    if (indexed := await reads.ready(engine, shop)) is None:
        return None
    if (wanted := wanted_of(query, indexed.holds)) is None:
        return []
    pieces = None if indexed.bounds is None else pieces_asked(folded(query))
    if pieces is None:
        found = await _by_trigrams(engine, indexed, wanted, query, limit)
    else:
        values = {**_patterns(wanted), **pieces, LIMIT: limit}
        found = await _asked(engine, indexed.in_blocks(beside), values)
    return _best(found)[:limit]


def _best(found: Found) -> list[Hit]:
    hits = ((one.rank, one.customer) for one in found.values())
    return [found[one.id] for one in best_first(hits)]


async def _by_trigrams(
    engine: AsyncEngine, indexed: Indexed, wanted: Wanted, query: str, limit: int
) -> Found:
    found = await _at_first(engine, indexed, wanted, limit)
    if ways := lacking(_counts(found), limit):
        others = await _by_index(engine, indexed, wanted, query, ways[-1], limit)
        found |= {one: min(hit, found.get(one, hit), key=_rank) for one, hit in others.items()}
    return found


async def _at_first(engine: AsyncEngine, indexed: Indexed, wanted: Wanted, limit: int) -> Found:
    """Return the best of the first by id; none where no index has ids in the order of ours."""
    if indexed.customers.kinds["id"] is not Kind.INTEGER:
        return {}
    many = min(LOOKED_AT_FOR_EACH * limit, LOOKED_AT_MOST)
    values = {**_patterns(wanted), LIMIT: limit}
    found = await _asked(engine, indexed.among_first(many), values)
    further = worth_looking_at(_counts(found), limit, many)
    return await _asked(engine, indexed.among_first(further), values) if further else found


def _counts(found: Found) -> list[int]:
    """Return how many match in each way, or better."""
    return [sum(hit.rank <= way for hit in found.values()) for way in WAYS]


def _rank(hit: Hit) -> int:
    return hit.rank


async def _by_index(
    engine: AsyncEngine, indexed: Indexed, wanted: Wanted, query: str, way: int, limit: int
) -> Found:
    plainly = indexed.has_rare and all(map(is_plain, folded(query)))
    narrowed = narrowing(query, way, is_plain if plainly else indexed.holds)
    read = indexed.proposed(way, narrowed.shape, plainly=plainly)
    # Who is proposed for two reasons is there twice.
    values = {**_patterns(wanted), **narrowed.patterns, LIMIT: 2 * limit}
    return await _asked(engine, read, values)


def _patterns(wanted: Wanted) -> dict[str, Any]:
    of_ways = {place.key: one for place, one in zip(PLACES, wanted.patterns, strict=True)}
    return {**of_ways, ROUGHLY: roughly(wanted.containing)}


async def _asked(engine: AsyncEngine, read: HotRead, values: dict[str, Any]) -> Found:
    found: Found = {}
    for row in await read.rows(engine, values, SHOP):
        if CustomerId.parse(str(row[0])):
            hit = Hit(row[WIDTH], customer_of(row), row[WIDTH + 1 :])
            found[hit.customer.id] = min(hit, found.get(hit.customer.id, hit), key=_rank)
    return found


def _among_first(customers: Source, many: int) -> Select[Any]:
    # Of a number that comes later a planner thinks the worst, and plans anew each time.
    written: ColumnElement[int] = literal_column(str(many), Integer())
    looked_at = by_id(sought_of(customers), customers, POSTGRESQL).limit(written).subquery()
    # One look that costs a third lets most of them go: apart, or a planner looks closely first.
    held = select(*looked_at.c).where(held_roughly(looked_at.c)).offset(APART).subquery()
    some = ranked(replace(customers, clause=held), POSTGRESQL, PLACES)
    return some.limit(parameter(LIMIT, Integer()))


def _proposed(
    customers: Source, widest: int, shape: Shape, rare_columns: Sequence[str]
) -> Select[Any]:
    columns = customers.clause.c
    proposed = [sought_of(customers, narrows(columns, shape, rare_apart=bool(rare_columns)))]
    if rare_columns:
        rare = has_rare_sign([columns[name] for name in rare_columns])
        proposed.append(sought_of(customers, rare))
    for_all_ways = union_all(*proposed).cte("proposed").prefix_with("MATERIALIZED")
    following = _following(customers, for_all_ways)
    found = union_all(*(_first_of(following, way) for way in WAYS[: widest + 1])).subquery()
    return select(*found.c)


def _following(customers: Source, proposed: FromClause) -> Source:
    """Return whom indexes propose in the order of their ids."""
    sorted_ = by_id(select(*proposed.c), replace(customers, clause=proposed), POSTGRESQL)
    return replace(customers, clause=sorted_.offset(APART).subquery())


def _first_of(following: Source, way: int) -> Select[Any]:
    """Return the first by id who match in a way, or better."""
    found = matches(following.clause, POSTGRESQL, way, PLACES)
    rank: ColumnElement[int] = literal_column(str(way), Integer()).label(RANK)
    shown = select(*shown_of(following, POSTGRESQL), rank).where(found)
    first = by_id(shown, following, POSTGRESQL).limit(parameter(LIMIT, Integer())).subquery()
    return select(*first.c)
