"""Webhooks as an operator meets them: made by the API, told by a running service."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook as Signer

from tests.databases import SqliteFolder
from tests.live import ADMIN_KEY, Live, serving
from tests.performed import clustered_shop
from tests.receiver import WITHOUT_LIMITS, Receiver, receiving

HOOKS = "/api/admin/webhooks"
LATER = "2024-08-01T00:00:00+00:00"


@pytest.fixture(scope="module")
def live(sqlite_folder: SqliteFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve a clustered shop, with a worker."""
    url = sqlite_folder.prepared(clustered_shop)
    folder = tmp_path_factory.mktemp("webhooks")
    with serving(url, folder, variables=WITHOUT_LIMITS) as service:
        yield service


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def asked(
    live: Live, method: str, path: str = "", key: str = ADMIN_KEY, **more: Any
) -> httpx.Response:
    return live.client.request(method, f"{HOOKS}{path}", headers={"X-API-Key": key}, **more)


def made(live: Live, receiver: Receiver, *events: str, **more: Any) -> dict[str, Any]:
    answer = asked(live, "POST", json={"url": receiver.url, "events": events, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_run_is_told_signed(live: Live, receiver: Receiver) -> None:
    hook = made(live, receiver, "run.published", "segment.changed")
    run = live.cluster(as_of=LATER)
    assert run["state"] == "succeeded"
    first = receiver.until(1)[0]
    told = Signer(hook["secret"]).verify(first.body, dict(first.headers))
    assert told["type"] == "run.published"
    assert told["data"]["run_id"] == run["run_id"]
