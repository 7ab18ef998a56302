"""What a run left beside the customers' numbers: its report, its explainer, its borders."""

from sqlalchemy import select

from backend.core.errors import RunNotFound
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.forecast.explainer import Explainer
from backend.results.run_report import RunReport
from backend.scoring.scoring_model import ScoringModel
from backend.segments.segment_model import SegmentModel
from backend.store import stored
from backend.store.tables import runs


async def read_report(engine: AsyncEngine, run_id: str) -> RunReport | None:
    """Return a run's report; None while it has none.

    Raises
    ------
    RunNotFound
        When there is no such run.
    FormatOfTheFuture
        When a newer version wrote it.
    DamagedResult
        When it is not as any version wrote it.
    """
    async with transaction(engine) as connection:
        found = await connection.execute(select(runs.c.report).where(runs.c.id == run_id))
        row = found.one_or_none()
    if row is None:
        raise RunNotFound(run_id)
    return None if row.report is None else stored.REPORT.read(row.report)


async def read_explainer(connection: AsyncConnection, run_id: str) -> Explainer | None:
    """Return what explains the numbers of a run; None where there was nothing to explain.

    Raises
    ------
    FormatOfTheFuture
        When a newer version wrote it.
    DamagedResult
        When it is not as any version wrote it.
    """
    found = await connection.scalar(select(runs.c.explainer).where(runs.c.id == run_id))
    return None if found is None else stored.EXPLAINER.read(found)


async def read_model(connection: AsyncConnection, run_id: str) -> SegmentModel | None:
    """Return the segmentation of a run; None where nothing was clustered.

    Raises
    ------
    FormatOfTheFuture
        When a newer version wrote it.
    DamagedResult
        When it is not as any version wrote it.
    """
    found = await connection.scalar(select(runs.c.model).where(runs.c.id == run_id))
    return None if found is None else stored.read_model(found)


async def read_scoring_model(connection: AsyncConnection, run_id: str) -> ScoringModel | None:
    """Return what scores customers as a run would; None where the run has left none, or no more.

    Raises
    ------
    FormatOfTheFuture
        When a newer version wrote it.
    DamagedResult
        When it is not as any version wrote it.
    """
    statement = select(runs.c.scoring, runs.c.model).where(runs.c.id == run_id)
    row = (await connection.execute(statement)).one_or_none()
    if row is None or row.scoring is None:
        return None
    return stored.read_scoring(row.scoring, row.model)


async def read_standing_model(engine: AsyncEngine) -> SegmentModel | None:
    """Return the segmentation of the published run; None before the first.

    Raises
    ------
    FormatOfTheFuture
        When a newer version wrote it.
    DamagedResult
        When it is not as any version wrote it.
    """
    async with transaction(engine) as connection:
        found = await connection.scalar(select(runs.c.model).where(runs.c.published == 1))
    return None if found is None else stored.read_model(found)
