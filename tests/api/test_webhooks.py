"""Webhooks as an operator meets them: made by the API, told by a running service."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook as Signer

from tests.databases import SqliteFolder
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import clustered_shop, shop_about_to_move
from tests.receiver import WITHOUT_LIMITS, Receiver, receiving
from tests.shops import AS_OF
from tests.waiting import wait_until

HOOKS = "/api/admin/webhooks"
ELSEWHERE = {"url": "https://hooks.example.com/", "events": ["run.failed"]}


@pytest.fixture(scope="module")
def live(sqlite_folder: SqliteFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve a shop whose customers move with the next run, with a worker."""
    url = sqlite_folder.prepared(shop_about_to_move)
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


def made(live: Live, url: str, *events: str, **more: Any) -> dict[str, Any]:
    answer = asked(live, "POST", json={"url": url, "events": events, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def deliveries(live: Live, hook: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    answer = asked(live, "GET", f"/{hook['id']}/deliveries{query}")
    return list(answer.json()["deliveries"])


@pytest.fixture(autouse=True)
def none_are_left(live: Live) -> Iterator[None]:
    yield
    for one in asked(live, "GET").json()["webhooks"]:
        assert asked(live, "DELETE", f"/{one['id']}").status_code == 204


def test_a_run_is_told_signed_and_as_the_api_tells_it(live: Live, receiver: Receiver) -> None:
    hook = made(live, receiver.url, "run.published", "segment.changed")
    run = live.cluster(as_of=AS_OF.isoformat())
    assert run["state"] == "succeeded"
    told = [
        Signer(hook["secret"]).verify(call.body, dict(call.headers)) for call in receiver.until(2)
    ]
    report = live.get(f"/api/mcp/runs/{run['run_id']}/report").json()
    published, changed = told
    assert published["type"] == "run.published"
    assert published["data"]["run_id"] == run["run_id"]
    assert published["data"]["moves"] == report["moves"]
    assert published["data"]["customers"] == report["customers"]
    assert {one["id"]: one["customers"] for one in published["data"]["segments"]} == {
        one["id"]: one["customer_count"] for one in report["segments"]
    }
    assert live.get(published["data"]["link"]).json() == report
    moves = live.get(f"/api/admin/changes?run_id={run['run_id']}", ADMIN_KEY).json()["changes"]
    assert changed["type"] == "segment.changed"
    assert sorted(changed["data"]["customers"], key=lambda one: int(one["customer_id"])) == sorted(
        (
            {
                name: one[name]
                for name in ("customer_id", "from_segment_id", "to_segment_id", "cause")
            }
            | {"person": None, "held_out_until": None}
            for one in moves
        ),
        key=lambda one: int(one["customer_id"]),
    )
    wait_until(lambda: {one["state"] for one in deliveries(live, hook)} == {"delivered"})
    assert [one["message_id"] for one in deliveries(live, hook)][::-1] == [
        call.id for call in receiver.calls
    ]


def test_an_erased_customer_is_told_as_gone(live: Live, receiver: Receiver) -> None:
    made(live, receiver.url, "customer.gone")
    headers = {"X-API-Key": ADMIN_KEY}
    assert live.client.delete("/api/admin/customers/9", headers=headers).status_code == 204
    (call,) = receiver.until(1)
    gone = {"customer_id": "9", "cause": "erased", "person": None}
    assert call.told["data"] == {"run_id": None, "batch": 1, "batches": 1, "customers": [gone]}


def test_a_secret_is_shown_once_and_kept_encrypted(live: Live, receiver: Receiver) -> None:
    hook = made(live, receiver.url, "run.failed")
    first = hook.pop("secret")
    assert asked(live, "GET", f"/{hook['id']}").json() == hook
    assert asked(live, "GET").json() == {"webhooks": [hook]}
    rotated = asked(live, "POST", f"/{hook['id']}/rotate-secret").json()
    second = rotated["secret"]
    assert rotated["previous_secret_until"] is not None
    assert asked(live, "POST", f"/{hook['id']}/test").status_code == 202
    (call,) = receiver.until(1)
    assert call.told["data"] == {"webhook_id": hook["id"]}
    for secret in (first, second):
        Signer(secret).verify(call.body, dict(call.headers))
    with sqlite3.connect(live.url.removeprefix("sqlite:///")) as connection:
        kept = "\n".join(connection.iterdump())
    for secret in (first, second):
        assert secret not in kept
        assert secret not in live.log.read_text()


def test_a_trial_says_what_came_of_it(live: Live, receiver: Receiver) -> None:
    hook = made(live, receiver.url, "run.failed")
    receiver.answer = lambda _: (418, {})
    told = asked(live, "POST", f"/{hook['id']}/test").json()
    assert (told["state"], told["event"], told["attempts"]) == ("waiting", "webhook.test", 0)
    wait_until(lambda: deliveries(live, hook)[0]["state"] == "dead")
    (one,) = deliveries(live, hook, "?state=dead,waiting")
    assert (one["status_code"], one["problem"], one["attempts"]) == (418, "refused", 1)
    assert asked(live, "GET", f"/{hook['id']}").json()["disabled_at"] is None
    receiver.answer = lambda _: (200, {})
    again = asked(live, "POST", f"/{hook['id']}/deliveries/{one['id']}/redeliver")
    assert again.status_code == 202
    wait_until(lambda: deliveries(live, hook)[0]["state"] == "delivered")
    assert len({call.id for call in receiver.calls}) == 1


def test_deliveries_are_listed_page_by_page(live: Live) -> None:
    hook = made(live, "http://127.0.0.1:9/", "run.failed")
    for _ in range(3):
        asked(live, "POST", f"/{hook['id']}/test")
    ids = [one["id"] for one in deliveries(live, hook)]
    assert ids == sorted(ids, reverse=True)
    first = deliveries(live, hook, "?limit=2")
    assert [one["id"] for one in first] == ids[:2]
    rest = deliveries(live, hook, f"?before={first[-1]['id']}")
    assert [one["id"] for one in rest] == ids[2:]


def test_a_disabled_webhook_is_told_nothing_until_it_is_enabled(
    live: Live, receiver: Receiver
) -> None:
    hook = made(live, receiver.url, "customer.gone")
    disabled = asked(live, "POST", f"/{hook['id']}/disable").json()
    assert disabled["disabled_because"] == "asked"
    headers = {"X-API-Key": ADMIN_KEY}
    assert live.client.delete("/api/admin/customers/10", headers=headers).status_code == 204
    assert deliveries(live, hook) == []
    enabled = asked(live, "POST", f"/{hook['id']}/enable").json()
    assert (enabled["disabled_at"], enabled["disabled_because"]) == (None, None)
    assert live.client.delete("/api/admin/customers/11", headers=headers).status_code == 204
    (call,) = receiver.until(1)
    assert [one["customer_id"] for one in call.told["data"]["customers"]] == ["11"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"url": "ftp://hooks.example.com/"}, "url is no URL that begins with https://."),
        ({"url": "https://user:word@hooks.example.com/"}, "has a user or a fragment"),
        ({"events": []}, "events"),
        ({"events": ["webhook.test"]}, "should be 'run.published', 'segment.changed', 'cust"),
        ({"events": ["run.started"]}, "events"),
        ({"at_risk_again_below": 0.71}, "at_risk_again_below is above at_risk_from."),
        ({"at_risk_from": 1.5}, "at_risk_from"),
        ({"moves": {"form": ["vip"]}}, "moves.form"),
        ({"secret": "mine"}, "secret"),
        ({"people": 0}, "people"),
        ({"at_risk_from": "0.7"}, "at_risk_from"),
    ],
)
def test_what_could_never_be_told_is_refused(live: Live, body: dict[str, Any], said: str) -> None:
    refused = asked(live, "POST", json={**ELSEWHERE, **body})
    assert refused.status_code == 422
    assert said in refused.json()["detail"]


def test_private_addresses_are_refused_where_they_are_not_allowed(
    sqlite_folder: SqliteFolder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = sqlite_folder.prepared(clustered_shop)
    with serving(url, tmp_path_factory.mktemp("strict")) as strict:
        for address in ("http://hooks.example.com/", "https://127.0.0.1/", "https://localhost/"):
            refused = asked(strict, "POST", json={**ELSEWHERE, "url": address})
            assert refused.status_code == 422
            assert "WEBHOOKS_ALLOW_PRIVATE" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/{id}"),
        ("DELETE", "/{id}"),
        ("POST", "/{id}/test"),
        ("POST", "/{id}/rotate-secret"),
        ("POST", "/{id}/disable"),
        ("POST", "/{id}/enable"),
        ("GET", "/{id}/deliveries"),
        ("POST", "/{id}/deliveries/1/redeliver"),
    ],
)
def test_admin_keys_alone_open_them_and_what_is_not_there_is_404(
    live: Live, method: str, path: str
) -> None:
    hook = made(live, "https://hooks.example.com/", "run.failed")
    mine = path.replace("{id}", hook["id"])
    assert asked(live, method, mine, key=API_KEY, json=ELSEWHERE).status_code == 403
    assert asked(live, method, mine, key="wrong").status_code == 401
    if path:
        missing = asked(live, method, path.replace("{id}", "nowhere"))
        assert missing.status_code == 404
        assert missing.json()["detail"] == "No webhook has the id nowhere."
    if "redeliver" in path:
        assert asked(live, method, mine).status_code == 404


def test_what_was_done_is_in_the_audit(live: Live) -> None:
    hook = made(live, "http://127.0.0.1:9/", "run.failed")["id"]
    for step in ("test", "rotate-secret", "disable", "enable"):
        asked(live, "POST", f"/{hook}/{step}")
    told = live.get("/api/admin/audit?limit=5", ADMIN_KEY).json()["entries"][::-1]
    assert [(one["action"], one["subject"]) for one in told] == [
        (f"webhook_{action}", hook)
        for action in ("created", "tested", "secret_rotated", "disabled", "enabled")
    ]
    assert "127.0.0.1:9" not in json.dumps(told)
