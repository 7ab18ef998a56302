"""Runs in pages, and what the latest of them found, for whoever may only read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_admin import ADMIN, post
from tests.conftest import NewDatabase, execute, wait_for
from tests.databases import SqliteFolder, migrated
from tests.live import ADMIN_KEY, Live, serving
from tests.performed import NO_WORKER, clustered_shop, performed
from tests.shops import AS_OF


@pytest.fixture(scope="module")
def live(sqlite_folder: SqliteFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve one database for what does not depend on it; what is asked for stays queued."""
    url, folder = sqlite_folder.prepared(clustered_shop), tmp_path_factory.mktemp("live")
    with serving(url, folder, variables=NO_WORKER) as service:
        yield service


def test_runs_come_in_pages_that_begin_after_each_other(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    with serving(new_database(clustered_shop), tmp_path, variables=NO_WORKER) as once:
        for _ in range(3):
            assert post(once).status_code == 202
            run_id = once.get("/api/admin/cluster/status").json()["run_id"]
            once.client.post(f"/api/admin/runs/{run_id}/cancel", headers=ADMIN)
        every = once.get("/api/admin/runs", ADMIN_KEY).json()
        assert [run["state"] for run in every["runs"]] == [*["cancelled"] * 3, "succeeded"]
        assert every["next_cursor"] is None
        assert pages_of_runs(once, "limit=1") == [[run] for run in every["runs"]]
        assert pages_of_runs(once, "limit=2&state=cancelled") == [
            every["runs"][:2],
            every["runs"][2:3],
        ]
        assert pages_of_runs(once, "state=failed,succeeded") == [every["runs"][3:]]
        first = once.get("/api/admin/runs?limit=2", ADMIN_KEY).json()
        assert post(once).status_code == 202  # whoever reads on misses nobody and sees nobody twice
        rest = once.get(f"/api/admin/runs?cursor={first['next_cursor']}", ADMIN_KEY).json()
        assert first["runs"] + rest["runs"] == every["runs"]


def pages_of_runs(live: Live, query: str) -> list[list[dict[str, Any]]]:
    """Ask for page after page of as many."""
    limit = query.partition("&")[0] if query.startswith("limit") else "limit=20"
    page = live.get(f"/api/admin/runs?{query}", ADMIN_KEY).json()
    found = [page["runs"]]
    while page["next_cursor"]:
        page = live.get(f"/api/admin/runs?{limit}&cursor={page['next_cursor']}", ADMIN_KEY).json()
        found.append(page["runs"])
    return found


def test_a_run_whose_lease_has_expired_is_among_those_that_failed(fresh_run: Live) -> None:
    wait_for(execute(fresh_run.url, "UPDATE intelligence_runs SET lease_until = '2000-01-01'"))
    failed = fresh_run.get("/api/admin/runs?state=failed", ADMIN_KEY).json()["runs"]
    assert [run["state"] for run in failed] == ["failed"]
    assert fresh_run.get("/api/admin/runs?state=queued", ADMIN_KEY).json()["runs"] == []


@pytest.fixture
def fresh_run(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a database in which one run is queued, which nobody takes."""
    with serving(new_sqlite(migrated), tmp_path, variables=NO_WORKER) as service:
        assert post(service).status_code == 202
        yield service


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("state=happy", "'queued', 'running'"),
        ("limit=101", "100"),
        ("cursor=made.up", "not the next_cursor"),
        ("cursor=OF_A_LIST", "not the next_cursor"),
        ("cursor=OF_RUNS&state=failed", "of another list"),
    ],
)
def test_pages_of_runs_that_make_no_sense_are_refused(
    clustered_pages: dict[str, str], live: Live, query: str, said: str
) -> None:
    for name, cursor in clustered_pages.items():
        query = query.replace(name, cursor)
    answer = live.get(f"/api/admin/runs?{query}", ADMIN_KEY)
    assert (answer.status_code, said in answer.json()["detail"]) == (422, True)


@pytest.fixture
def clustered_pages(live: Live) -> dict[str, str]:
    """Give cursors of a list of customers, and of runs."""
    post(live)
    paths = {"OF_A_LIST": "/api/mcp/customers", "OF_RUNS": "/api/admin/runs"}
    return {
        name: live.get(f"{path}?limit=1", ADMIN_KEY).json()["next_cursor"]
        for name, path in paths.items()
    }


def test_the_latest_run_is_the_one_that_is_served_for_any_key(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    with serving(new_sqlite(clustered_shop), tmp_path, variables=NO_WORKER) as once:
        served = once.get("/api/mcp/segments").json()["run_id"]
        assert performed(once, as_of=AS_OF, publish="never")["published"] is False
        told = once.get("/api/mcp/runs/latest").json()
        assert (told["run_id"], told["published"]) == (served, True)
        assert once.get("/api/admin/runs/latest", ADMIN_KEY).json()["run_id"] == served
        assert told["report_url"] == f"/api/mcp/runs/{served}/report"
        for kind in ("report", "readiness", "report.html"):
            answers = [
                once.get(f"{place}/runs/{run}/{kind}", ADMIN_KEY)
                for place in ("/api/mcp", "/api/admin")
                for run in (served, "latest")
            ]
            assert {answer.status_code for answer in answers} == {200}
            assert len({answer.content for answer in answers}) == 1
        assert once.get(told["report_url"]).json()["run_id"] == served
        assert once.get(told["report_page_url"]).status_code == 200
        assert once.get("/api/mcp/runs/nobody/report").status_code == 404


def test_before_the_first_run_there_is_no_latest(fresh_run: Live) -> None:
    for path in ("/api/mcp/runs/latest", "/api/mcp/runs/latest/report.html"):
        answer = fresh_run.get(path)
        assert (answer.status_code, answer.json()["detail"]) == (
            404,
            "No run has been published yet.",
        )
