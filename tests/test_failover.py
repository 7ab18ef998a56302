"""The database server ends in the middle of a run and comes back: nothing is lost or half done."""

import re
import signal
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import wait_for
from tests.databases import MysqlServer, PostgresServer
from tests.live import serving
from tests.performed import clustered_shop
from tests.run_in_stages import ASKED, asked_all_along, come_to, kept_in, started
from tests.services import Server
from tests.shops import AS_OF

pytestmark = pytest.mark.external

PLACES = {"own_postgres": PostgresServer, "own_mysql": MysqlServer}
# As a crash ends a server, and as its supervisor does: PostgreSQL's fast shutdown, MariaDB's own.
ORDERLY = {"own_postgres": signal.SIGINT, "own_mysql": signal.SIGTERM}
LONG = pytest.mark.long


@pytest.mark.parametrize(
    ("kind", "stage", "way"),
    [
        ("own_postgres", "publish", "crash"),
        *(
            pytest.param(kind, stage, way, marks=LONG)
            for kind in PLACES
            for stage in ("read", "publish")
            for way in ("crash", "orderly")
            if (kind, stage, way) != ("own_postgres", "publish", "crash")
        ),
    ],
)
def test_a_server_that_ends_in_mid_run_costs_that_run_alone(
    kind: str, stage: str, way: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server: Server = request.getfixturevalue(kind)
    with closing(PLACES[kind](server.url)) as place:
        url = place.empty()
    wait_for(clustered_shop(url))
    if way == "orderly":
        server.stop_signal = ORDERLY[kind]
    with serving(url, tmp_path) as live:
        before = [live.get(path).json() for path in ASKED]
        with asked_all_along(live) as statuses:
            with kept_in(stage, url):
                run_id = started(live)
                wait_for(come_to(stage, url))
                server.stop()
            live.until(ASKED[0], 503)
            assert live.get(ASKED[0]).headers["Retry-After"] == "5"
            server.start()
            live.until(ASKED[0], 200)
        failed = live.finished()
        assert (failed["run_id"], failed["state"]) == (run_id, "failed")
        assert re.search(r"database (does not answer|is starting or stopping) \(", failed["error"])
        assert [live.get(path).json() for path in ASKED] == before
        assert {status for _, status in statuses} == {200, 503}, statuses
        assert statuses["/health/live", 503] == 0
        again = live.cluster(as_of=AS_OF.isoformat())
        assert again["state"] == "succeeded"
        assert {live.get(path).json()["run_id"] for path in ASKED[:2]} == {again["run_id"]}
        assert "Traceback" not in live.log.read_text()
