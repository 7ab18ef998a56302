"""Whom a search finds by trigram indexes of the shop's own table: the same as without them.

The first customers are looked at, then the index is asked: see `first_matches`. Whom the index
proposes is looked at in the order of the ids, and no further than until enough are found.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    literal_column,
    select,
    union_all,
)

from backend.core.customer_id import CustomerId
from backend.database.async_engines import AsyncConnection, AsyncEngine
from backend.database.compiled import HotRead, parameter
from backend.database.encoding import holds_of
from backend.database.engine import snapshot
from backend.database.first_matches import (
    ANYWHERE,
    BEGINNING,
    LOOKED_AT_FOR_EACH,
    LOOKED_AT_MOST,
    WAYS,
    in_steps,
    lacking,
    sooner_looked_at,
    worth_looking_at,
)
from backend.database.kinds import Kind
from backend.shop.asking import asked_again
from backend.shop.customers import Customer, customer_of, shown_of
from backend.shop.name_pieces import have_pieces, pieces_asked
from backend.shop.narrowing import (
    ROUGHLY,
    Shape,
    held_roughly,
    narrowing,
    narrows,
    roughly,
)
from backend.shop.search import RANK, Wanted, best_first, by_id, matches, ranked, wanted_of
from backend.shop.shop import Shop, Source
from backend.shop.spelling import Holds, folded, is_plain
from backend.shop.trigram_indexes import (
    SOUGHT,
    are_pieces_indexed,
    are_rare_indexed,
    has_rare_sign,
    rows_about,
)

SHOP, POSTGRESQL = "shop", "postgresql"
LIMIT = "wanted"
PLACES = [parameter(name, String()) for name in ("whole", "beginning", "anywhere")]
# Keeps a planner from joining a part of a statement with what is around it.
APART: ColumnElement[int] = literal_column("0")
Found = dict[CustomerId, tuple[int, Customer]]
"""Who was found, and how well they match."""
Made = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Indexed:
    """A shop that has such indexes, and the statements that were made for it.

    Attributes
    ----------
    customers
        As they were last looked at.
    holds
        Whether the database can hold a sign.
    rare_columns
        Those of the columns in which an index knows the rare signs; none where there is no such.
    pieces_of
        The columns of whose pieces there is an index; none where there is no such.
    rows
        How many customers the shop has, about.
    """

    customers: Source
    holds: Holds
    rare_columns: Sequence[str]
    pieces_of: Sequence[str]
    rows: int
    made: dict[Made, HotRead] = field(default_factory=dict)

    def worth_looking_at(self, found: Sequence[int], limit: int, looked_at: int) -> int:
        """Return how many of the first are likely to hold all who lack; else 0."""
        if not self.pieces_of:
            return worth_looking_at(found, limit, looked_at)
        ways = (BEGINNING, ANYWHERE)
        return max(sooner_looked_at(found[way], limit, looked_at, self.rows) for way in ways)

    def among_first(self, many: int) -> HotRead:
        """Return the statement that finds the best of so many, or some more, first by id."""
        several = in_steps(many)
        return self._made(("first", several), partial(_among_first, self.customers, several))

    def held(self, way: int) -> HotRead:
        """Return the statement that finds by their pieces who matches in a way, or better."""
        make = partial(_by_pieces, self.customers, self.pieces_of, way)
        return self._made(("pieces", way), make)

    def proposed(self, way: int, shape: Shape, *, plainly: bool) -> HotRead:
        """Return the statement that finds by trigrams who matches in a way, or better."""
        rare = self.rare_columns if plainly else ()
        make = partial(_proposed, self.customers, way, shape, rare)
        return self._made(("trigrams", way, shape, plainly), make)

    def _made(self, key: Made, make: Any) -> HotRead:
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
    has_pieces = await are_pieces_indexed(connection, shop.mapping)
    holds = await holds_of(connection)
    rows = await rows_about(connection, shop.mapping)
    of_rare, of_pieces = (columns if there else () for there in (has_rare, has_pieces))
    return Indexed(customers, holds, of_rare, of_pieces, rows)


async def find_by_index(
    engine: AsyncEngine, shop: Shop, reads: PartReads, query: str, limit: int
) -> list[Customer] | None:
    """Find the same customers as `search_customers`; None where the shop has no such index.

    Parameters
    ----------
    engine
        The shop's database.
    shop, query, limit
        As `search_customers`.
    reads
        The statements, as they were made for this shop.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist.
    DatabaseUnavailable
        When the shop's database is away.
    """
    return await asked_again(shop, partial(_found, engine, shop, reads, query, limit), shop.forget)


async def _found(
    engine: AsyncEngine, shop: Shop, reads: PartReads, query: str, limit: int
) -> list[Customer] | None:
    if (indexed := await reads.ready(engine, shop)) is None:
        return None
    if (wanted := wanted_of(query, indexed.holds)) is None:
        return []
    found = await _at_first(engine, indexed, wanted, limit)
    if ways := lacking(_counts(found), limit):
        others = await _by_index(engine, indexed, wanted, query, ways[-1], limit)
        found |= {one: min(hit, found.get(one, hit), key=_rank) for one, hit in others.items()}
    return best_first(found.values())[:limit]


async def _at_first(engine: AsyncEngine, indexed: Indexed, wanted: Wanted, limit: int) -> Found:
    """Return the best of the first by id; none where no index has ids in the order of ours."""
    if indexed.customers.kinds["id"] is not Kind.INTEGER:
        return {}
    many = min(LOOKED_AT_FOR_EACH * limit, LOOKED_AT_MOST)
    values = {**_patterns(wanted), LIMIT: limit}
    found = await _asked(engine, indexed.among_first(many), values)
    further = indexed.worth_looking_at(_counts(found), limit, many)
    return await _asked(engine, indexed.among_first(further), values) if further else found


def _counts(found: Found) -> list[int]:
    """Return how many match in each way, or better."""
    return [sum(rank <= way for rank, _ in found.values()) for way in WAYS]


def _rank(hit: tuple[int, Customer]) -> int:
    return hit[0]


async def _by_index(
    engine: AsyncEngine, indexed: Indexed, wanted: Wanted, query: str, way: int, limit: int
) -> Found:
    values: dict[str, Any] = {**_patterns(wanted), LIMIT: limit}
    if indexed.pieces_of and (pieces := pieces_asked(folded(query))) is not None:
        return await _asked(engine, indexed.held(way), {**values, **pieces})
    plainly = bool(indexed.rare_columns) and all(map(is_plain, folded(query)))
    narrowed = narrowing(query, way, is_plain if plainly else indexed.holds)
    read = indexed.proposed(way, narrowed.shape, plainly=plainly)
    # Who is proposed for two reasons is there twice.
    return await _asked(engine, read, {**values, **narrowed.patterns, LIMIT: 2 * limit})


def _patterns(wanted: Wanted) -> dict[str, str]:
    of_ways = {place.key: one for place, one in zip(PLACES, wanted.patterns, strict=True)}
    return {**of_ways, ROUGHLY: roughly(wanted.containing)}


async def _asked(engine: AsyncEngine, read: HotRead, values: dict[str, Any]) -> Found:
    found: Found = {}
    for row in await read.rows(engine, values, SHOP):
        if CustomerId.parse(str(row[0])):
            hit = row[-1], customer_of(row)
            found[hit[1].id] = min(hit, found.get(hit[1].id, hit), key=_rank)
    return found


def _among_first(customers: Source, many: int) -> Select[Any]:
    # Of a number that comes later a planner thinks the worst, and plans anew each time.
    written: ColumnElement[int] = literal_column(str(many), Integer())
    looked_at = by_id(_sought(customers), customers, POSTGRESQL).limit(written).subquery()
    # One look that costs a third lets most of them go: apart, or a planner looks closely first.
    held = select(*looked_at.c).where(held_roughly(looked_at.c)).offset(APART).subquery()
    some = ranked(replace(customers, clause=held), POSTGRESQL, PLACES)
    return some.limit(parameter(LIMIT, Integer()))


def _by_pieces(customers: Source, named: Sequence[str], widest: int) -> Select[Any]:
    columns = {name: customers.clause.c[name] for name in named}
    proposed = {way: _sought(customers, have_pieces(columns, way)) for way in WAYS[: widest + 1]}
    # Asked for once, they need not be written down: an offset is what keeps their plan to itself.
    apart = {way: one.offset(APART).subquery() for way, one in proposed.items()}
    return _together({way: _following(customers, one) for way, one in apart.items()})


def _proposed(
    customers: Source, widest: int, shape: Shape, rare_columns: Sequence[str]
) -> Select[Any]:
    columns = customers.clause.c
    proposed = [_sought(customers, narrows(columns, shape, rare_apart=bool(rare_columns)))]
    if rare_columns:
        rare = has_rare_sign([columns[name] for name in rare_columns])
        proposed.append(_sought(customers, rare))
    for_all_ways = union_all(*proposed).cte("proposed").prefix_with("MATERIALIZED")
    return _together(dict.fromkeys(WAYS[: widest + 1], _following(customers, for_all_ways)))


def _together(following: dict[int, Source]) -> Select[Any]:
    found = union_all(*(_first_of(one, way) for way, one in following.items())).subquery()
    return select(*found.c)


def _sought(customers: Source, *which: ColumnElement[bool]) -> Select[Any]:
    """Select some customers by what is looked at and shown of them: all of it is sorted."""
    columns = customers.clause.c
    names = [name for name in ("id", "account_id", *SOUGHT) if name in columns]
    return select(*(columns[name] for name in names)).where(*which)


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
