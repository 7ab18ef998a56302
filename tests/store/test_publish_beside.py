"""On MySQL, ids that change their type are published whole or not at all, wherever it is cut."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event, insert, text

from backend import store
from backend.core.errors import LeaseLost
from backend.core.glossary import Cause
from backend.database.engine import AsyncConnection, AsyncEngine, create_engine, opened, transaction
from backend.store import publish_beside as publish_beside_module
from backend.store import runs
from backend.store.campaign_tables import campaign_members, campaigns
from backend.store.moves import MoveFilter
from backend.store.publication import Publication
from tests.conftest import NewDatabase
from tests.databases import migrated
from tests.expired import let_the_lease_expire
from tests.store.test_publish import INTEGERS, NOW, OF_ONE_RUN, TEXTS, prepared

pytestmark = pytest.mark.external


@pytest.fixture
def url(new_mysql: NewDatabase) -> str:
    return new_mysql(migrated)


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(url)
    yield made
    await made.dispose()


class Killed(BaseException):
    """Stands for SIGKILL: nothing is sent to the database after it."""


@contextmanager
def killed_after(engine: AsyncEngine, statements: int) -> Iterator[list[str]]:
    """End whoever works with an engine once so many statements were done."""
    done: list[str] = []

    def before(*_: object) -> None:
        if len(done) >= statements:
            raise Killed

    def after(_c: object, _u: object, statement: str, *_: object) -> None:
        done.append(statement)
        if len(done) >= statements:
            raise Killed

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)
    yield done
    event.remove(engine.sync_engine, "before_cursor_execute", before)
    event.remove(engine.sync_engine, "after_cursor_execute", after)


async def publish_and_die(url: str, publication: Publication, statements: int) -> list[str]:
    """Publish, and be gone after so many statements, connections and all."""
    async with opened(url) as doomed:
        with killed_after(doomed, statements) as done, suppress(Killed, BaseExceptionGroup):
            await store.publish(doomed, publication, now=NOW)
    async with opened(url) as other, other.connect() as connection:
        database = await connection.scalar(text("SELECT DATABASE()"))
        others = text(
            "SELECT id FROM information_schema.processlist "
            "WHERE db = :database AND id <> CONNECTION_ID()"
        )
        for number in (await connection.scalars(others, {"database": database})).all():
            with suppress(Exception):
                await connection.execute(text(f"KILL {number:d}"))
    return done


async def served(engine: AsyncEngine) -> tuple[Any, ...]:
    async with transaction(engine) as connection:
        published = await runs.published(connection)
        assert published is not None
        seen = (await connection.execute(OF_ONE_RUN)).one()
        found = await connection.scalars(text("SELECT customer_id FROM customer_intelligence"))
        ids = found.all()
    assert tuple(seen) == (3, 1, 1, 1)
    return published.run_id, published.customer_id_type, {str(one) for one in ids}


async def let_go(engine: AsyncEngine) -> None:
    """Find the run that was cut short, as whoever looks next does."""
    with suppress(Exception):
        await let_the_lease_expire(engine)
    await runs.latest(engine)


@pytest.mark.long
async def test_whoever_is_killed_leaves_the_old_run_or_the_new_one(
    engine: AsyncEngine, url: str
) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    old = await served(engine)
    statements, new = 0, None
    while new is None:
        statements += 1
        await let_go(engine)
        publication = await prepared(engine, TEXTS)
        done = await publish_and_die(url, publication, statements)
        now = await served(engine)
        if now == old:
            continue
        assert now == (publication.run_id, "text", set(TEXTS.tolist())), done
        new = now
        assert "RENAME TABLE" in "".join(done), done
    assert statements > 20
    again = await prepared(engine, INTEGERS)
    await store.publish(engine, again, now=NOW)
    assert await served(engine) == (again.run_id, "integer", set(map(str, INTEGERS.tolist())))
    async with transaction(engine) as connection:
        tables = (await connection.scalars(text("SHOW TABLES"))).all()
    assert not [name for name in tables if name.endswith(("_next", "_before"))]


async def test_what_came_before_is_kept_through_a_change_of_type(
    engine: AsyncEngine,
) -> None:
    ids = np.array([7, 12, 13])
    await store.publish(engine, await prepared(engine, ids), now=NOW)
    first = await runs.latest(engine)
    texts = np.array(["12", "13", "7"], dtype=object)
    publication = await prepared(engine, texts)
    moves = store.SegmentMoves(
        customer_id=texts[:1],
        from_segment_id=np.array(["alpha"], dtype=object),
        to_segment_id=np.array(["beta"], dtype=object),
        cause=np.array([Cause.MODEL], dtype=object),
    )
    await store.publish(engine, replace(publication, moves=moves), now=NOW)
    async with transaction(engine) as connection:
        moved = await store.read_moves(connection, MoveFilter(), limit=9)
    assert [move.customer_id for move in moved] == ["12"]
    assert first is not None
    assert [run.id for run in await runs.recent(engine, limit=9)] == [
        publication.run_id,
        first.id,
    ]


async def test_a_lost_lease_changes_nothing_of_the_tables_either(engine: AsyncEngine) -> None:
    await store.publish(engine, await prepared(engine), now=NOW)
    before = await served(engine)
    late = await prepared(engine, TEXTS)
    await let_the_lease_expire(engine)
    with pytest.raises(LeaseLost):
        await store.publish(engine, late, now=NOW)
    assert await served(engine) == before


async def test_who_is_held_out_stays_so_through_a_change_of_type_also_who_came_meanwhile(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.publish(engine, await prepared(engine, ids=INTEGERS), now=NOW)
    early, late = (str(one) for one in TEXTS[:2])
    await hold_out_in_a_campaign(engine, "early", early)
    publication = await prepared(engine, ids=TEXTS)
    swapped = publish_beside_module._drop_erased

    async def meanwhile(*arguments: Any) -> None:
        """Let a campaign start once the customers are filled in."""
        await swapped(*arguments)
        await insert_member(arguments[0], "late", late)

    monkeypatch.setattr(publish_beside_module, "_drop_erased", meanwhile)
    await store.publish(engine, publication, now=NOW)
    async with transaction(engine) as connection:
        asked = "SELECT customer_id FROM customer_intelligence WHERE held_out_until IS NOT NULL"
        held = {str(one) for one in await connection.scalars(text(asked))}
    assert held == {early, late}


async def hold_out_in_a_campaign(engine: AsyncEngine, campaign_id: str, customer_id: str) -> None:
    async with transaction(engine) as connection:
        await insert_member(connection, campaign_id, customer_id)


async def insert_member(connection: AsyncConnection, campaign_id: str, customer_id: str) -> None:
    campaign = {
        "id": campaign_id,
        "name": "A",
        "state": "running",
        "chosen": "{}",
        "goal": "buyers",
        "holdout_share": 0.1,
        "promise": "{}",
        "already_held_out": 0,
        "salt": "s",
        "created_at": NOW,
        "started_at": NOW,
        "treated": 0,
        "held_out": 1,
    }
    await connection.execute(insert(campaigns), campaign)
    member = {"campaign_id": campaign_id, "customer_id": customer_id, "is_held_out": 1}
    await connection.execute(insert(campaign_members), {**member, "stratum": 0})
