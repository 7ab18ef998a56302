"""What a process imports, seen in real processes: one that serves has nothing that learns."""

import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from httpx import Response

from backend.cli.main_command import COMMANDS, loaded
from backend.core.settings import IsolatedSettings
from backend.database.engine import opened
from backend.main import create_app
from backend.store.migrate import known_versions, migrate
from backend.store.upgrade import MIGRATIONS
from tests.campaign_shop import CAMPAIGNS, WANTED, described, started
from tests.conftest import NewDatabase, wait_for
from tests.live import ADMIN_KEY, ROOT, Live, command, serving
from tests.shops import AS_OF, fill, invented
from tests.waiting import PATIENCE_SECONDS

LEARNS = {"sklearn", "scipy", "pandas", "threadpoolctl"}
UNUSED = {"anthropic", "redis", "alembic", "pyarrow", "typer", "sqlglot", "asyncpg", "asyncmy"}
UNUSED |= {"duckdb", "distributed"}
# Of libraries whose other half is used; what is served here is on SQLite.
HALVES = {"sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "pydantic.v1"}
WATCH = """
import atexit, json, os, pathlib, sys
place = pathlib.Path({folder!r}) / f"imported-{{os.getpid()}}.json"
imported = lambda: [name for name, module in sys.modules.items() if module]
atexit.register(lambda: place.write_text(json.dumps(imported())))
"""


@pytest.fixture
def watched(tmp_path: Path) -> Mapping[str, str]:
    """Make every Python process that gets these variables write down what it has imported."""
    (tmp_path / "sitecustomize.py").write_text(WATCH.format(folder=str(tmp_path)))
    return {"PYTHONPATH": f"{tmp_path}:{ROOT}"}


def imported(folder: Path, process: int | None = None) -> set[str]:
    """Return the packages that a process, or the only one, had imported at its end.

    Top-level ones, those in these, and those in those.
    """
    (file,) = folder.glob(f"imported-{process or '*'}.json")
    names = [name.split(".") for name in json.loads(file.read_text())]
    return {".".join(name[:depth]) for name in names for depth in (1, 2, 3)}


def requests_to_every_route(live: Live) -> dict[tuple[str, str], Callable[[], Response]]:
    """Return one good request for each route of the API but the one that starts a run."""
    admin = {"X-API-Key": ADMIN_KEY}
    status = live.get("/api/admin/cluster/status", ADMIN_KEY).json()
    run = f"/api/admin/runs/{status['run_id']}"
    segment = live.get("/api/mcp/segments").json()["segments"][0]["id"]
    paths = {
        "/health": "/health",
        "/health/live": "/health/live",
        "/health/ready": "/health/ready",
        "/api/mcp/segments": "/api/mcp/segments",
        "/api/mcp/customers/search": "/api/mcp/customers/search?query=person",
        "/api/mcp/customers/gone": "/api/mcp/customers/gone",
        "/api/admin/customers/{customer_id}/export": "/api/admin/customers/4/export",
        "/api/admin/audit": "/api/admin/audit",
        "/api/mcp/customers/{customer_id}": "/api/mcp/customers/4?explain=true",
        "/api/mcp/customers": "/api/mcp/customers?format=csv",
        "/api/mcp/segments/{segment_id}/customers": f"/api/mcp/segments/{segment}/customers",
        "/api/mcp/history": "/api/mcp/history",
        "/api/mcp/segments/changes": "/api/mcp/segments/changes",
        "/api/mcp/segments/{segment_id}": f"/api/mcp/segments/{segment}",
        "/api/mcp/segments/{segment_id}/products": f"/api/mcp/segments/{segment}/products",
        "/api/admin/cluster/status": "/api/admin/cluster/status",
        "/api/admin/runs": "/api/admin/runs",
        "/api/mcp/runs/{run_id}": "/api/mcp/runs/latest",
        "/api/mcp/runs/{run_id}/readiness": "/api/mcp/runs/latest/readiness",
        "/api/mcp/runs/{run_id}/report": "/api/mcp/runs/latest/report",
        "/api/mcp/runs/{run_id}/report.html": "/api/mcp/runs/latest/report.html",
        "/api/admin/runs/{run_id}": run,
        "/api/admin/runs/{run_id}/readiness": f"{run}/readiness",
        "/api/admin/runs/{run_id}/report": f"{run}/report",
        "/api/admin/runs/{run_id}/report.html": f"{run}/report.html",
        "/api/admin/changes": "/api/admin/changes",
        "/api/admin/segments/lineage": "/api/admin/segments/lineage",
    }
    asked: dict[tuple[str, str], Callable[[], Response]] = {
        ("get", route): lambda path=path: live.get(path, ADMIN_KEY)  # type: ignore[misc]
        for route, path in paths.items()
    }
    asked["post", "/api/mcp/customers/batch"] = lambda: live.client.post(
        "/api/mcp/customers/batch", json={"ids": ["4"]}, headers=admin
    )
    asked["post", "/api/mcp/customers/fresh"] = lambda: live.client.post(
        "/api/mcp/customers/fresh", json={"ids": ["4"]}, headers=admin
    )
    asked["post", "/api/mcp/customers/{customer_id}/what-if"] = lambda: live.client.post(
        "/api/mcp/customers/4/what-if", json={"orders": [{"total": 80}]}, headers=admin
    )
    asked["post", "/api/admin/events/orders"] = lambda: live.client.post(
        "/api/admin/events/orders",
        json={"event_id": "one", "customer_ids": ["4"]},
        headers=admin,
    )
    asked["patch", "/api/admin/segments/{segment_id}"] = lambda: live.client.patch(
        f"/api/admin/segments/{segment}", json={"name": "Our Best"}, headers=admin
    )
    asked["delete", "/api/admin/tombstones/unreadable"] = lambda: live.client.delete(
        "/api/admin/tombstones/unreadable", headers=admin
    )
    asked["delete", "/api/admin/customers/{customer_id}"] = lambda: live.client.delete(
        "/api/admin/customers/5", headers=admin
    )
    asked |= requests_about_webhooks(live)
    asked |= requests_about_campaigns(live)
    asked["post", "/api/admin/runs/{run_id}/cancel"] = lambda: started_and_cancelled(live)
    return asked


def requests_about_webhooks(live: Live) -> dict[tuple[str, str], Callable[[], Response]]:
    """Return one good request for each route of webhooks; nothing receives what they send."""
    hooks, admin = "/api/admin/webhooks", {"X-API-Key": ADMIN_KEY}
    wanted = {"url": "https://hooks.example.com/", "events": ["run.failed"]}
    made = [live.client.post(hooks, json=wanted, headers=admin).json()["id"] for _ in range(2)]
    hook, other = (f"{hooks}/{one}" for one in made)
    told = live.client.post(f"{hook}/test", headers=admin).json()["id"]
    one = f"{hooks}/{{webhook_id}}"
    posted = {
        f"{one}/{step}": f"{hook}/{step}" for step in ("test", "rotate-secret", "disable", "enable")
    }
    posted[f"{one}/deliveries/{{delivery_id}}/redeliver"] = f"{hook}/deliveries/{told}/redeliver"
    asked: dict[tuple[str, str], Callable[[], Response]] = {
        ("post", route): lambda path=path: live.client.post(path, headers=admin)  # type: ignore[misc]
        for route, path in posted.items()
    }
    for route, path in ((hooks, hooks), (one, hook), (f"{one}/deliveries", f"{hook}/deliveries")):
        asked["get", route] = lambda path=path: live.get(path, ADMIN_KEY)  # type: ignore[misc]
    asked["post", hooks] = lambda: live.client.post(hooks, json=wanted, headers=admin)
    asked["delete", one] = lambda: live.client.delete(other, headers=admin)
    return asked


def requests_about_campaigns(live: Live) -> dict[tuple[str, str], Callable[[], Response]]:
    """Return one good request for each route of campaigns."""
    admin, one = {"X-API-Key": ADMIN_KEY}, f"{CAMPAIGNS}/{{campaign_id}}"
    wide = {"window_days": 365, "holdout_share": 0.5}
    first, second = (described(live, name=name, **wide)["id"] for name in ("First", "Second"))
    begun = started(live, name="Third", **wide)["id"]
    asked: dict[tuple[str, str], Callable[[], Response]] = {
        ("get", CAMPAIGNS): lambda: live.get(CAMPAIGNS, ADMIN_KEY),
        ("get", one): lambda: live.get(f"{CAMPAIGNS}/{first}", ADMIN_KEY),
        ("get", f"{one}/treated"): lambda: live.get(
            f"{CAMPAIGNS}/{begun}/treated?format=csv", ADMIN_KEY
        ),
        ("post", CAMPAIGNS): lambda: live.client.post(
            CAMPAIGNS, json={**WANTED, **wide}, headers=admin
        ),
    }
    steps = {"start": first, "close": begun, "abandon": second}
    for step, campaign_id in steps.items():
        path = f"{CAMPAIGNS}/{campaign_id}/{step}"
        asked["post", f"{one}/{step}"] = lambda path=path: live.client.post(path, headers=admin)  # type: ignore[misc]
    return asked


def started_and_cancelled(live: Live) -> Response:
    """Start a run, and cancel it."""
    admin = {"X-API-Key": ADMIN_KEY}
    run_id = live.client.post("/api/admin/cluster", headers=admin).json()["run_id"]
    return live.client.post(f"/api/admin/runs/{run_id}/cancel", headers=admin)


def routes_of_the_api() -> set[tuple[str, str]]:
    settings = IsolatedSettings.load(database_url="sqlite:///unused.db", api_key="key")
    paths = create_app(settings).openapi()["paths"]
    return {(method, path) for path, methods in paths.items() for method in methods}


def test_a_process_that_served_every_route_has_imported_nothing_that_learns(
    new_sqlite: NewDatabase, tmp_path: Path, watched: Mapping[str, str]
) -> None:
    url = new_sqlite()
    wait_for(fill(url, invented(400)))
    wait_for(migrated(url))
    variables = {**watched, "RUN_AS_OF": AS_OF.isoformat()}
    with serving(url, tmp_path, variables=variables, anew=True) as live:
        assert live.cluster(as_of=AS_OF.isoformat())["state"] == "succeeded"
        requests = requests_to_every_route(live)
        started = ("post", "/api/admin/cluster")
        assert {*requests, started} == routes_of_the_api()
        for route, ask in requests.items():
            assert ask().is_success, route
        for page in ("/docs", "/redoc", "/openapi.json"):
            assert live.get(page).is_success, page
        live.process.send_signal(signal.SIGINT)  # SIGTERM would end it without a last word
        live.process.wait(PATIENCE_SECONDS)
    assert imported(tmp_path, live.process.pid) & (LEARNS | UNUSED | HALVES) == set()


@pytest.mark.parametrize("opens_a_page", [False, True])
def test_pages_are_imported_when_the_first_is_opened(
    new_sqlite: NewDatabase, tmp_path: Path, watched: Mapping[str, str], opens_a_page: bool
) -> None:
    url = new_sqlite(migrated)
    with serving(url, tmp_path, variables=watched, anew=True) as live:
        assert live.get("/api/mcp/segments").is_success
        if opens_a_page:
            assert live.client.get("/app/sign-in").is_success
        live.process.send_signal(signal.SIGINT)
        live.process.wait(PATIENCE_SECONDS)
    has_pages = {"jinja2", "asgi_cross_origin_protection"} & imported(tmp_path, live.process.pid)
    assert len(has_pages) == (2 if opens_a_page else 0)


async def migrated(url: str) -> None:
    async with opened(url) as engine:
        await migrate(engine)


def test_help_imports_no_web_framework_and_no_database(
    tmp_path: Path, watched: Mapping[str, str]
) -> None:
    done = command("", tmp_path, "--help", variables=watched, anew=True)
    assert done.returncode == 0
    assert "cluster" in done.stdout
    heavy = {"fastapi", "uvicorn", "sqlalchemy", "numpy", "pydantic"}
    assert imported(tmp_path) & (LEARNS | UNUSED | heavy) == {"typer"}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_lists_a_command_in_the_words_of_the_command_itself(name: str) -> None:
    _, says = COMMANDS[name]
    assert loaded(name).callback.__doc__ == says


def test_versions_are_known_in_the_order_in_which_migrations_lead_to_them() -> None:
    revisions = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    assert known_versions() == [one.revision for one in revisions][::-1]
