"""The report of the published run, for rooms that are told from it."""

from functools import partial

from backend import store
from backend.api.state import ApiState
from backend.results.run_report import RunReport
from backend.store import runs


async def served_report(state: ApiState) -> RunReport:
    """Read it, or return what was read of the same state a moment ago.

    Raises
    ------
    NoRunPublished
        Before the first run.
    """
    return await state.kept.of(await state.served.now(), "report", partial(_read, state))


async def _read(state: ApiState) -> RunReport:
    report = await store.read_report(state.engine, await runs.published_id(state.engine))
    assert report is not None  # a published run has one
    return report
