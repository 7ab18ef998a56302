"""Runs whose segments can stand beside another's: published ones for ever, others while kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, true

from backend.database.engine import AsyncConnection
from backend.store.tables import runs, segment_history


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparableRun:
    """A run that left segments.

    Attributes
    ----------
    as_of
        The instant that it describes.
    ended_at
        When it was published, or had reported.
    was_published
        Whether history has its segments; else its report alone does.
    has_moves
        Whether it is still kept who moved with it.
    """

    run_id: str
    as_of: datetime
    ended_at: datetime
    was_published: bool
    has_moves: bool


async def read_comparable_runs(connection: AsyncConnection) -> list[ComparableRun]:
    """Return all of them, by the instant that they describe, the latest first."""
    found = [ComparableRun(**row) for row in (await connection.execute(_published())).mappings()]
    found += [
        ComparableRun(**row, was_published=False, has_moves=False)
        for row in (await connection.execute(_only_reported())).mappings()
    ]
    return sorted(found, key=lambda one: (one.as_of, one.ended_at), reverse=True)


def _published() -> Select[Any]:
    of_run = segment_history.c
    return (
        select(
            of_run.run_id,
            func.max(of_run.as_of).label("as_of"),
            func.max(of_run.published_at).label("ended_at"),
            true().label("was_published"),
            (func.count(runs.c.id) > 0).label("has_moves"),
        )
        .outerjoin(runs, runs.c.id == of_run.run_id)
        .group_by(of_run.run_id)
    )


def _only_reported() -> Select[Any]:
    in_history = select(segment_history.c.run_id)
    return select(
        runs.c.id.label("run_id"), runs.c.as_of, runs.c.finished_at.label("ended_at")
    ).where(runs.c.state == "succeeded", runs.c.report.is_not(None), runs.c.id.not_in(in_history))
