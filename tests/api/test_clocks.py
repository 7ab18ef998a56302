"""A replica whose clock is wrong: it judges nothing by it, and looking changes nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.database.engine import opened, transaction
from backend.store import leases, runs
from backend.store.all_tables import intelligence
from backend.store.leases import LEASE
from backend.store.run_request import RunRequest
from tests.conftest import NewDatabase, wait_for
from tests.live import ADMIN_KEY, ROOT, serving
from tests.performed import NO_WORKER, clustered_shop

AHEAD_SECONDS = 90
# Python imports this by its name before anything else.
WRONG_CLOCK = f"""
import time
from datetime import timedelta
from backend.core import clock

right, told = clock.utc_now, time.time
clock.utc_now = lambda: right() + timedelta(seconds={AHEAD_SECONDS})
time.time = lambda: told() + {AHEAD_SECONDS}
"""
LOOKS = (
    "/health",
    "/api/admin/cluster/status",
    "/api/admin/runs",
    "/api/admin/audit",
    "/api/admin/changes",
    "/api/mcp/segments",
    "/api/mcp/customers",
    "/api/mcp/customers/1",
    "/api/mcp/customers/gone",
    "/api/mcp/customers/search?query=a",
)


async def a_run_at_work(url: str) -> str:
    """Let another replica have a run at work."""
    async with opened(url) as engine:
        run = await runs.enqueue(engine, RunRequest())
        await leases.claim(engine, token="theirs", lease=LEASE)
    return run.id


async def all_rows(url: str) -> Mapping[str, list[str]]:
    async with opened(url) as engine, transaction(engine) as connection:
        return {
            name: sorted(str(row) for row in await connection.execute(table.select()))
            for name, table in intelligence.tables.items()
        }


@pytest.mark.external
def test_a_clock_that_is_ahead_ends_nobodys_run_and_looking_writes_nothing(
    new_postgres: NewDatabase, tmp_path: Path
) -> None:
    assert LEASE.total_seconds() < AHEAD_SECONDS
    url = new_postgres(clustered_shop)
    run_id = wait_for(a_run_at_work(url))
    (tmp_path / "sitecustomize.py").write_text(WRONG_CLOCK)
    variables = {**NO_WORKER, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    before = wait_for(all_rows(url))
    with serving(url, tmp_path, variables=variables, anew=True) as live:
        for path in LOOKS:
            assert live.get(path, ADMIN_KEY).status_code == 200, path
        status = live.get("/api/admin/cluster/status", ADMIN_KEY).json()
        served = live.get("/health").json()["served"]
    assert (status["run_id"], status["state"]) == (run_id, "running")
    real_age = datetime.now(UTC) - datetime.fromisoformat(served["published_at"])
    assert served["age_seconds"] > real_age.total_seconds()  # the clock is the wrong one
    assert wait_for(all_rows(url)) == before
