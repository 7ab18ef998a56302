"""A run ends within seconds where it is cancelled, and nothing of it is published."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import NewDatabase, wait_for
from tests.language_model import SlowModel
from tests.live import ADMIN_KEY, Live, serving
from tests.performed import NO_WORKER
from tests.shops import AS_OF, fill, invented
from tests.waiting import wait_until

ADMIN = {"X-API-Key": ADMIN_KEY}
SECONDS = 20  # a worker looks every two


@pytest.fixture
def slow_model() -> Iterator[SlowModel]:
    """Answer one blank after the other, so that a run is at work for as long as a test wants."""
    model = SlowModel()
    yield model
    model.close()


@pytest.fixture
def url(new_sqlite: NewDatabase) -> str:
    """Fill a shop."""
    made = new_sqlite()
    wait_for(fill(made, invented(60)))
    return made


def post(live: Live, path: str) -> httpx.Response:
    return live.client.post(path, headers=ADMIN, json={"as_of": AS_OF.isoformat()})


def started(live: Live) -> str:
    return str(post(live, "/api/admin/cluster").json()["run_id"])


def cancelled(live: Live, run_id: str) -> httpx.Response:
    return live.client.post(f"/api/admin/runs/{run_id}/cancel", headers=ADMIN)


def test_a_run_at_work_is_cancelled_and_its_process_ends(
    url: str, slow_model: SlowModel, tmp_path: Path
) -> None:
    variables = {"ANTHROPIC_API_KEY": "sk-test", "ANTHROPIC_BASE_URL": slow_model.url}
    with serving(url, tmp_path, variables=variables) as live:
        run_id = started(live)
        wait_until(lambda: slow_model.asked > 0, live.log.read_text)
        answer = cancelled(live, run_id)
        assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
        wait_until(slow_model.is_left, live.log.read_text)
        assert live.get("/api/mcp/segments").json()["segments"] == []
        assert live.get(f"/api/admin/runs/{run_id}", ADMIN_KEY).json()["state"] == "cancelled"
        again = cancelled(live, run_id)
        assert (again.status_code, again.json()["state"]) == (202, "cancelled")
        assert live.get(f"/api/admin/runs/{run_id}/report", ADMIN_KEY).status_code == 404
        assert started(live) != run_id


def test_a_queued_run_is_cancelled_and_makes_room(url: str, tmp_path: Path) -> None:
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        run_id = started(live)
        assert cancelled(live, run_id).json()["state"] == "cancelled"
        assert live.state() == "cancelled"
        assert started(live) != run_id


def test_what_is_over_or_unknown_cannot_be_cancelled(url: str, tmp_path: Path) -> None:
    with serving(url, tmp_path) as live:
        run_id = started(live)
        assert live.finished()["state"] == "succeeded"
        over = cancelled(live, run_id)
        assert over.status_code == 409
        assert over.json()["detail"] == (
            f"Run {run_id} has succeeded already; only an active run can be cancelled."
        )
        assert cancelled(live, "5f0c2a9b").status_code == 404


def test_a_run_that_nobody_takes_in_time_has_failed_and_makes_room(
    url: str, tmp_path: Path
) -> None:
    with serving(url, tmp_path, variables={**NO_WORKER, "QUEUED_SECONDS": "1"}) as live:
        run_id = started(live)
        assert live.finished()["state"] == "failed"
        told = live.get(f"/api/admin/runs/{run_id}", ADMIN_KEY).json()
        assert told["error"].startswith("No worker took the run in time")
        assert started(live) != run_id
