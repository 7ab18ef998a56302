"""Runs: at most one active per database, owned by whoever holds its lease.

``active`` is 1 while a run is queued or running and null afterwards; its unique index is what
makes two simultaneous requests start one run. A worker owns a run by a token and a lease that it
keeps renewing; everything it writes is conditional on still holding both.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Select, Update, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from backend.core.customer_id import CustomerIdType
from backend.core.errors import InvalidRunRequest, LeaseLost, RunAlreadyActive, RunNotFound
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.store.tables import runs

Refit = Literal["auto", "now", "force"]
State = Literal["queued", "running", "succeeded", "failed"]
LEASE_EXPIRED = "The worker stopped renewing its lease; what was published before stays."

_SUMMARY = [
    column for column in runs.columns if column.name not in {"report", "explainer", "model"}
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a run is asked for; everything is optional.

    Attributes
    ----------
    sample_size
        Customers to fit on, at least 1; every customer is assigned and scored all the same.
    min_k, max_k
        Bounds of the number of segments, at least 1.
    as_of
        The instant to describe; None: when the run starts.
    refit
        "auto": the borders between segments are learnt anew monthly or for other bounds; "now":
        at once; "force": also where that moves many customers.
    """

    sample_size: int | None = None
    min_k: int | None = None
    max_k: int | None = None
    as_of: datetime | None = None
    refit: Refit = "auto"

    def __post_init__(self) -> None:
        for name in ("sample_size", "min_k", "max_k"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InvalidRunRequest(name, f"is {value}, but must be at least 1")
        if self.refit not in get_args(Refit):
            raise InvalidRunRequest("refit", f"is {self.refit!r}, expected auto, now or force")
        if self.min_k is not None and self.max_k is not None and self.min_k > self.max_k:
            raise InvalidRunRequest("min_k", f"is {self.min_k}, above max_k, {self.max_k}")

    def as_json(self) -> str:
        """Return the request as JSON, `as_of` in ISO 8601."""
        values = asdict(self)
        values["as_of"] = self.as_of.isoformat() if self.as_of else None
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> "RunRequest":
        """Read what `as_json` wrote."""
        values = json.loads(text)
        as_of = values.pop("as_of")
        return cls(**values, as_of=datetime.fromisoformat(as_of) if as_of else None)


@dataclass(frozen=True, slots=True)
class Published:
    """The run whose results are served.

    `revision` counts what a person corrected since, such as a segment's name; run and revision
    together name one state of what is served.
    """

    run_id: str
    as_of: datetime
    customer_id_type: CustomerIdType
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One row of `runs`, without its report."""

    id: str
    state: State
    request: RunRequest
    as_of: datetime | None
    stage: str | None
    share_done: float
    counts: Mapping[str, int] = field(default_factory=dict)
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None
    published: bool

    @property
    def is_finished(self) -> bool:
        """Whether it has succeeded or failed."""
        return self.state in {"succeeded", "failed"}

    def seconds(self, now: datetime) -> float:
        """Seconds from the start to the end, or to `now`; 0 before the start."""
        if self.started_at is None:
            return 0.0
        return ((self.finished_at or now) - self.started_at).total_seconds()


async def enqueue(engine: AsyncEngine, request: RunRequest, *, now: datetime) -> Run:
    """Queue a run.

    Raises
    ------
    RunAlreadyActive
        When one is queued or running; a run whose lease has expired is marked failed first.
    InvalidRunRequest
        When the run is to describe an instant that has not come yet.
    """
    if request.as_of is not None and request.as_of > now:
        raise InvalidRunRequest("as_of", f"is {request.as_of.isoformat()}, in the future")
    run_id = secrets.token_hex(8)
    await reap_expired(engine, now=now)
    try:
        async with transaction(engine) as connection:
            await connection.execute(_queued(run_id, request, now))
    except IntegrityError:
        async with transaction(engine) as connection:
            active = await connection.scalar(select(runs.c.id).where(runs.c.active == 1))
        raise RunAlreadyActive(active or "that just ended") from None
    return await get(engine, run_id)


def _queued(run_id: str, request: RunRequest, now: datetime) -> Any:
    return insert(runs).values(
        id=run_id,
        state="queued",
        active=1,
        revision=0,
        request=request.as_json(),
        share_done=0.0,
        counts="{}",
        queued_at=now,
    )


async def claim(engine: AsyncEngine, *, token: str, now: datetime, lease: timedelta) -> Run | None:
    """Take the queued run for the holder of `token`; None when there is none.

    One conditional UPDATE, so that of many workers exactly one gets it.
    """
    queued = (runs.c.active == 1, runs.c.state == "queued")
    statement = (
        update(runs)
        .where(*queued)
        .values(state="running", lease_token=token, lease_until=now + lease, started_at=now)
    )
    async with transaction(engine) as connection:
        await _expire(connection, now)
        if await connection.scalar(select(runs.c.id).where(*queued)) is None:
            return None
        claimed = await connection.execute(statement)
        if claimed.rowcount == 0:
            return None
        found = await connection.execute(select(*_SUMMARY).where(runs.c.active == 1))
        return _run(found.mappings().one())


async def renew(
    engine: AsyncEngine, run_id: str, *, token: str, now: datetime, lease: timedelta
) -> None:
    """Prolong the lease.

    Raises
    ------
    LeaseLost
        When the run is no longer ours.
    """
    await _write(engine, run_id, token, lease_until=now + lease)


async def write_progress(
    engine: AsyncEngine,
    run_id: str,
    *,
    token: str,
    stage: str,
    share_done: float,
    counts: Mapping[str, int],
) -> None:
    """Say how far the run is.

    Raises
    ------
    LeaseLost
        When the run is no longer ours.
    """
    await _write(
        engine, run_id, token, stage=stage, share_done=share_done, counts=json.dumps(dict(counts))
    )


async def _write(engine: AsyncEngine, run_id: str, token: str, **values: Any) -> None:
    async with transaction(engine) as connection:
        written = await connection.execute(_held(run_id, token).values(**values))
    if written.rowcount == 0:
        raise LeaseLost(run_id)


def _held(run_id: str, token: str) -> Update:
    return update(runs).where(
        runs.c.id == run_id, runs.c.lease_token == token, runs.c.state == "running"
    )


async def finish(
    connection: AsyncConnection,
    run_id: str,
    *,
    token: str,
    as_of: datetime,
    customer_id_type: CustomerIdType,
    report: str,
    explainer: str | None,
    model: str | None,
    now: datetime,
) -> None:
    """Mark the run succeeded and served, as part of the transaction that publishes its results.

    Raises
    ------
    LeaseLost
        When the run is no longer ours; the transaction must not commit.
    """
    await connection.execute(update(runs).where(runs.c.published == 1).values(published=None))
    statement = _held(run_id, token).where(runs.c.lease_until > now)
    done = await connection.execute(
        statement.values(
            state="succeeded",
            active=None,
            published=1,
            share_done=1.0,
            as_of=as_of,
            customer_id_type=customer_id_type,
            report=report,
            explainer=explainer,
            model=model,
            finished_at=now,
        )
    )
    if done.rowcount == 0:
        raise LeaseLost(run_id)


async def replace_report(connection: AsyncConnection, run_id: str, report: str) -> None:
    """Store another report of a run, as part of the transaction that publishes its results."""
    await connection.execute(update(runs).where(runs.c.id == run_id).values(report=report))


async def fail(engine: AsyncEngine, run_id: str, *, token: str, error: str, now: datetime) -> bool:
    """Mark the run failed. Returns False when it had already ended or was lost."""
    statement = _held(run_id, token).values(
        state="failed", active=None, error=error, finished_at=now
    )
    async with transaction(engine) as connection:
        return (await connection.execute(statement)).rowcount == 1


async def reap_expired(engine: AsyncEngine, *, now: datetime) -> None:
    """Mark a run failed whose worker no longer renews its lease."""
    async with transaction(engine) as connection:
        await _expire(connection, now)


async def _expire(connection: AsyncConnection, now: datetime) -> None:
    """Look before writing: this is asked every second, and a lock each time gets in the way."""
    expired = (runs.c.active == 1, runs.c.state == "running", runs.c.lease_until < now)
    if await connection.scalar(select(runs.c.id).where(*expired)) is None:
        return
    await connection.execute(
        update(runs)
        .where(*expired)
        .values(state="failed", active=None, error=LEASE_EXPIRED, finished_at=now)
    )


async def get(engine: AsyncEngine, run_id: str) -> Run:
    """Return one run.

    Raises
    ------
    RunNotFound
        When there is none with this id.
    """
    run = await _one(engine, select(*_SUMMARY).where(runs.c.id == run_id))
    if run is None:
        raise RunNotFound(run_id)
    return run


async def latest(engine: AsyncEngine) -> Run | None:
    """Return the active run, else the one queued last; None before the first."""
    newest = select(*_SUMMARY).order_by(runs.c.active.is_(None), runs.c.queued_at.desc()).limit(1)
    return await _one(engine, newest)


async def recent(engine: AsyncEngine, *, limit: int) -> list[Run]:
    """Return the newest runs, newest first."""
    statement = select(*_SUMMARY).order_by(runs.c.queued_at.desc()).limit(limit)
    async with transaction(engine) as connection:
        return [_run(row) for row in (await connection.execute(statement)).mappings()]


async def running(connection: AsyncConnection) -> str | None:
    """Return the id of the run that is at work; None where none is."""
    at_work = (runs.c.active == 1, runs.c.state == "running")
    found: str | None = await connection.scalar(select(runs.c.id).where(*at_work))
    return found


async def published(connection: AsyncConnection) -> Published | None:
    """Return the run that is served; None before the first."""
    columns = (runs.c.id, runs.c.as_of, runs.c.customer_id_type, runs.c.revision)
    found = await connection.execute(select(*columns).where(runs.c.published == 1))
    row = found.one_or_none()
    return None if row is None else Published(*row)


async def hold_published(connection: AsyncConnection) -> None:
    """Wait for a run that is being published, and keep the next one from it meanwhile."""
    await connection.execute(select(runs.c.id).where(runs.c.published == 1).with_for_update())


async def hold_publications(connection: AsyncConnection) -> None:
    """Wait for a run that is being published, and keep any from it until the transaction ends."""
    published_or_next = (runs.c.published == 1) | (runs.c.active == 1)
    await connection.execute(select(runs.c.id).where(published_or_next).with_for_update())


async def revise(connection: AsyncConnection) -> None:
    """Say that something of what is served was corrected."""
    await connection.execute(
        update(runs).where(runs.c.published == 1).values(revision=runs.c.revision + 1)
    )


async def forget_before(connection: AsyncConnection, instant: datetime) -> None:
    """Delete runs that ended before `instant`; never the published or an active one."""
    await connection.execute(
        delete(runs).where(
            runs.c.finished_at < instant, runs.c.active.is_(None), runs.c.published.is_(None)
        )
    )


async def _one(engine: AsyncEngine, statement: Select[Any]) -> Run | None:
    async with transaction(engine) as connection:
        row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else _run(row)


def _run(row: Mapping[Any, Any]) -> Run:
    return Run(
        id=row["id"],
        state=row["state"],
        request=RunRequest.from_json(row["request"]),
        as_of=row["as_of"],
        stage=row["stage"],
        share_done=row["share_done"],
        counts=json.loads(row["counts"]),
        queued_at=row["queued_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        error=row["error"],
        published=row["published"] == 1,
    )
