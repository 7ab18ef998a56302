"""Starting runs, following them, naming segments, erasing customers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.api.routers import KeyedRoute
from backend.core.settings import IsolatedSettings
from backend.database.engine import opened
from backend.main import create_app
from backend.store import runs
from backend.store.run_row import Run
from tests.conftest import NewDatabase, execute, on_one_kind, wait_for
from tests.databases import SqliteFolder, migrated
from tests.live import ADMIN_KEY, Live, serving
from tests.performed import NO_WORKER, clustered_shop, performed
from tests.shops import AS_OF, fill, invented

ADMIN = {"X-API-Key": ADMIN_KEY}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def live(sqlite_folder: SqliteFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve one database for what does not depend on it; what is asked for stays queued."""
    url, folder = sqlite_folder.prepared(clustered_shop), tmp_path_factory.mktemp("live")
    with serving(url, folder, variables=NO_WORKER) as service:
        yield service


@pytest.fixture
def fresh(database_url: str, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop that no run has seen, for tests that change things."""
    wait_for(fill(database_url, invented(80)))
    with serving(database_url, tmp_path) as service:
        yield service


@pytest.fixture
def clustered(new_database: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop that one run has seen; further runs are done beside the service."""
    with serving(new_database(clustered_shop), tmp_path, variables=NO_WORKER) as service:
        yield service


@pytest.fixture
def watching(database_url: str, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop whose runs are done beside the service."""
    wait_for(fill(database_url, invented(80)))
    with serving(database_url, tmp_path, variables=NO_WORKER) as service:
        yield service


def post(live: Live, **request: Any) -> httpx.Response:
    return live.client.post("/api/admin/cluster", headers=ADMIN, **request)


@on_one_kind
def test_before_the_first_run_nothing_is_made_up(fresh: Live) -> None:
    profile = fresh.get("/api/mcp/customers/4").json()
    assert profile["status"] == "not_scored_yet"
    assert profile["email"] == "person4@example.com"
    assert profile["archetype"] == {"id": None, "name": None, "level": None}
    unknown = ("ltv", "churn_risk", "total_orders", "as_of", "run_id")
    assert [profile[name] for name in unknown] == [None] * len(unknown)
    assert fresh.get("/api/mcp/segments").json()["segments"] == []
    assert fresh.get("/api/admin/cluster/status").json()["state"] == "never_run"


@on_one_kind
def test_a_run_is_accepted_followed_and_reported(fresh: Live) -> None:
    accepted = post(fresh, json={"as_of": "2024-06-01", "min_k": 2})
    assert accepted.status_code == 202
    body = accepted.json()
    assert accepted.headers["Location"] == body["status_url"] == "/api/admin/cluster/status"
    busy = post(fresh)
    assert busy.status_code == 409
    assert busy.json()["run_id"] == body["run_id"]
    status = fresh.finished()
    assert status["state"] == "succeeded"
    assert status["run_id"] == body["run_id"]
    assert status["share_done"] == 1
    assert status["counts"]["customers"] == 80
    assert status["seconds"] > 0
    report = fresh.get(status["report_url"], ADMIN_KEY).json()
    assert report["as_of"] == "2024-06-01T00:00:00+00:00"
    assert report["orders"]["counted"] == status["counts"]["orders"]
    listed = fresh.get("/api/admin/runs", ADMIN_KEY).json()["runs"]
    assert [run["run_id"] for run in listed] == [body["run_id"]]
    assert fresh.get(f"/api/admin/runs/{body['run_id']}", ADMIN_KEY).json() == listed[0]


@on_one_kind
def test_two_simultaneous_requests_start_one_run(fresh: Live) -> None:
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda _: post(fresh), range(2)))
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    assert len({answer.json()["run_id"] for answer in answers}) == 1
    assert fresh.finished()["state"] == "succeeded"


@pytest.mark.parametrize(
    "request_",
    [
        {"content": b'{"sample_size": 50}'},
        {
            "content": b'{"sample_size": 50}',
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
        {"json": {"sample_size": 50}},
        {},
        {"content": b"  "},
    ],
    ids=["no content type", "curl's content type", "json", "no body", "blank body"],
)
def test_a_body_is_read_whatever_its_content_type(live: Live, request_: dict[str, Any]) -> None:
    headers = {**ADMIN, **request_.pop("headers", {})}
    answer = live.client.post("/api/admin/cluster", headers=headers, **request_)
    assert answer.status_code == 202, answer.text
    asked_for = wait_for(queued(live.url)).request
    assert asked_for.sample_size == (50 if b"50" in answer.request.content else None)
    wait_for(execute(live.url, "DELETE FROM intelligence_runs WHERE state = 'queued'"))


@pytest.mark.parametrize(
    "content_type", [None, "application/x-www-form-urlencoded", "text/plain", "nonsense"]
)
def test_every_body_is_read_whatever_its_content_type(live: Live, content_type: str | None) -> None:
    headers = ADMIN if content_type is None else {**ADMIN, "Content-Type": content_type}
    segment = live.get("/api/mcp/segments").json()["segments"][0]["id"]
    named = live.client.patch(
        f"/api/admin/segments/{segment}", headers=headers, content=b'{"name": "Inner Circle"}'
    )
    assert named.status_code == 200, named.text
    assert named.json()["name"] == "Inner Circle"


def test_no_route_lets_the_framework_read_its_body() -> None:
    """It would refuse `curl -d`, and parse what comes without a key."""
    settings = IsolatedSettings.load(database_url="sqlite:///x.db", api_key="key")
    routes = [one for one in create_app(settings).routes if isinstance(one, KeyedRoute)]
    assert len(routes) > 10
    assert [route.path for route in routes if route.body_field is not None] == []


@pytest.mark.parametrize(("method", "path"), [("POST", "cluster"), ("PATCH", "segments/x")])
def test_the_key_is_looked_at_before_the_body(live: Live, method: str, path: str) -> None:
    answer = live.client.request(method, f"/api/admin/{path}", content=b"{", headers=JSON)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("body", "described"),
    [
        ({}, datetime(2011, 12, 9, 23, tzinfo=UTC)),
        ({"as_of": "2011-11-01"}, datetime(2011, 10, 31, 23, tzinfo=UTC)),
        ({"as_of": "2011-11-01T00:00:00+05:00"}, datetime(2011, 10, 31, 19, tzinfo=UTC)),
    ],
    ids=["left out", "in the shop's zone", "with an offset"],
)
def test_a_run_describes_what_is_asked_for_else_run_as_of(
    new_sqlite: NewDatabase, tmp_path: Path, body: dict[str, str], described: datetime
) -> None:
    url = new_sqlite(migrated)
    variables = {**NO_WORKER, "RUN_AS_OF": "2011-12-10", "SHOP_TIME_ZONE": "Europe/Berlin"}
    with serving(url, tmp_path, variables=variables) as service:
        assert post(service, json=body).status_code == 202
    assert wait_for(queued(url)).request.as_of == described


async def queued(url: str) -> Run:
    async with opened(url) as engine:
        run = await runs.latest(engine)
    assert run is not None
    return run


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"x"',
        b'{"min_k": 5, "max_k": 3}',
        b'{"sample_size": -1}',
        b'{"sample_size": 0}',
        b'{"sample_size": "many"}',
        b'{"samplesize": 10}',
        b'{"as_of": "yesterday"}',
        b'{"as_of": "2999-01-01"}',
        b'{"as_of": "0001-01-01T00:00:00+14:00"}',
    ],
)
def test_nonsense_is_refused_with_a_reason(live: Live, body: bytes) -> None:
    answer = live.client.post("/api/admin/cluster", headers=ADMIN, content=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 10


@on_one_kind
def test_a_name_given_by_a_person_survives_the_next_run(clustered: Live) -> None:
    chosen, other = clustered.get("/api/mcp/segments").json()["segments"][:2]
    path = f"/api/admin/segments/{chosen['id']}"
    named = clustered.client.patch(path, headers=ADMIN, json={"name": "Inner Circle"})
    assert named.status_code == 200, named.text
    assert named.json()["name"] == "Inner Circle"
    taken = clustered.client.patch(path, headers=ADMIN, json={"name": other["name"].upper()})
    assert taken.status_code == 409
    unknown = clustered.client.patch(path + "x", headers=ADMIN, json={"name": "New"})
    assert unknown.status_code == 404
    performed(clustered, as_of=AS_OF)
    names = {
        item["id"]: item["name"] for item in clustered.get("/api/mcp/segments").json()["segments"]
    }
    assert names[chosen["id"]] == "Inner Circle"


@on_one_kind
def test_a_person_may_say_one_thing_or_both_but_not_nothing(clustered: Live) -> None:
    before = clustered.get("/api/mcp/segments").json()["segments"][0]

    def told(**words: str | None) -> httpx.Response:
        path = f"/api/admin/segments/{before['id']}"
        return clustered.client.patch(path, headers=ADMIN, json=words)

    named = told(name="  Inner   Circle ").json()
    assert (named["name"], named["description"]) == ("Inner Circle", before["description"])
    both = told(description="Those we invite.").json()
    assert (both["name"], both["description"]) == ("Inner Circle", "Those we invite.")
    assert told(description=None).json()["description"] == before["description"]
    nothing: list[dict[str, str | None]] = [{}, {"description": ""}, {"description": "\u2800"}]
    nothing += [{"name": name} for name in (" ", "A\u200bB", "\u3164", None)]
    for nonsense in nothing:
        answer = told(**nonsense)
        assert answer.status_code == 422, nonsense
        assert answer.json()["detail"]


@on_one_kind
def test_segments_are_told_apart_by_a_persons_names_at_once(clustered: Live) -> None:
    shown = clustered.get("/api/mcp/segments").json()["segments"]
    nearest = next(one["nearest"] for one in shown if one["nearest"])
    path = f"/api/admin/segments/{nearest['id']}"
    clustered.client.patch(path, headers=ADMIN, json={"name": "Inner Circle"})
    told = [one["nearest"] for one in clustered.get("/api/mcp/segments").json()["segments"]]
    mine = [one for one in told if one and one["id"] == nearest["id"]]
    assert mine
    assert all(one["name"] == "Inner Circle" for one in mine)
    assert all(one["sentence"].startswith("Unlike Inner Circle: ") for one in mine)


@on_one_kind
def test_a_copy_of_who_is_where_stays_true_by_following_the_changes(watching: Live) -> None:
    copy: dict[str, str] = {}
    after = 0
    for day in (AS_OF - timedelta(days=92), AS_OF):
        performed(watching, as_of=day)
        path = "/api/admin/changes?limit=30&after="
        while page := watching.get(f"{path}{after}", ADMIN_KEY).json()["changes"]:
            copy |= {change["customer_id"]: change["to_segment_id"] for change in page}
            after = page[-1]["id"]
    for number in range(1, 81):
        profile = watching.get(f"/api/mcp/customers/{number}").json()
        assert copy[str(number)] == profile["archetype"]["id"]
    mine = watching.get("/api/admin/changes?customer_id=4", ADMIN_KEY).json()["changes"]
    assert {change["customer_id"] for change in mine} == {"4"}
    assert (mine[0]["to_segment_id"], mine[-1]["from_segment_id"]) == (copy["4"], None)
    assert watching.get("/api/admin/changes?customer_id=nobody", ADMIN_KEY).json()["changes"] == []
    assert watching.get("/api/admin/changes?after=-1", ADMIN_KEY).status_code == 422


@on_one_kind
def test_an_erased_customer_is_forgotten_though_the_shop_still_has_them(clustered: Live) -> None:
    erased = clustered.client.delete("/api/admin/customers/4", headers=ADMIN)
    assert erased.status_code == 204
    assert clustered.get("/api/mcp/customers/4").status_code == 404
    changes = clustered.get("/api/admin/changes?limit=10000", ADMIN_KEY).json()["changes"]
    assert "4" not in {change["customer_id"] for change in changes}
    assert clustered.client.delete("/api/admin/customers/4", headers=ADMIN).status_code == 404


def test_without_an_admin_key_the_plain_key_opens_everything_and_says_so(
    tmp_path: Path, new_sqlite: Any
) -> None:
    url = new_sqlite()
    wait_for(fill(url, invented(10)))
    variables = {"ADMIN_API_KEY": "", "API_KEY": "old,new"}
    with serving(url, tmp_path, variables=variables) as service:
        for key in ("old", "new"):
            assert service.get("/api/admin/runs", key).status_code == 200
        said = service.log.read_text()
    assert said.count("API_KEY also opens the admin routes") == 1


def test_four_web_processes_run_one_clustering_at_a_time(tmp_path: Path, postgres_url: str) -> None:
    wait_for(fill(postgres_url, invented(60)))
    with ExitStack() as stack:
        four = [stack.enter_context(serving(postgres_url, tmp_path)) for _ in range(4)]
        with ThreadPoolExecutor() as pool:
            answers = list(pool.map(post, [*four, *four[:2]]))
        assert sorted(answer.status_code for answer in answers) == [202] + [409] * 5
        assert four[0].finished()["state"] == "succeeded"
        started = "".join(one.log.read_text() for one in four).count('"run started"')
    assert started == 1
