"""Digests: which run's is due, was sent or was not; one row a run, taken before anything is sent.

At most one is sent for a run, however many processes there are: whoever has written the row sends,
and what is cut short between the row and the server's word is not sent again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from backend.core.errors import DatabaseUnavailable
from backend.core.glossary import Undelivered
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.store.tables import digests, runs

DigestState = Literal["due", "sending", "sent", "not_sent"]
# A run that was published before is no news: a service that begins to send looks back no further.
NEWS = timedelta(days=1)
# Much longer than one try takes: whoever has not said by then how it ended is gone.
CUT_SHORT_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What became of one run's digest.

    Attributes
    ----------
    tries
        At least 1.
    at
        When it was sent, or given up; the next try's time while it is due, else the last one's.
    why_not
        What was in the way of the last try; None where nothing was.
    reply
        The mail server's code; None where it gave none.
    """

    run_id: str
    state: DigestState
    tries: int
    at: datetime
    why_not: Undelivered | None
    reply: int | None


@dataclass(frozen=True, slots=True)
class TakenDigest:
    """A digest that is ours to send, for this one try."""

    run_id: str
    tries: int


async def take(engine: AsyncEngine) -> TakenDigest | None:
    """Take the served run's digest, if it is due and nobody else has it.

    Raises
    ------
    DatabaseUnavailable
        When our database is away.
    """
    try:
        async with transaction(engine) as connection:
            return await _take(connection)
    except IntegrityError:  # another process has written the row meanwhile
        return None
    except DatabaseUnavailable as error:  # or is just about to
        if error.kind != "locked":
            raise
        return None


async def _take(connection: AsyncConnection) -> TakenDigest | None:
    now = await read_clock(connection)
    found = await connection.execute(
        select(runs.c.id, runs.c.finished_at).where(runs.c.published == 1)
    )
    if (served := found.one_or_none()) is None:
        return None
    await _give_up_others(connection, served.id, now)
    known = await connection.execute(select(digests).where(digests.c.run_id == served.id))
    if (row := known.mappings().one_or_none()) is None:
        return await _begin(connection, served.id, now) if served.finished_at > now - NEWS else None
    return await _try_again(connection, row, now)


async def _begin(connection: AsyncConnection, run_id: str, now: datetime) -> TakenDigest:
    await connection.execute(
        insert(digests).values(run_id=run_id, state="sending", tries=1, at=now)
    )
    return TakenDigest(run_id, 1)


async def _try_again(connection: AsyncConnection, row: Any, now: datetime) -> TakenDigest | None:
    if row["state"] != "due" or row["at"] > now:
        return None
    run_id, tries = row["run_id"], row["tries"] + 1
    mine = (digests.c.run_id == run_id, digests.c.state == "due", digests.c.tries == row["tries"])
    done = await connection.execute(
        update(digests).where(*mine).values(state="sending", tries=tries, at=now)
    )
    return TakenDigest(run_id, tries) if done.rowcount else None


async def _give_up_others(connection: AsyncConnection, served: str, now: datetime) -> None:
    """Give up what a later run has overtaken, and what nobody ended who had begun it."""
    open_ones = await connection.execute(
        select(digests.c.run_id, digests.c.state, digests.c.at).where(
            digests.c.state.in_(("due", "sending"))
        )
    )
    for run_id, state, at in open_ones.all():
        if state == "due" and run_id != served:
            await _end(connection, run_id, state, Undelivered.SUPERSEDED, now)
        if state == "sending" and at < now - CUT_SHORT_AFTER:
            await _end(connection, run_id, state, Undelivered.INTERRUPTED, now)


async def _end(
    connection: AsyncConnection, run_id: str, state: str, why: Undelivered, now: datetime
) -> None:
    still = (digests.c.run_id == run_id, digests.c.state == state)
    ended = {"state": "not_sent", "why_not": str(why), "at": now}
    await connection.execute(update(digests).where(*still).values(**ended))


async def conclude(
    engine: AsyncEngine,
    taken: TakenDigest,
    why_not: Undelivered | None,
    reply: int | None,
    again_in: timedelta | None,
) -> None:
    """Write down how a try ended.

    Parameters
    ----------
    engine
        Where our tables are.
    taken
        The digest, and which try it was.
    why_not, reply
        What was in the way, and the server's code; None where nothing was.
    again_in
        After how long it is due again; None where this was the last try.
    """
    state = "sent" if why_not is None else "not_sent" if again_in is None else "due"
    mine = (digests.c.run_id == taken.run_id, digests.c.tries == taken.tries)
    async with transaction(engine) as connection:
        at = await read_clock(connection) + (again_in or timedelta())
        ended = {"state": state, "why_not": why_not and str(why_not), "reply": reply, "at": at}
        await connection.execute(update(digests).where(*mine).values(**ended))


async def read_digest(connection: AsyncConnection, run_id: str) -> Digest | None:
    """Return what became of a run's digest; None where nobody has begun one."""
    found = await connection.execute(select(digests).where(digests.c.run_id == run_id))
    row = found.mappings().one_or_none()
    if row is None:
        return None
    why = row["why_not"]
    return Digest(**{**row, "why_not": None if why is None else Undelivered(why)})


async def newest_state(connection: AsyncConnection) -> DigestState | None:
    """Return how the newest digest is; None before the first."""
    newest = select(digests.c.state).order_by(digests.c.at.desc()).limit(1)
    state: DigestState | None = await connection.scalar(newest)
    return state
