"""What an earlier build published is served after an upgrade as if today's had."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from backend.database.engine import opened, transaction
from backend.store import leases, runs
from backend.store.migrate import migrate
from backend.store.run_request import RunRequest
from backend.store.tables import customer_intelligence as customers
from backend.store.tables import runs as runs_table
from backend.store.tables import segments
from tests.conftest import wait_for
from tests.live import ADMIN_KEY, Live, serving
from tests.shops import AS_OF, fill, invented
from tests.store.stored_results import BUILDS, builds_with, segment_rows, text_of

NOW = datetime(2024, 6, 2, tzinfo=UTC)
FULL_BUILDS = [build for build in BUILDS if build in builds_with("segments")]

VALUES = {
    "customer_id": 4,
    "status": "scored",
    "as_of": AS_OF,
    "changed_at": NOW,
    "churn_risk": Decimal("0.4"),
    "predicted_value": Decimal(310),
    "historical_value": Decimal(560),
    "avg_order_value": Decimal(80),
    "frequency": 7,
    "order_days": 7,
    "recency_days": 12,
    "age_days": 400,
    "usual_gap_days": 60.0,
    "typical_order_value": 78.0,
}
CUSTOMER = {name: value for name, value in VALUES.items() if name in customers.c}


class Upgraded:
    """A service on a database that another build has written."""

    def __init__(self, url: str, live: Live, run_id: str) -> None:
        self._url = url
        self._live = live
        self.run_id = run_id

    def get(self, path: str) -> Any:
        """Ask; what is answered may be of any status."""
        return self._live.get(path.format(run_id=self.run_id), ADMIN_KEY)

    def cluster(self) -> dict[str, Any]:
        """Run once more, and return how that ended."""
        return self._live.cluster(as_of=AS_OF.isoformat())

    def left_by(self, build: str) -> None:
        """Let the published run be that of a build."""
        kinds = ("report", "explainer", "model")
        self.stored(**{kind: text_of(build, kind) for kind in kinds})
        rows = [{**row, "run_id": self.run_id} for row in segment_rows(build)]
        wait_for(self._replace(rows))

    def stored(self, **texts: str) -> None:
        """Store texts in the published run's row."""
        wait_for(self._store(texts))

    async def _store(self, texts: dict[str, str]) -> None:
        async with opened(self._url) as engine, transaction(engine) as connection:
            served = runs_table.c.published == 1
            await connection.execute(update(runs_table).where(served).values(texts))

    async def _replace(self, rows: list[dict[str, Any]]) -> None:
        somewhere = next(row["id"] for row in rows if not row["is_group"])
        async with opened(self._url) as engine, transaction(engine) as connection:
            await connection.execute(delete(segments))
            await connection.execute(insert(segments), rows)
            await connection.execute(update(customers).values(archetype_id=somewhere))


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    """Serve a shop with one published run, whose texts the tests replace."""
    folder = tmp_path_factory.mktemp("upgraded")
    url = f"sqlite:///{folder}/shop.db"
    wait_for(fill(url, invented(5)))
    run_id = wait_for(published(url))
    with serving(url, folder) as live:
        yield Upgraded(url, live, run_id)


async def published(url: str) -> str:
    async with opened(url) as engine:
        await migrate(engine)
        await runs.enqueue(engine, RunRequest(as_of=AS_OF))
        run = await leases.claim(engine, token="mine", lease=timedelta(seconds=60))
        assert run is not None
        async with transaction(engine) as connection:
            await leases.finish(
                connection,
                run.id,
                token="mine",
                as_of=AS_OF,
                customer_id_type="integer",
                report=text_of("10_0", "report"),
                explainer=None,
                model=None,
                now=NOW,
            )
            await connection.execute(insert(customers), {**CUSTOMER, "run_id": run.id})
        return run.id


@pytest.mark.parametrize("build", builds_with("report"))
def test_a_report_of_every_build_is_served_as_json_and_as_a_page(
    upgraded: Upgraded, build: str
) -> None:
    upgraded.stored(report=text_of(build, "report"))
    report = upgraded.get("/api/admin/runs/{run_id}/report")
    page = upgraded.get("/api/admin/runs/{run_id}/report.html")
    readiness = upgraded.get("/api/admin/runs/{run_id}/readiness")
    assert [answer.status_code for answer in (report, page, readiness)] == [200, 200, 200]
    assert report.json()["customers"] == {"total": 160, "with_orders": 139}
    assert report.json()["readiness"] == readiness.json()
    assert "Customer intelligence as of 1 June 2024" in page.text


@pytest.mark.parametrize("build", FULL_BUILDS)
def test_segments_of_every_build_are_served(upgraded: Upgraded, build: str) -> None:
    upgraded.left_by(build)
    answer = upgraded.get("/api/mcp/segments").json()
    served = {one["id"]: one for one in (*answer["segments"], *answer["groups"])}
    stored = {row["id"]: row for row in segment_rows(build) if row["id"] != "no_orders"}
    assert set(served) == set(stored)
    for identity, row in stored.items():
        assert served[identity]["customer_count"] == row["customer_count"]
        assert served[identity]["rule"]["sentence"]


@pytest.mark.parametrize("build", FULL_BUILDS)
def test_what_every_build_stored_explains_a_customer(upgraded: Upgraded, build: str) -> None:
    upgraded.left_by(build)
    told = upgraded.get("/api/mcp/customers/4?explain=true").json()["explanation"]
    for number, score in (("churn_risk", 0.4), ("predicted_value", 310.0)):
        parts = [part["amount"] for part in told[number]["contributions"]]
        assert told[number]["score"] == score
        assert told[number]["base"] + sum(parts) == pytest.approx(score)
    assert told["segment"]["why"].startswith("Ordered on 7 days")
    has_borders = build in {"10_0", "typed"}
    assert ("% of repeat customers" in told["segment"]["why"]) is has_borders


def test_borders_of_the_future_stop_a_run_in_words(upgraded: Upgraded) -> None:
    upgraded.stored(model='{"format": 99}')
    ended = upgraded.cluster()
    assert ended["state"] == "failed"
    assert ended["error"].startswith("The stored segmentation is of format 99")
    assert upgraded.get("/api/mcp/segments").json()["run_id"] == upgraded.run_id


def test_a_report_of_the_future_is_refused_in_words(upgraded: Upgraded) -> None:
    upgraded.stored(report='{"format": 99}')
    for path in ("report", "report.html", "readiness"):
        answer = upgraded.get("/api/admin/runs/{run_id}/" + path)
        assert answer.status_code == 503
        assert answer.json()["detail"].startswith("The stored report is of format 99")
    upgraded.stored(report=text_of("typed", "report"))


@pytest.mark.parametrize("report", ['{"format": ', '{"format": 2}', "[]", '{"format": 1, "a": 2}'])
def test_a_damaged_report_is_said_to_be_one(upgraded: Upgraded, report: str) -> None:
    upgraded.stored(report=report)
    for path in ("report", "report.html", "readiness"):
        answer = upgraded.get("/api/admin/runs/{run_id}/" + path)
        assert answer.status_code == 500
        assert answer.json()["detail"].startswith("The stored report cannot be read")
    upgraded.stored(report=text_of("typed", "report"))
