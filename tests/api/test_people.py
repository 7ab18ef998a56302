"""People over HTTP: erased, exported, masked, told to followers, and in no shared cache."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis import Redis

from backend.database.engine import opened
from backend.run.perform import perform
from backend.run.progress import Progress
from tests.conftest import NewDatabase, execute, wait_for
from tests.live import ADMIN_KEY, Live, serving
from tests.performed import (
    CLUSTERED_CUSTOMERS,
    NO_WORKER,
    claimed,
    clustered_shop,
    config_of,
    perform_once,
    performed,
)
from tests.shops import AS_OF, VARIABLES, fill, invented

ADMIN = {"X-API-Key": ADMIN_KEY}
PEOPLE = CLUSTERED_CUSTOMERS


@pytest.fixture
def live(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop after one run; later runs are done beside the service."""
    with serving(new_sqlite(clustered_shop), tmp_path, variables=NO_WORKER) as service:
        yield service


def erase(live: Live, customer_id: str, query: str = "") -> int:
    path = f"/api/admin/customers/{customer_id}{query}"
    return live.client.delete(path, headers=ADMIN).status_code


def status(live: Live, customer_id: str) -> int:
    return live.get(f"/api/mcp/customers/{customer_id}").status_code


def found(live: Live, query: str, limit: int = 100) -> list[str]:
    path = f"/api/mcp/customers/search?query={query}&limit={limit}"
    return [one["customer_id"] for one in live.get(path).json()["customers"]]


def listed(live: Live) -> set[str]:
    page = live.get("/api/mcp/customers?limit=1000").json()
    assert page["total"] == len(page["customers"])
    return {one["customer_id"] for one in page["customers"]}


def looked_up(live: Live, wanted: Any, key: str = ADMIN_KEY) -> Any:
    path, headers = "/api/mcp/customers/batch", {"X-API-Key": key}
    return live.client.post(path, headers=headers, json=wanted).json()


def gone(live: Live) -> list[tuple[str, str]]:
    listed = live.get("/api/mcp/customers/gone").json()["gone"]
    return [(one["customer_id"], one["cause"]) for one in listed]


def counted(live: Live) -> int:
    shown = live.get("/api/mcp/segments").json()
    in_segments = sum(one["customer_count"] for one in shown["segments"])
    return int(in_segments + shown["customers_without_orders"])


def test_an_erased_customer_is_nobody_until_the_shop_has_them_no_longer(live: Live) -> None:
    assert erase(live, "4") == 204
    assert erase(live, "4") == 404
    for again in (False, True):
        if again:
            assert performed(live, as_of=AS_OF)["state"] == "succeeded"
        assert status(live, "4") == 404
        assert found(live, "person4@") == []
        assert listed(live) == {str(one) for one in range(1, PEOPLE + 1)} - {"4"}
        for wanted in ({"ids": ["4", "5"]}, {"emails": ["person4@example.com"]}):
            batch = looked_up(live, wanted)
            assert "person4" not in str(batch["customers"])
            assert "4" in batch["missing"]["ids"] or batch["missing"]["emails"] == wanted["emails"]
        assert len(found(live, "person", limit=3)) == 3
        assert "4" not in found(live, "person")
        assert counted(live) == PEOPLE - 1
        changes = live.get("/api/admin/changes?limit=10000", ADMIN_KEY).json()["changes"]
        assert "4" not in {one["customer_id"] for one in changes}
        assert gone(live) == [("4", "erased")]
    wait_for(execute(live.url, "DELETE FROM customers WHERE id = 4"))
    performed(live, as_of=AS_OF)
    wait_for(execute(live.url, "INSERT INTO customers (id) VALUES (4)"))
    assert live.get("/api/mcp/customers/4").json()["status"] == "not_scored_yet"
    performed(live, as_of=AS_OF)
    assert live.get("/api/mcp/customers/4").json()["status"] == "scored"
    assert gone(live) == []


def test_a_run_at_work_publishes_without_whom_somebody_erases(live: Live) -> None:
    wait_for(erased_during_a_run(live))
    assert status(live, "4") == 404
    assert counted(live) == PEOPLE - 1


async def erased_during_a_run(live: Live) -> None:
    async with opened(live.url) as engine:
        run_id = await claimed(engine)
        progress = ErasesAtTheEnd(live)
        await perform(config_of(live.url), run_id, "mine", progress)
    assert progress.answers == [204]


class ErasesAtTheEnd(Progress):
    """Erases a customer when the run has read the shop and is about to publish."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.live = live
        self.answers: list[int] = []

    def enter(self, stage: str, *rest: Any) -> None:
        """Begin a stage."""
        super().enter(stage, *rest)
        if stage == "publish":
            self.answers.append(erase(self.live, "4"))


def test_to_forget_at_once_leaves_no_tombstone(live: Live) -> None:
    assert erase(live, "4") == 204
    assert erase(live, "4", "?forget=now") == 204
    assert live.get("/api/mcp/customers/4").json()["status"] == "not_scored_yet"
    assert erase(live, "5", "?forget=now") == 204
    assert live.get("/api/mcp/customers/5").json()["status"] == "not_scored_yet"
    assert gone(live) == [("4", "erased"), ("5", "erased")]
    assert erase(live, "5", "?forget=later") == 422


def test_only_who_is_known_to_the_shop_or_to_us_is_erased(live: Live) -> None:
    insert, remove = "INSERT INTO customers (id) VALUES (777)", "DELETE FROM customers WHERE id = 6"
    wait_for(execute(live.url, insert, remove))
    assert erase(live, "99999") == 404
    assert erase(live, "99999", "?forget=now") == 404
    assert erase(live, "777") == 204  # no run has seen them
    assert status(live, "777") == 404
    assert erase(live, "6") == 204  # the shop has them no longer
    performed(live, as_of=AS_OF)
    assert "777" not in found(live, "person")
    assert counted(live) == PEOPLE - 1


def test_who_left_the_shop_is_told_and_unknown_at_once(live: Live) -> None:
    assert status(live, "4") == 200
    wait_for(execute(live.url, "DELETE FROM customers WHERE id = 4"))
    assert status(live, "4") == 404
    assert gone(live) == []
    performed(live, as_of=AS_OF)
    assert gone(live) == [("4", "deleted")]
    since = live.get("/api/mcp/customers/gone?since=2999-01-01T00:00:00Z").json()["gone"]
    assert since == []
    assert live.get("/api/mcp/customers/gone?since=soon").status_code == 422


def test_all_accounts_of_a_customer_are_erased_together(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url, shop = new_sqlite(), invented(PEOPLE)
    for guest in (7, 9):  # guests with the e-mail of 3
        shop.customers[guest - 1].update(email="person3@example.com")
    wait_for(fill(url, shop))
    variables = {**VARIABLES, "MERGE_GUESTS": "true"}
    wait_for(perform_once(url, variables, as_of=AS_OF))
    with serving(url, tmp_path, variables={**NO_WORKER, "MERGE_GUESTS": "true"}) as live:
        assert counted(live) == PEOPLE - 2
        assert live.get("/api/mcp/customers/9").json()["customer_id"] == "3"
        assert erase(live, "9") == 204
        assert [status(live, one) for one in "379"] == [404] * 3
        assert found(live, "person3@") == []
        # Whoever of them is the customer once the first account is gone is erased too.
        wait_for(execute(url, "DELETE FROM customers WHERE id = 3"))
        wait_for(perform_once(url, variables, as_of=AS_OF))
        assert counted(live) == PEOPLE - 3
        assert [status(live, one) for one in "379"] == [404] * 3
        # Who becomes part of another customer is told as merged.
        wait_for(execute(url, "UPDATE customers SET email = 'person1@example.com' WHERE id = 2"))
        wait_for(perform_once(url, variables, as_of=AS_OF))
        assert ("2", "merged") in gone(live)


def test_an_export_holds_every_row_with_its_meaning(live: Live) -> None:
    path = "/api/admin/customers/{}/export"
    told = live.get(path.format(4), ADMIN_KEY).json()
    assert told["person"]["email"] == "person4@example.com"
    assert (told["customer_id"], told["accounts"], told["erased_at"]) == ("4", ["4"], None)
    tables = {row["table"]: row["values"] for row in told["held"]}
    assert set(tables) == {"customer_intelligence", "intelligence_segment_changes"}
    numbers = {one["name"]: one for one in tables["customer_intelligence"]}
    assert numbers["frequency"]["value"] == len(invented(PEOPLE).counted(4))
    assert numbers["frequency"]["meaning"].startswith("number of counted orders; unit: orders")
    assert all(one["meaning"] for values in tables.values() for one in values)
    erase(live, "4")
    after = live.get(path.format(4), ADMIN_KEY).json()
    assert after["person"] is None
    assert after["erased_at"]
    assert [row["table"] for row in after["held"]] == ["intelligence_customers_gone"]
    assert live.get(path.format(99999), ADMIN_KEY).status_code == 404
    assert live.get(path.format(4)).status_code == 403


def test_the_audit_says_who_did_what_and_not_to_whom(live: Live) -> None:
    live.client.post("/api/admin/cluster", headers=ADMIN)
    segment = live.get("/api/mcp/segments").json()["segments"][0]["id"]
    live.client.patch(f"/api/admin/segments/{segment}", headers=ADMIN, json={"name": "Best"})
    live.get("/api/admin/customers/4/export", ADMIN_KEY)
    erase(live, "4")
    erase(live, "4")  # nobody now, and nothing was done
    entries = live.get("/api/admin/audit", ADMIN_KEY).json()["entries"]
    run_id = live.get("/api/admin/cluster/status").json()["run_id"]
    assert [(one["action"], one["subject"]) for one in entries[::-1]] == [
        ("run_started", run_id),
        ("segment_renamed", segment),
        ("customer_exported", None),
        ("customer_erased", None),
    ]
    assert len({one["key"] for one in entries}) == 1
    assert ADMIN_KEY not in str(entries)
    after = live.get(f"/api/admin/audit?after={entries[1]['id']}", ADMIN_KEY).json()["entries"]
    assert after == entries[:1]
    assert live.get("/api/admin/audit").status_code == 403


def test_a_masked_key_reads_numbers_of_nobody_in_particular(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    variables = {**NO_WORKER, "API_KEY_MASKED": "old-masked, masked"}
    with serving(new_sqlite(clustered_shop), tmp_path, variables=variables) as live:
        whole = live.get("/api/mcp/customers/4?explain=true").json()
        seen = live.get("/api/mcp/customers/4?explain=true", "masked").json()
        hidden = {"email": None, "first_name": None, "last_name": None}
        assert seen == {**whole, **hidden}
        assert seen["ltv"] is not None
        for query in ("person4@example.com", "First4", "nobody"):
            refused = live.get(f"/api/mcp/customers/search?query={query}", "masked")
            assert refused.status_code == 403
            assert "without e-mails and names" in refused.json()["detail"]
            assert "person4" not in refused.text
        rows = live.get("/api/mcp/customers?limit=1000", "masked").json()["customers"]
        rows += looked_up(live, {"ids": ["4"]}, "masked")["customers"]
        assert len(rows) == PEOPLE + 1
        assert {tuple(row[name] for name in hidden) for row in rows} == {(None, None, None)}
        refused = looked_up(live, {"emails": ["person4@example.com"]}, "masked")
        assert refused["status"] == 403
        for path in (
            "/api/mcp/segments",
            "/api/admin/cluster/status",
            "/api/mcp/customers/gone",
            "/api/mcp/customers?format=csv",
            "/api/mcp/history",
            "/api/mcp/runs/latest",
            "/api/mcp/runs/latest/report",
            "/api/mcp/runs/latest/readiness",
            "/api/mcp/runs/latest/report.html",
        ):
            assert live.get(path, "old-masked").status_code == 200
            told = live.get(path, "masked").text
            assert not re.search(r"person\d|First\d|Last\d", told), path
        for path in (
            "/api/admin/runs",
            "/api/admin/changes",
            "/api/admin/customers/4/export",
            "/api/admin/audit",
        ):
            assert live.get(path, "masked").status_code == 403


def test_an_answer_is_the_callers_alone_and_sent_once(live: Live) -> None:
    path = "/api/mcp/customers/4"
    first = live.get(path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Vary"] == "X-API-Key, Accept, Accept-Encoding, Cookie"
    assert live.get("/api/mcp/customers/none").headers["Cache-Control"] == "private, no-cache"
    assert "Cache-Control" not in live.client.get("/health").headers

    def again(tag: str, key: str = ADMIN_KEY) -> int:
        headers = {"X-API-Key": key, "If-None-Match": tag}
        answer = live.client.get(path, headers=headers)
        assert (answer.content == b"") == (answer.status_code == 304)
        return answer.status_code

    tag = first.headers["ETag"]
    assert [again(tag), again(f'"other", W/{tag}'), again('"other"')] == [304, 304, 200]
    assert again(tag, "wrong") == 401
    wait_for(execute(live.url, "UPDATE customers SET first_name = 'Ada' WHERE id = 4"))
    assert again(tag) == 200
    erase(live, "4")
    assert again(tag) == 404


@pytest.mark.external
def test_the_shared_cache_holds_numbers_of_nobody_who_can_be_named(
    new_sqlite: NewDatabase, tmp_path: Path, redis_url: str
) -> None:
    url = new_sqlite(clustered_shop)
    # A database of its own: copies of this shop share their run, and so their keys.
    of_its_own = urlsplit(redis_url)._replace(path="/1").geturl()
    variables = {**NO_WORKER, "REDIS_URL": of_its_own}
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    with (
        Redis.from_url(of_its_own) as redis,
        serving(url, one, variables=variables) as live,
        serving(url, other, variables=variables) as replica,
    ):
        redis.flushdb()
        before = live.get("/api/mcp/customers/4").json()
        kept = {key: redis.get(key) for key in redis.scan_iter("intelligence:*")}
        (key,) = (key for key in kept if b":customer:" in key)
        assert replica.get("/api/mcp/customers/4").json() == before  # out of the cache
        for said in ("person4", "First4", "Last4", "customer_id", '"4"'):
            assert said not in str(kept)
        redis.set(key, b"spoilt")
        assert live.get("/api/mcp/customers/4").json() == before
        wait_for(execute(url, "UPDATE customers SET email = 'new@example.com' WHERE id = 4"))
        assert replica.get("/api/mcp/customers/4").json()["email"] == "new@example.com"
        assert erase(live, "4") == 204
        assert status(replica, "4") == 404
        assert redis.get(key) is None
