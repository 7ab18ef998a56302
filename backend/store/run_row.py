"""One row of our table of runs, as whoever looks at it should see it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, case, false, func, select

from backend.database.database_clock import database_now
from backend.store.run_request import RunRequest
from backend.store.tables import runs

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
NotPublished = Literal["nothing_read", "lost_customers", "older_than_served"]
LEASE_EXPIRED = "The worker stopped renewing its lease; what was published before stays."
NEVER_CLAIMED = (
    "No worker took the run in time: start one, with RUN_WORKER=true or python -m backend worker, "
    "and ask again."
)
LOST: Mapping[str, str] = {"running": LEASE_EXPIRED, "queued": NEVER_CLAIMED}

# Nobody can renew the lease of a run that is being published; until whoever looks for such a run
# finds its row free, it is shown as at work, and longer than this it is not.
PUBLISHING = timedelta(minutes=15)

LARGE = frozenset({"report", "explainer", "model", "sums"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One row of `runs`, without its report.

    Attributes
    ----------
    not_published
        Why a run that succeeded was not published unasked; None where it was, or never was to be.
    read_at
        The instant of this look, by the database's clock.
    """

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
    not_published: NotPublished | None
    read_at: datetime = field(compare=False)

    @property
    def is_finished(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state not in {"queued", "running"}

    @property
    def seconds(self) -> float:
        """Seconds from the start to the end, or to the look; 0 before the start."""
        if self.started_at is None:
            return 0.0
        return ((self.finished_at or self.read_at) - self.started_at).total_seconds()


def select_runs() -> Select[Any]:
    """Select rows that `run_of` reads, by the database's clock."""
    columns = [column for column in runs.columns if column.name not in LARGE]
    return select(*columns, database_now().label("read_at"))


def shown_state() -> ColumnElement[str]:
    """Return the state that `run_of` shows, for SQL."""
    return case(((runs.c.active == 1) & ~is_at_work(), "failed"), else_=runs.c.state)


def is_at_work() -> ColumnElement[bool]:
    """Tell in SQL whether an active run is shown as at work, or as in time to be taken."""
    held = runs.c.lease_until >= database_now()
    published = (runs.c.stage == "publish") & (runs.c.lease_until >= database_now(-PUBLISHING))
    return held | func.coalesce(published, false())


def _shown_until(row: Mapping[str, Any]) -> datetime | None:
    """Return until when an active run is shown as at work, as `is_at_work` does."""
    until: datetime | None = row["lease_until"]
    if until is None or row["stage"] != "publish":
        return until
    return until + PUBLISHING


def run_of(row: Mapping[Any, Any]) -> Run:
    """Show a row; a run whose lease has expired has failed, whether or not anybody wrote so."""
    told = dict(row)
    until = _shown_until(told)
    if told["active"] and until and until < told["read_at"]:
        told |= {"error": LOST[told["state"]], "state": "failed"}
        told |= {"finished_at": told["lease_until"]}
    return Run(
        id=told["id"],
        state=told["state"],
        request=RunRequest.from_json(told["request"]),
        as_of=told["as_of"],
        stage=told["stage"],
        share_done=told["share_done"],
        counts=json.loads(told["counts"]),
        queued_at=told["queued_at"],
        started_at=told["started_at"],
        finished_at=told["finished_at"],
        error=told["error"],
        published=told["published"] == 1,
        not_published=told["not_published"],
        read_at=told["read_at"],
    )
