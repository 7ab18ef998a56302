"""What finds any part of a text in the search copy: whichever index the database has for that.

PostgreSQL's index of pieces and SQLite's FTS5 keep themselves up to date. Where neither is, as on
MySQL and MariaDB, a table of ours holds each text's runs of three signs.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    table,
    text,
)

from backend.database.compiled import parameter
from backend.database.engine import AsyncConnection
from backend.database.expressions import MYSQL
from backend.store import search_blocks
from backend.store.search_sought import beginnings, holds, texts_sought
from backend.store.tables import LONGEST_SOUGHT, search_grams, search_texts

log = logging.getLogger(__name__)

GRAM = 3
PIECES, FTS = "pieces", "intelligence_search_fts"
PHRASE, GRAM_AT = "phrase", "gram_{}"
# More grams of one text hardly tell any better which texts have them.
GRAMS_ASKED = 4
LENGTH_TOLD = GRAM + GRAMS_ASKED - 1  # beyond it statements are the same


class SearchIndex(ABC):
    """One way to find the texts that hold a text."""

    @abstractmethod
    async def make(self, connection: AsyncConnection) -> None:
        """Make it over what is in the copy; what is there already stays."""

    @abstractmethod
    async def drop(self, connection: AsyncConnection) -> None:
        """Take it away, and all that it holds."""

    async def add(self, connection: AsyncConnection, after: int) -> None:  # noqa: B027  most do
        """Take in the texts whose ids are greater; those that left are out by themselves."""

    @abstractmethod
    def finds(self, length: int) -> ColumnElement[bool] | None:
        """Return what a text meets that holds what `values_sought` gives, of such a length.

        None where this is no quick way.
        """


class Pieces(SearchIndex):
    """PostgreSQL's own, of pieces of the texts; it needs no extension. See `search_blocks`."""

    async def make(self, connection: AsyncConnection) -> None:
        """Make the index once the copy is filled: growing with it takes several times as long."""
        await search_blocks.make_index(connection)

    async def drop(self, connection: AsyncConnection) -> None:
        """Drop the index."""
        await search_blocks.drop_index(connection)

    def finds(self, length: int) -> ColumnElement[bool] | None:
        """Return none: what finds by it is a statement of its own."""
        return None


class FullText(SearchIndex):
    """SQLite's FTS5, over the rows of the copy; triggers keep it up to date."""

    async def make(self, connection: AsyncConnection) -> None:
        """Make it and its triggers."""
        if await connection.scalar(IS_MADE) == 0:
            for statement in MADE_ON_SQLITE:
                await connection.execute(text(statement))

    async def drop(self, connection: AsyncConnection) -> None:
        """Drop it and its triggers."""
        for statement in DROPPED_ON_SQLITE:
            await connection.execute(text(statement))

    def finds(self, length: int) -> ColumnElement[bool] | None:
        """Go by the index from three signs on."""
        if length < GRAM:
            return None
        fts = table(FTS, column("rowid", Integer))
        matches = column(FTS).op("MATCH")(parameter(PHRASE, String()))
        found = select(fts.c.rowid).where(matches)
        return search_texts.c.id.in_(found)


class Grams(SearchIndex):
    """A table of ours: three signs from each place of a text on, at its end fewer."""

    async def make(self, connection: AsyncConnection) -> None:
        """Fill it from all of the copy."""
        await connection.execute(delete(search_grams))
        await self.add(connection, 0)

    async def drop(self, connection: AsyncConnection) -> None:
        """Empty it."""
        await connection.execute(delete(search_grams))

    async def add(self, connection: AsyncConnection, after: int) -> None:
        """Let the database cut the texts up."""
        await connection.execute(
            insert(search_grams).from_select(["gram", "text_id"], _cut(connection, after))
        )

    def finds(self, length: int) -> ColumnElement[bool] | None:
        """Go by the table, however short the text: fewer signs begin a gram."""
        asked: list[ColumnElement[bool]]
        if length < GRAM:
            asked = [search_grams.c.gram.between(*beginnings())]
        else:
            count = min(length - GRAM + 1, GRAMS_ASKED)
            grams = [parameter(GRAM_AT.format(at), String()) for at in range(count)]
            asked = [search_grams.c.gram == gram for gram in grams]
        held = (select(search_grams.c.text_id).where(one) for one in asked)
        return and_(*(search_texts.c.id.in_(one) for one in held), holds(search_texts.c))


def _grams_asked(sought: str) -> list[str]:
    grams = [sought[at : at + GRAM] for at in range(len(sought) - GRAM + 1)]
    return grams[:: max(len(grams) // GRAMS_ASKED, 1)][:GRAMS_ASKED]


def _cut(connection: AsyncConnection, after: int) -> Select[tuple[str, int]]:
    first = select(literal(1, Integer).label("place"))
    places = first.cte("places", recursive=True, nesting=True)
    places = places.union_all(select(places.c.place + 1).where(places.c.place < LONGEST_SOUGHT))
    folded = search_texts.c.folded
    of_mysql = connection.dialect.name in MYSQL  # whose length counts bytes
    length = func.char_length(folded) if of_mysql else func.length(folded)
    return (
        select(func.substr(folded, places.c.place, GRAM), search_texts.c.id)
        .distinct()
        .join_from(search_texts, places, places.c.place <= length)
        .where(search_texts.c.id > after, search_texts.c.is_part == 0)
    )


def values_sought(sought: str) -> dict[str, str]:
    """Return the parameters of what is sought, in all the ways that an index takes it."""
    grams = {GRAM_AT.format(at): gram for at, gram in enumerate(_grams_asked(sought))}
    quoted = sought.replace('"', '""')
    return {
        **texts_sought(sought),
        PHRASE: f'"{quoted}"',
        **grams,
    }


# Whoever may index the table; and pieces are of as many signs only where a sign is no byte.
MAY_INDEX = text(
    """
    SELECT pg_has_role(relowner, 'USAGE') AND current_setting('server_encoding') <> 'SQL_ASCII'
    FROM pg_catalog.pg_class WHERE oid = to_regclass(:name)
    """
).bindparams(bindparam("name", search_texts.name, String()))
HAS_FTS5 = text("SELECT sqlite_compileoption_used('ENABLE_FTS5')")
IS_MADE = text("SELECT count(*) FROM sqlite_master WHERE name = 'intelligence_search_fts'")
MADE_ON_SQLITE = (
    """
    CREATE VIRTUAL TABLE intelligence_search_fts USING fts5(
        folded, content='intelligence_search_texts', content_rowid='id',
        tokenize='trigram case_sensitive 1')
    """,
    """
    CREATE TRIGGER intelligence_search_fts_in AFTER INSERT ON intelligence_search_texts BEGIN
        INSERT INTO intelligence_search_fts (rowid, folded) VALUES (new.id, new.folded);
    END
    """,
    """
    CREATE TRIGGER intelligence_search_fts_out AFTER DELETE ON intelligence_search_texts BEGIN
        INSERT INTO intelligence_search_fts (intelligence_search_fts, rowid, folded)
        VALUES ('delete', old.id, old.folded);
    END
    """,
    "INSERT INTO intelligence_search_fts (intelligence_search_fts) VALUES ('rebuild')",
)
DROPPED_ON_SQLITE = (
    "DROP TRIGGER IF EXISTS intelligence_search_fts_in",
    "DROP TRIGGER IF EXISTS intelligence_search_fts_out",
    "DROP TABLE IF EXISTS intelligence_search_fts",
)
INDEXES: Mapping[str, SearchIndex] = {
    PIECES: Pieces(),
    "fts5": FullText(),
    "grams": Grams(),
}


def kinds_possible(dialect: str) -> tuple[str, ...]:
    """Return which of `INDEXES` a database may have, the best first."""
    if dialect in MYSQL:
        return ("grams",)
    return ("fts5" if dialect == "sqlite" else PIECES, "grams")


async def kind_of_index(connection: AsyncConnection) -> str:
    """Return which of `INDEXES` the database is to have."""
    best, *others = kinds_possible(connection.dialect.name)
    if best == "grams" or await HAS[best](connection):
        return best
    log.warning(
        "the database cannot index parts of names itself: a table of ours does, which takes more"
        " room and time",
        extra={"better": BETTER[best]},
    )
    return others[0]


async def _has_fts5(connection: AsyncConnection) -> bool:
    return bool(await connection.scalar(HAS_FTS5))


async def _may_index(connection: AsyncConnection) -> bool:
    return bool(await connection.scalar(MAY_INDEX))


HAS = {"fts5": _has_fts5, PIECES: _may_index}
BETTER = {
    "fts5": "a SQLite with FTS5",
    PIECES: f"a database in UTF8 whose {search_texts.name} is the service's own; then"
    " SEARCH_INDEX off for one run",
}
