"""The command line, as an operator types it."""

import json
import signal
import subprocess
import tomllib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from backend.database.engine import opened, transaction
from backend.store.audit import read_audit
from tests import forked
from tests.conftest import NewDatabase, execute, in_turns, on_one_kind, wait_for
from tests.databases import migrated
from tests.live import ROOT, command, environment, refusal, run, serving
from tests.performed import NO_WORKER, clustered_shop
from tests.remembered import ANEW
from tests.shops import fill, invented
from tests.waiting import PATIENCE_SECONDS, wait_until


@pytest.fixture
def shop_url(database_url: str) -> str:
    """Give a shop on each kind of database."""
    wait_for(fill(database_url, invented(60)))
    return database_url


@pytest.fixture
def sqlite_shop(new_sqlite: NewDatabase) -> str:
    """Give a shop on SQLite, for what does not depend on the database."""
    url = new_sqlite()
    wait_for(fill(url, invented(60)))
    return url


def test_cluster_prints_the_report_and_nothing_else(shop_url: str, tmp_path: Path) -> None:
    done = command(shop_url, tmp_path, "cluster", "--as-of", "2024-06-01T05:00:00+05:00", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["customers"]["total"] == 60
    assert report["as_of"] == "2024-06-01T00:00:00+00:00"


def test_cluster_prints_a_table(sqlite_shop: str, tmp_path: Path) -> None:
    done = command(sqlite_shop, tmp_path, "cluster", "--as-of", "2024-06-01", "--sample-size", "40")
    assert done.returncode == 0, done.stderr
    assert "Segment" in done.stdout
    assert "no_orders" in done.stdout
    assert "succeeded" in done.stderr


def test_report_writes_the_page_of_the_served_run_or_of_another(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite(clustered_shop)
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        page = live.get("/api/mcp/runs/latest/report.html").text
        run_id = live.get("/api/mcp/runs/latest").json()["run_id"]
    assert command(url, tmp_path, "report", "--out", "report.html").returncode == 0
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page
    printed = command(url, tmp_path, "report", "--run", run_id, "--out", "-")
    assert printed.stdout.rstrip("\n") == page.rstrip("\n")


@pytest.mark.parametrize(
    ("prepared", "arguments", "code", "said"),
    [
        (migrated, ("--out", "report.html"), 1, "No run has been published"),
        (clustered_shop, ("--run", "none", "--out", "report.html"), 1, "No run has the id none."),
        (clustered_shop, ("--out", "missing/report.html"), 2, "cannot be written (No such file"),
    ],
    ids=["before the first run", "an unknown run", "no such folder"],
)
def test_a_report_that_cannot_be_written_is_one_sentence(
    new_sqlite: NewDatabase,
    tmp_path: Path,
    prepared: Callable[[str], Coroutine[Any, Any, object]],
    arguments: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    done = command(new_sqlite(prepared), tmp_path, "report", *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert list(tmp_path.glob("*report*")) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cluster", "--min-k", "5", "--max-k", "2"), "min_k is 5, above max_k, 2."),
        (("cluster", "--sample-size", "0"), "sample_size is 0, but must be at least 1."),
        (("cluster", "--as-of", "2999-01-01T00:00+05:00"), "2998-12-31T19:00:00+00:00, in the"),
        (("cluster", "--as-of", "0001-01-01T00:00+05:00"), "outside the years 1 to 9999"),
        (("cluster", "--as-of", "yesterday"), "yesterday"),
    ],
)
def test_nonsense_is_one_sentence_and_exit_code_2(
    sqlite_shop: str, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = command(sqlite_shop, tmp_path, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@in_turns("how")
@pytest.mark.parametrize(
    "how", ["backend cluster", "backend worker", "uvicorn backend.main:app", "backend serve"]
)
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DATABASE_URL", "", "DATABASE_URL is empty; expected postgresql://"),
        ("DATABASE_URL", "oracle://u:hunter2@h/d", "begins with oracle://"),
        ("API_KEY", "", "API_KEY is empty"),
        ("CHURN_HORIZON_DAYS", "never", "CHURN_HORIZON_DAYS holds 'never'"),
        ("SHOP_PRESET", "woocomerce", "did you mean woocommerce?); there are bagisto, erpnext,"),
    ],
)
def test_a_wrong_variable_is_one_sentence_and_exit_code_2(
    tmp_path: Path, how: str, variable: str, value: str, said: str
) -> None:
    module, *arguments = how.split()
    variables = environment("sqlite:///x.db", {variable: value})
    done = run(module, arguments, tmp_path, variables, anew=variable == "API_KEY")
    assert done.returncode == 2
    assert said in done.stderr
    assert "hunter2" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "how", ["backend check", "backend worker", "uvicorn backend.main:app", "backend serve"]
)
def test_a_misspelt_variable_is_named_once_without_its_value(
    new_sqlite: NewDatabase, tmp_path: Path, how: str
) -> None:
    """The table in the way ends what would go on for ever."""
    url = new_sqlite()
    wait_for(execute(url, "CREATE TABLE intelligence_runs (id INTEGER, runner TEXT)"))
    (tmp_path / ".env").write_text("ADMIN_APIKEY=hunter2\nREDIS_HOST=cache\n")
    module, *arguments = how.split()
    done = run(module, arguments, tmp_path, environment(url))
    assert done.stderr.count("ADMIN_APIKEY is unknown; did you mean ADMIN_API_KEY?") == 1
    assert "hunter2" not in done.stderr + done.stdout
    assert "REDIS_HOST" not in done.stderr


@pytest.mark.parametrize(
    "how", ["backend cluster", "backend migrate", "uvicorn backend.main:app", "backend serve"]
)
def test_a_shops_table_in_the_way_is_one_sentence_and_exit_code_2(
    new_sqlite: NewDatabase, tmp_path: Path, how: str
) -> None:
    url = new_sqlite()
    wait_for(execute(url, "CREATE TABLE intelligence_runs (id INTEGER, runner TEXT)"))
    module, *arguments = how.split()
    done = run(module, arguments, tmp_path, environment(url))
    assert done.returncode == 2
    (line,) = refusal(done.stderr)
    assert "intelligence_runs is there and not ours" in line


def test_the_check_names_a_table_in_the_way(sqlite_shop: str, tmp_path: Path) -> None:
    wait_for(execute(sqlite_shop, "CREATE TABLE intelligence_segments (id INTEGER, name TEXT)"))
    done = command(sqlite_shop, tmp_path, "check", "--json")
    found = {one["code"]: one for one in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert found["our_tables_unusable"]["sentence"].startswith("intelligence_segments is there")


def test_the_check_leaves_no_file_of_ours(sqlite_shop: str, tmp_path: Path) -> None:
    (place := tmp_path / "ours").mkdir()
    ours = {"INTELLIGENCE_DATABASE_URL": f"sqlite:///{place}/ours.db"}
    done = run("backend", ["check", "--json"], tmp_path, environment(sqlite_shop, ours))
    codes = [one["code"] for one in json.loads(done.stdout)["findings"]]
    assert (done.returncode, "our_tables_unusable" in codes) == (0, False), done.stderr
    assert [*place.iterdir()] == []


def test_a_missing_shop_table_is_named(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    done = command(new_sqlite(), tmp_path, "cluster")
    assert done.returncode == 1
    assert "customers" in done.stderr
    assert "Traceback" not in done.stderr


@on_one_kind
def test_migrate_makes_the_guides_tables_when_asked(database_url: str, tmp_path: Path) -> None:
    assert command(database_url, tmp_path, "migrate").returncode == 0
    done = command(database_url, tmp_path, "migrate", "--shop-tables")
    assert done.returncode == 0, done.stderr
    done = command(database_url, tmp_path, "cluster", "--json")
    assert (done.returncode, "the run read no customer" in done.stderr) == (1, True)
    assert wait_for(audited(database_url)) == [("command", "run_started")]


async def audited(url: str) -> list[tuple[str, str]]:
    async with opened(url) as engine, transaction(engine) as connection:
        return [(one.key, one.action) for one in await read_audit(connection, limit=10)]


def test_a_separate_worker_does_the_work(sqlite_shop: str, tmp_path: Path) -> None:
    variables = {"RUN_WORKER": "false"}
    with serving(sqlite_shop, tmp_path, variables=variables) as service:
        said = tmp_path / "worker.log"
        worker = forked.start(
            "backend",
            ("worker",),
            folder=tmp_path,
            variables=environment(sqlite_shop),
            stdout=said,
            stderr=said,
        )
        assert service.cluster(as_of="2024-06-01")["state"] == "succeeded"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE_SECONDS) == 0
        assert "run started" in said.read_text()
        assert "run started" not in service.log.read_text()


def test_a_server_that_is_stopped_says_so_in_the_run(sqlite_shop: str, tmp_path: Path) -> None:
    with serving(sqlite_shop, tmp_path, variables=ANEW) as service:  # else it may be over
        service.client.post("/api/admin/cluster", headers={"X-API-Key": "admin-key"})
        wait_until(lambda: service.state() != "queued")
        service.process.terminate()
        service.process.wait(PATIENCE_SECONDS)
    with serving(sqlite_shop, tmp_path) as service:
        status = service.get("/api/admin/cluster/status").json()
        assert status["state"] == "failed"
        assert status["error"] == "The service was stopped during the run."
        assert service.cluster(as_of="2024-06-01")["state"] == "succeeded"


def test_make_help_lists_every_command() -> None:
    listed = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in ("setup", "demo", "test", "check", "bench-run", "requirements"):
        assert f"make {name} " in listed


def test_the_version_is_the_projects(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    done = command("sqlite:///x.db", tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"{project['name']} {project['version']}\n")
