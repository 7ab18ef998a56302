"""What a database is kept on may be full, or may not be written at all: that is told."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.core.errors import DatabaseRefuses, DatabaseUnavailable
from backend.database.engine import opened, transaction
from tests import services
from tests.conftest import NewDatabase, execute, wait_for
from tests.live import command
from tests.shops import fill, invented


@pytest.fixture
def medium() -> Iterator[Path]:
    """Give a medium of four megabytes, which a test may also take the writing from."""
    with tempfile.TemporaryDirectory(prefix="ib-") as name:
        if os.geteuid() != 0 or not mounted("-t", "tmpfs", "-o", "size=4m", "tmpfs", name):
            pytest.skip("nothing can be mounted here")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


def mounted(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


async def refused(url: str, statement: str) -> DatabaseUnavailable:
    with pytest.raises(DatabaseUnavailable) as caught:
        await run(url, statement)
    return caught.value


async def run(url: str, statement: str) -> None:
    async with opened(url) as engine, transaction(engine) as connection:
        await connection.execute(text(statement))


TEN_MEGABYTES = {
    "new_postgres": "INSERT INTO t SELECT repeat('a', 1000) FROM generate_series(1, 10000)",
    "new_mysql": "INSERT INTO t SELECT REPEAT('a', 1000) FROM seq_1_to_10000",
}


@pytest.mark.external
@pytest.mark.parametrize(
    ("kind", "account"), [("new_postgres", "postgres"), ("new_mysql", "mysql")]
)
def test_a_server_whose_disk_is_full_says_so(
    kind: str, account: str, medium: Path, request: pytest.FixtureRequest
) -> None:
    make: NewDatabase = request.getfixturevalue(kind)
    url, user = make(), services.runs_as(account)
    assert user is not None
    shutil.chown(medium, user)
    if kind == "new_mysql":
        made = [f"CREATE TABLE t (a TEXT) DATA DIRECTORY = '{medium}'"]
        dropped = ["DROP TABLE t"]
    else:
        space = f"space_{medium.name.replace('-', '_')}"
        made = [
            f"CREATE TABLESPACE {space} LOCATION '{medium}'",
            f"CREATE TABLE t (a TEXT) TABLESPACE {space}",
            "ALTER TABLE t ALTER a SET STORAGE PLAIN",
        ]
        dropped = ["DROP TABLE t", f"DROP TABLESPACE {space}"]
    wait_for(execute(url, *made))
    try:
        full = wait_for(refused(url, TEN_MEGABYTES[kind]))
        assert full.kind == "disk_full"
        assert "has no space left" in str(full)
        assert not isinstance(full, DatabaseRefuses)
    finally:
        wait_for(execute(url, *dropped))


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_shop_on_a_medium_that_cannot_be_written_is_read(
    medium: Path, tmp_path: Path, mode: str
) -> None:
    file = medium / "shop.db"
    wait_for(fill(f"sqlite:///{file}", invented(30)))
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.close()
    assert mounted("-o", "remount,ro", str(medium))
    apart = {"INTELLIGENCE_DATABASE_URL": f"sqlite:///{tmp_path}/ours.db"}
    done = command(f"sqlite:///{file}", tmp_path, "check", variables=apart)
    assert "buyers" in done.stdout, done.stderr
    together = command(f"sqlite:///{file}", tmp_path, "migrate")
    assert together.returncode == 2
    assert "read" in together.stderr
    assert "DATABASE_URL" in together.stderr
    assert "Traceback" not in together.stderr
