"""Ways of deploying that the docs name, done as they say."""

import json
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from backend.cli.main_command import app
from backend.core.declared_variables import DeclaredVariables
from tests.conftest import NewDatabase, execute, wait_for
from tests.databases import migrated
from tests.live import (
    ADMIN_KEY,
    API_KEY,
    ENDED,
    ROOT,
    SERVE,
    STATUS,
    environment,
    serving,
    started_anew,
)
from tests.services import free_port
from tests.shops import fill, invented
from tests.waiting import PATIENCE_SECONDS, wait_until

ADMIN = {"X-API-Key": ADMIN_KEY}
NOTHING_BESIDE = {"RUN_WORKER": "false", "AUTO_MIGRATE": "false"}
DOCKERFILE, COMPOSE = ROOT / "Dockerfile", ROOT / "docker-compose.yml"
UNIT = ROOT / "deploy" / "intelligence-backend.service"
# https://docs.docker.com/reference/cli/docker/container/stop/
DOCKER_STOPS_AFTER_SECONDS = 10


def test_the_procfiles_processes_stay_up_together_and_end_when_asked(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    port, said = free_port(), tmp_path / "said"
    variables = environment(new_sqlite(), {"RUN_WORKER": "false"})
    variables["PATH"] = f"{Path(sys.executable).parent}:{variables['PATH']}"
    told = ("-f", str(ROOT / "Procfile"), "-d", str(tmp_path), "start", "-p", str(port))
    process = started_anew(
        "honcho", told, folder=tmp_path, variables=variables, stdout=said, stderr=said
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=ADMIN) as client:
        wait_until(lambda: process.poll() is not None or is_healthy(client), said.read_text)
        assert process.poll() is None, said.read_text()
        # The web process does no runs: that one ends shows that the worker is up.
        assert client.post("/api/admin/cluster").status_code == 202
        wait_until(lambda: client.get(STATUS).json()["state"] in ENDED, said.read_text)
        assert process.poll() is None, said.read_text()
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        with pytest.raises(httpx.ConnectError):
            client.get("/health")
    assert set(re.findall(r"(\w+)\.1 stopped", said.read_text())) == {"web", "worker"}
    assert "SIGKILL" not in said.read_text()


def is_healthy(client: httpx.Client) -> bool:
    try:
        return client.get("/health/live").is_success
    except httpx.TransportError:
        return False


def test_a_function_answers_events_of_an_api_gateway(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite(migrated)
    wait_for(fill(url, invented(12)))
    answers = called(
        environment(url, {"RUN_WORKER": "false", "AUTO_MIGRATE": "false"}),
        tmp_path,
        event("GET", "/health"),
        event("GET", "/api/mcp/customers/search", "query=person1%40&limit=10", API_KEY),
        event("GET", "/api/mcp/customers/4"),
        event("POST", "/api/admin/cluster", "", ADMIN_KEY, body='{"sample_size": 1000}'),
        event("POST", "/api/admin/cluster", "", ADMIN_KEY, body="{"),
    )
    assert [answer["statusCode"] for answer in answers] == [200, 200, 401, 202, 422]
    health, found, *_ = (json.loads(body_of(answer)) for answer in answers)
    assert (health["degraded"], health["database"]) == (["nothing_published"], "connected")
    assert [one["customer_id"] for one in found["customers"]] == ["1"]


def body_of(answer: Any) -> bytes:
    """Decode an answer as API Gateway does: what is not plainly text comes in base64."""
    return b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()


def event(method: str, path: str, query: str = "", key: str = "", *, body: str = "") -> Any:
    """Return what API Gateway hands to a function, in the format 2.0 of its HTTP APIs."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {
            "content-length": str(len(body)),
            "content-type": "application/x-www-form-urlencoded",
            "host": "a1b2c3.execute-api.eu-central-1.amazonaws.com",
            "user-agent": "curl/8.5.0",
            "x-api-key": key,
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3",
            "domainName": "a1b2c3.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "a1b2c3",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 1773342238390,
        },
        **({"body": body} if body else {}),
        "isBase64Encoded": False,
    }


def called(variables: Mapping[str, str], folder: Path, *events: Any) -> list[Any]:
    """Call the function of the docs in a process of its own, as the platform does."""
    (handler,) = re.findall(
        r"```python\n(.*?Mangum.*?)```", (ROOT / "docs/operations.md").read_text(), re.DOTALL
    )
    (folder / "function.py").write_text(handler)
    calls = (
        "import json, sys; from function import handler\n"
        "print(json.dumps([handler(one, None) for one in json.load(sys.stdin)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", calls],
        cwd=folder,
        env=dict(variables),
        input=json.dumps(events),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "/customers/4" not in done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers


def test_what_an_image_copies_is_there_and_not_ignored() -> None:
    copied = [
        name
        for told in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text(), re.MULTILINE)
        for name in told.split()
    ]
    assert {"backend", "migrations", "alembic.ini", "requirements.txt"} == set(copied)
    assert all((ROOT / name).exists() for name in copied)
    assert {f"!{name}" for name in copied} <= set((ROOT / ".dockerignore").read_text().split())


def test_what_starts_containers_and_units_names_what_there_is() -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"].values()
    variables = {name for one in services for name in one.get("environment", {})}
    theirs = {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"}
    declared = {name.upper() for name in DeclaredVariables.model_fields}
    assert variables - theirs <= declared
    asked_for = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    assert asked_for <= declared
    given = [" ".join(one["command"]) for one in services if "build" in one and "command" in one]
    told = " ".join([*given, DOCKERFILE.read_text(), UNIT.read_text()])
    commands = set(re.findall(r"-m backend (\w+)", told))
    assert commands == {"migrate", "worker", "serve"}
    assert commands <= {one.name for one in app.registered_commands}
    graceful = float(DeclaredVariables.model_fields["shutdown_seconds"].default)
    assert graceful < DOCKER_STOPS_AFTER_SECONDS


def test_a_containers_check_of_health_says_how_the_service_is(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    (check,) = re.findall(r"^HEALTHCHECK .* CMD (\[.+\])$", DOCKERFILE.read_text(), re.MULTILINE)
    url = new_sqlite(migrated)
    wait_for(fill(url, invented(12)))
    with serving(url, tmp_path, program=SERVE, variables=NOTHING_BESIDE) as live:
        variables = {"PORT": live.address.rpartition(":")[2]}

        def checked() -> int:
            told = [sys.executable, *json.loads(check)[1:]]
            return subprocess.run(told, env=variables, capture_output=True, check=False).returncode

        assert checked() == 0
        wait_for(execute(url, "DROP TABLE intelligence_runs"))
        live.until("/health", 503)
        assert checked() != 0
    assert checked() != 0
