"""Alembic's own commands, from the root of the project, with the variables of the service."""

import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import NewDatabase, wait_for
from tests.live import ROOT, environment, run
from tests.store.installation_10_0 import restore

CONFIGURED = ("-c", str(ROOT / "alembic.ini"))


def alembic(url: str, folder: Path, *arguments: str) -> str:
    """Run a command that is to succeed; return what it prints."""
    done = run("alembic", (*CONFIGURED, *arguments), folder, environment(url))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_installation_goes_to_the_newest_version_and_a_step_back(
    database_url: str, tmp_path: Path
) -> None:
    wait_for(restore(database_url))
    assert alembic(database_url, tmp_path, "current").startswith("0002")
    alembic(database_url, tmp_path, "upgrade", "head")
    assert "(head)" in alembic(database_url, tmp_path, "current")
    alembic(database_url, tmp_path, "downgrade", "-1")
    assert "(head)" not in alembic(database_url, tmp_path, "current")


def test_the_history_needs_no_database(tmp_path: Path) -> None:
    listed = alembic("sqlite:///nowhere/x.db", tmp_path, "history")
    assert re.findall(r"-> (\d+)", listed)[-3:] == ["0003", "0002", "0001"]


def test_nothing_is_left_to_write_a_migration_for(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    url = new_sqlite()
    alembic(url, tmp_path, "upgrade", "head")
    assert "No new upgrade operations" in alembic(url, tmp_path, "check")
    versions = set((ROOT / "migrations" / "versions").glob("*.py"))
    alembic(url, tmp_path, "revision", "--autogenerate", "-m", "Nothing")
    assert set((ROOT / "migrations" / "versions").glob("*.py")) == versions


def test_alembic_reads_the_services_env_file(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    url = new_sqlite()
    (tmp_path / ".env").write_text(f"DATABASE_URL={url}\nAPI_KEY=key\n")
    variables = environment(url)
    del variables["DATABASE_URL"], variables["API_KEY"]
    for arguments, printed in ((("upgrade", "head"), ""), (("current",), "(head)")):
        done = subprocess.run(
            (sys.executable, "-m", "alembic", *CONFIGURED, *arguments),
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert printed in done.stdout


def test_a_wrong_variable_is_one_sentence_to_alembic_too(tmp_path: Path) -> None:
    done = run("alembic", (*CONFIGURED, "upgrade", "head"), tmp_path, environment(""))
    assert done.returncode == 2
    assert done.stderr.startswith("DATABASE_URL is empty")
    assert len(done.stderr.strip().splitlines()) == 1
