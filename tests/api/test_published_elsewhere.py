"""Who is published between runs by one process is told anew by every other, caches or not."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.api.test_fresh import change, clustered_yesterday, placed
from tests.conftest import NewDatabase, wait_for
from tests.live import ADMIN_KEY, Live, serving
from tests.performed import NO_WORKER

pytestmark = pytest.mark.external

PROFILE, LISTED = "/api/mcp/customers/4", "/api/mcp/customers?limit=1000"


@pytest.fixture
def replicas(
    new_postgres: NewDatabase, redis_url: str, tmp_path: Path
) -> Iterator[tuple[Live, Live]]:
    """Serve a shop twice with one Redis; one of them scores, both repeat answers for a second."""
    url = new_postgres(clustered_yesterday)
    known = {"ANSWER_SECONDS": "1", "SERVED_RUN_SECONDS": "1", "REDIS_URL": redis_url}
    with ExitStack() as stack:
        made = []
        for name, work in (("one", {}), ("other", NO_WORKER)):
            (folder := tmp_path / name).mkdir()
            served = serving(url, folder, variables={**work, **known})
            made.append(stack.enter_context(served))
        yield made[0], made[1]


def test_all_replicas_tell_the_new_row(replicas: tuple[Live, Live]) -> None:
    one, other = replicas
    before = [live.get(path) for live in replicas for path in (PROFILE, LISTED)]
    orders = before[0].json()["total_orders"] + 1
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    wait_for(change(one.url, placed(4, "80.00", at, 900_001)))
    told = {"event_id": "one", "customer_ids": ["4"]}
    answer = other.client.post(
        "/api/admin/events/orders", json=told, headers={"X-API-Key": ADMIN_KEY}
    )
    assert answer.status_code == 202
    for live in replicas:
        live.until_told(PROFILE, lambda profile: profile["total_orders"] == orders)
        live.until_told(
            LISTED,
            lambda told: (
                orders
                in [row["total_orders"] for row in told["customers"] if row["customer_id"] == "4"]
            ),
        )
        assert live.get(PROFILE).headers["ETag"] != before[0].headers["ETag"]
