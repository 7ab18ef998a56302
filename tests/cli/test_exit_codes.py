"""A start that no second one would mend ends once, with one sentence, under every server."""

import json
import re
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.conftest import NewDatabase, execute, read_only_url, wait_for
from tests.databases import migrated
from tests.forked import quick_python
from tests.live import environment, refusal, run, serving, started_anew
from tests.performed import NO_WORKER
from tests.services import free_port, listens
from tests.waiting import PATIENCE_SECONDS, wait_until

WRONG = {"CHURN_HORIZON_DAYS": "never"}
SAID = "CHURN_HORIZON_DAYS holds 'never'"
UNSENT = ('"in-quotes-of-a-file"', "two\nlines-of-one-key", "schlüssel-für-alle")
LONG = [pytest.mark.long]
GUNICORN = "gunicorn -k uvicorn.workers.UvicornWorker -b 127.0.0.1:{port} backend.main:app"
SERVE_TWO = "backend serve --port {port} --workers 2"
UVICORN_TWO = "uvicorn backend.main:app --port {port} --workers 2"
SERVERS = [
    ("uvicorn backend.main:app --port {port}", 2),
    (GUNICORN, 3),
    pytest.param(f"{GUNICORN} --preload", 3, marks=LONG),
]
GUNICORN_TWO = pytest.param(f"{GUNICORN} -w 2", 3, marks=LONG)
# The parent of uvicorn's ends well whatever its workers do; that it ends is what can be had.
MAKE_IT = "import backend.main; print(backend.main.app.title)"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        *SERVERS,
        pytest.param(SERVE_TWO, 2, marks=LONG),
        (UVICORN_TWO, 0),
        GUNICORN_TWO,
        ("backend worker", 2),
    ],
)
def test_a_wrong_variable_ends_every_server(tmp_path: Path, how: str, code: int) -> None:
    module, *arguments = how.format(port=free_port()).split()
    variables = environment("sqlite:///x.db", WRONG)
    done = run(module, arguments, tmp_path, variables, anew=True)
    assert SAID in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == code


@pytest.mark.parametrize(
    ("how", "code"),
    [
        SERVERS[0],
        *(pytest.param(how, 3, marks=LONG) for how in (GUNICORN, f"{GUNICORN} --preload")),
        (SERVE_TWO, 2),
        pytest.param(UVICORN_TWO, 0, marks=LONG),
    ],
)
def test_a_database_that_cannot_be_served_ends_every_server(
    tmp_path: Path, how: str, code: int
) -> None:
    module, *arguments = how.format(port=free_port()).split()
    variables = environment("sqlite:///x.db")
    done = run(module, arguments, tmp_path, variables, anew=True)
    assert f"there is no file {tmp_path / 'x.db'}" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == code


@pytest.mark.parametrize("how", ["backend serve", "uvicorn backend.main:app"])
def test_a_database_that_is_not_there_is_one_sentence(tmp_path: Path, how: str) -> None:
    module, *arguments = how.split()
    done = run(module, arguments, tmp_path, environment("sqlite:///x.db"))
    (line,) = refusal(done.stderr)
    assert line.startswith("The intelligence database cannot be opened (there is no file ")
    assert done.returncode == 2


@pytest.mark.parametrize("url", ["sqlite:///x.db", "postgresql://nobody@127.0.0.1:1/shop"])
def test_making_the_application_looks_at_no_database(tmp_path: Path, url: str) -> None:
    done = subprocess.run(
        (quick_python(), "-c", MAKE_IT),
        cwd=tmp_path,
        env=environment(url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("Intelligence Backend\n", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("key", "variable"),
    [
        pytest.param(key, name, marks=[] if name == "API_KEY" or key == UNSENT[0] else LONG)
        for key in UNSENT
        for name in ("API_KEY", "ADMIN_API_KEY", "API_KEY_MASKED", "METRICS_KEY")
    ],
)
def test_a_key_that_nobody_can_send_ends_the_start_and_is_not_repeated(
    tmp_path: Path, variable: str, key: str
) -> None:
    done = run("backend", ["serve"], tmp_path, environment("sqlite:///x.db", {variable: key}))
    (line,) = done.stderr.strip().splitlines()
    assert done.returncode == 2
    assert line.startswith(f"{variable} ")
    assert "secrets.token_urlsafe(32)" in line
    assert not {key, *key.splitlines(), key.strip('"')} & set(line.split())


@pytest.mark.long
def test_gunicorn_serves_as_the_docs_have_it(tmp_path: Path) -> None:
    (tmp_path / "x.db").touch()
    port, log = free_port(), tmp_path / "log"
    module, *arguments = f"{GUNICORN} -w 2".format(port=port).split()
    variables = environment("sqlite:///x.db", NO_WORKER)
    process = started_anew(
        module, arguments, folder=tmp_path, variables=variables, stdout=log, stderr=log
    )
    try:
        wait_until(lambda: listens(f"http://127.0.0.1:{port}"), log.read_text)
        answer = httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=PATIENCE_SECONDS)
        assert answer.json() == {"status": "alive"}
        assert len(answer.headers["X-Request-ID"]) == 16
    finally:
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0, log.read_text()


@pytest.mark.external
@pytest.mark.parametrize(
    "how", ["backend migrate", "backend serve", "backend worker", "uvicorn backend.main:app"]
)
def test_a_missing_right_is_one_sentence_with_the_grant(
    postgres_url: str, tmp_path: Path, how: str
) -> None:
    wait_for(execute(postgres_url, "CREATE TABLE orders (id INTEGER)"))
    reader = wait_for(read_only_url(postgres_url))
    module, *arguments = how.split()
    done = run(module, arguments, tmp_path, environment(reader))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    line = done.stderr.strip().splitlines()[-1]  # before it Alembic's, where it was begun
    assert "permission denied for schema public" in line
    assert re.search(r"GRANT USAGE, CREATE ON SCHEMA public TO reader_\w+", line)


@pytest.mark.external
@pytest.mark.parametrize("how", ["backend check", "backend cluster", "uvicorn backend.main:app"])
def test_a_wrong_password_is_one_sentence_without_it(
    mysql_url: str, tmp_path: Path, how: str
) -> None:
    wait_for(execute(mysql_url, "CREATE TABLE orders (id INTEGER)"))
    reader = wait_for(read_only_url(mysql_url))
    wrong = re.sub(r":[^:@]+@", ":hunter2@", reader)
    module, *arguments = how.split()
    done = run(module, arguments, tmp_path, environment(wrong))
    assert done.returncode == 2
    (line,) = refusal(done.stderr)
    assert "refuses the user or the password (Access denied" in line
    assert "hunter2" not in line


@pytest.mark.external
def test_a_server_that_only_reads_goes_on_serving_and_says_so_once(
    new_postgres: NewDatabase, tmp_path: Path
) -> None:
    url = new_postgres(migrated)
    name = url.rpartition("/")[2]
    wait_for(execute(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        for _ in range(3):
            asked = live.client.post("/api/admin/cluster", headers={"X-API-Key": "admin-key"})
            assert asked.status_code == 503
            assert "can only be read" in asked.json()["detail"]
            assert asked.json()["kind"] == "read_only"
        assert live.get("/api/mcp/segments").status_code == 200
        lines = [json.loads(line) for line in live.log.read_text().splitlines()]
    told = [line for line in lines if line["message"] == "database refuses"]
    assert [line["kind"] for line in told] == ["read_only"]
