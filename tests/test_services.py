"""The services that the other tests stand on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.database.engine import create_engine
from tests.conftest import NewDatabase, execute, read_only_url
from tests.live import ROOT
from tests.services import Server, listens

USES_REDIS = "test_a_server_that_was_stopped_comes_back"
# Without what only the models need, which takes seconds to import.
PYTEST = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:tests.histories")


async def test_every_kind_of_database_answers(database_url: str) -> None:
    engine = create_engine(database_url)
    async with engine.begin() as connection:
        assert await connection.scalar(text("SELECT 1 + 1")) == 2
    await engine.dispose()


@pytest.mark.external
@pytest.mark.parametrize("kind", ["new_postgres", "new_mysql"])
async def test_a_reader_sees_what_is_there_and_changes_nothing(
    kind: str, request: pytest.FixtureRequest
) -> None:
    make: NewDatabase = request.getfixturevalue(kind)
    url = make()
    await execute(url, "CREATE TABLE things (id INTEGER)", "INSERT INTO things VALUES (7)")
    engine = create_engine(await read_only_url(url))
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT id FROM things")) == 7
        with pytest.raises(DBAPIError, match=r"denied"):
            await connection.execute(text("DELETE FROM things"))
    await engine.dispose()


@pytest.mark.external
def test_a_server_that_was_stopped_comes_back(redis: Server) -> None:
    assert listens(redis.url)
    if redis.is_ours:
        redis.pause()
        redis.stop()
        assert not listens(redis.url)
        redis.start()
        assert listens(redis.url)


@pytest.mark.parametrize(
    ("ci", "status"), [pytest.param("true", 1, marks=pytest.mark.long), ("", 0)]
)
def test_a_service_that_is_missing_is_named_last_and_fails_under_ci(ci: str, status: int) -> None:
    done = without_services(ci)
    assert done.returncode == status, done.stdout
    assert done.stdout.splitlines()[-1].startswith("!!! NOT TESTED: Redis: ")


def test_what_a_worker_cannot_test_is_named_last_and_fails_under_ci() -> None:
    done = without_services("true", "-n", "1")
    assert done.returncode == 1, done.stdout
    *_, counts, last = done.stdout.splitlines()
    assert "1 skipped" in counts
    assert last.startswith("!!! NOT TESTED: Redis: ")


def without_services(ci: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the test of Redis where no program can be found."""
    return subprocess.run(
        (*PYTEST, str(Path(__file__)), "-k", USES_REDIS, *arguments),
        cwd=ROOT,
        env={"CI": ci, "PATH": "/nowhere", "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )
