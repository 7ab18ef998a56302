"""Names of segments: those given by a person or the language model stay with the id."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import insert, select, union_all, update
from sqlalchemy.exc import IntegrityError

from backend.core.errors import SegmentNameTaken, SegmentNotFound
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.results.segment import Segment, Words
from backend.store import runs, stored
from backend.store.publication import GivenName
from backend.store.tables import customer_intelligence, segment_names, segments


async def read_names(engine: AsyncEngine) -> dict[str, GivenName]:
    """Return the names given so far, by segment id."""
    async with transaction(engine) as connection:
        return await _given_names(connection)


async def _given_names(connection: AsyncConnection) -> dict[str, GivenName]:
    rows = await connection.execute(select(segment_names))
    return {row.segment_id: GivenName(row.name, row.description, row.given_by) for row in rows}


def settled(by_rule: Mapping[str, Words], given: Mapping[str, GivenName]) -> dict[str, Words]:
    """Return what each segment is called: as it was given, else as its rule says.

    A rule's name that was given to another segment, in any case, gets the id behind it: two
    segments never share a name.
    """
    taken = {words.name.casefold() for words in given.values()}
    found = {}
    for identity, rule in by_rule.items():
        words = given.get(identity)
        if words is not None:
            found[identity] = Words(words.name, words.description or rule.description)
            continue
        name = rule.name
        while name.casefold() in taken:
            name = f"{name} ({identity})"
        found[identity] = Words(name, rule.description)
    return found


async def settle_names(
    connection: AsyncConnection,
    rows: Sequence[Segment],
    new_names: Mapping[str, GivenName],
    now: datetime,
) -> list[Segment]:
    """Keep the new names and name the segments to be published, inside the publishing transaction.

    What a person named while the run was at work holds: a new name for the same segment is
    dropped, and so is one that another segment has got.
    """
    known = await _given_names(connection)
    for identity, new in new_names.items():
        if identity not in known and not await _is_taken(connection, identity, new.name):
            await _store(connection, identity, new, now)
    by_rule = {row.id: Words(row.name, row.description) for row in rows}
    words = settled(by_rule, await _given_names(connection))
    return [
        replace(row, name=words[row.id].name, description=words[row.id].description) for row in rows
    ]


async def name_segment(
    connection: AsyncConnection,
    segment_id: str,
    given: Mapping[str, str | None],
    *,
    now: datetime,
) -> None:
    """Give a segment a person's words that stay with its id, in what is served too.

    Parameters
    ----------
    connection
        In a transaction.
    segment_id
        Of the published run.
    given
        "name", "description" or both; what is left out stays as it is, and a description of None
        is the rule's again.
    now
        The time.

    Raises
    ------
    SegmentNotFound
        When the published run has no such segment.
    SegmentNameTaken
        When another segment has the name.
    """
    await runs.hold_published(connection)
    name_now, rule = await _served(connection, segment_id)
    before = (await _given_names(connection)).get(segment_id)
    name = given.get("name") or name_now
    if await _is_taken(connection, segment_id, name):
        raise SegmentNameTaken(name)
    kept = None if before is None else before.description
    words = GivenName(name, given.get("description", kept), "person")
    try:
        await _store(connection, segment_id, words, now)
    except IntegrityError:
        raise SegmentNameTaken(name) from None
    await _serve(connection, segment_id, Words(name, words.description or rule))
    await runs.revise(connection)


async def _served(connection: AsyncConnection, segment_id: str) -> tuple[str, str | None]:
    """Return the name that is served and the sentence of the rule."""
    statement = select(segments).where(segments.c.id == segment_id)
    row = (await connection.execute(statement)).mappings().one_or_none()
    if row is None:
        raise SegmentNotFound(segment_id)
    served = stored.read_segment(row)
    return served.name, served.rule.sentence


async def _serve(connection: AsyncConnection, segment_id: str, words: Words) -> None:
    await connection.execute(
        update(segments).where(segments.c.id == segment_id).values(asdict(words))
    )
    await connection.execute(
        update(customer_intelligence)
        .where(customer_intelligence.c.archetype_id == segment_id)
        .values(archetype_name=words.name)
    )


async def _is_taken(connection: AsyncConnection, segment_id: str, name: str) -> bool:
    """Whether another segment, served now or ever named, has the name.

    In any case, and in whatever else the database takes for equal, such as accents.
    """
    others = union_all(
        select(segments.c.name, segments.c.name == name).where(segments.c.id != segment_id),
        select(segment_names.c.name, segment_names.c.name == name).where(
            segment_names.c.segment_id != segment_id
        ),
    )
    found = await connection.execute(others)
    return any(equal or other.casefold() == name.casefold() for other, equal in found)


async def _store(
    connection: AsyncConnection, segment_id: str, words: GivenName, now: datetime
) -> None:
    """Keep a name for an id, replacing the one it has."""
    values = {**asdict(words), "updated_at": now}
    updated = await connection.execute(
        update(segment_names).where(segment_names.c.segment_id == segment_id).values(values)
    )
    if updated.rowcount == 0:
        await connection.execute(insert(segment_names).values(segment_id=segment_id, **values))
