"""The outbox is emptied by running services and workers: nothing lost, nothing invented."""

import asyncio
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from standardwebhooks import Webhook as Signer

from backend.core.glossary import Event
from backend.core.sealing import sealed
from backend.core.secret_keys import keys_at_rest
from backend.database.database_clock import database_now, read_clock
from backend.database.engine import opened, transaction
from backend.run import courier
from backend.store.outbox import tell_failed
from backend.store.tables import webhook_deliveries, webhooks
from backend.store.webhook_rows import add_webhook
from backend.webhooks.webhook import WebhookWanted
from tests import forked
from tests.conftest import NewDatabase, on_one_kind, wait_for
from tests.databases import migrated
from tests.live import ADMIN_KEY, environment, serving
from tests.performed import NO_WORKER, config_of, shop_about_to_move
from tests.receiver import WITHOUT_LIMITS, Call, Receiver, receiving
from tests.shops import AS_OF
from tests.waiting import PATIENCE_SECONDS, wait_until

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


async def webhook_of(url: str, address: str, **wanted: Any) -> str:
    """Make a webhook past the API, and return its id."""
    asked = WebhookWanted(url=address, **{"events": (Event.RUN_FAILED,), **wanted})
    seal = sealed(keys_at_rest([ADMIN_KEY]), SECRET)
    async with opened(url) as engine, transaction(engine) as connection:
        return (await add_webhook(connection, asked, seal, await read_clock(connection))).id


async def something_failed(url: str, count: int, first: int = 0) -> None:
    """Have so many things to tell, each in a transaction of its own."""
    async with opened(url) as engine:
        for number in range(first, first + count):
            async with transaction(engine) as connection:
                now = await read_clock(connection)
                await tell_failed(connection, f"run-{number}", "It broke.", now)


async def states(url: str) -> Counter[str]:
    async with opened(url) as engine, transaction(engine) as connection:
        return Counter(await connection.scalars(select(webhook_deliveries.c.state)))


async def as_if_much_later(url: str) -> None:
    """Let leases be over, and pauses too."""
    past = database_now(-timedelta(seconds=1))
    async with opened(url) as engine, transaction(engine) as connection:
        await connection.execute(update(webhooks).values(lease_until=past))
        waits = webhook_deliveries.c.state == "waiting"
        await connection.execute(update(webhook_deliveries).where(waits).values(due_at=past))


def worker(url: str, folder: Path, name: str) -> Any:
    return forked.start(
        "backend",
        ("worker",),
        folder=folder,
        variables=environment(url, WITHOUT_LIMITS),
        stdout=folder / f"{name}.log",
        stderr=folder / f"{name}.log",
    )


def well_after(event: threading.Event | None) -> tuple[int, dict[str, str]]:
    """Answer well, once something has happened."""
    if event is not None:
        event.wait()
    return 204, {}


def runs_told(calls: list[Call]) -> list[str]:
    return [call.told["data"]["run_id"] for call in calls]


@on_one_kind
def test_several_workers_tell_each_once_and_in_order(
    new_database: NewDatabase, tmp_path: Path, receiver: Receiver
) -> None:
    url = new_database(migrated)
    with receiving() as other:
        for address in (receiver.url, other.url):
            wait_for(webhook_of(url, address))
        wait_for(something_failed(url, 40))
        workers = [worker(url, tmp_path, f"worker-{number}") for number in range(3)]
        try:
            for each in (receiver, other):
                each.until(40)
                assert runs_told(each.calls) == [f"run-{number}" for number in range(40)]
            wait_until(lambda: wait_for(states(url)) == {"delivered": 80})
        finally:
            for process in workers:
                process.terminate()
                process.wait(PATIENCE_SECONDS)
        assert len(receiver.calls) == len(other.calls) == 40


async def test_a_fault_of_ours_is_logged_once_however_often_it_is_met(
    new_sqlite: NewDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url, stop, met = new_sqlite(migrated), asyncio.Event(), []

    async def broken(*_: Any) -> None:
        met.append("again")
        if len(met) == 4:
            stop.set()
        raise RuntimeError

    monkeypatch.setattr(courier, "LOOK_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(courier, "letter", broken)
    await webhook_of(url, "https://hooks.example.com/")
    await something_failed(url, 1)
    await courier.deliver(config_of(url), stop)
    said = [one for one in caplog.records if one.getMessage() == "delivering stumbled"]
    assert (len(met), len(said)) == (4, 1)


@on_one_kind
def test_a_worker_killed_while_it_delivers_loses_nothing_and_tells_it_again_by_its_id(
    new_database: NewDatabase, tmp_path: Path, receiver: Receiver
) -> None:
    """It is killed when the receiver has the call and has not answered yet."""
    url = new_database(migrated)
    wait_for(webhook_of(url, receiver.url))
    wait_for(something_failed(url, 6))
    held = threading.Event()
    receiver.answer = lambda _: well_after(held if len(receiver.calls) == 3 else None)
    first = worker(url, tmp_path, "first")
    receiver.until(3)
    os.kill(first.pid, signal.SIGKILL)
    held.set()
    first.wait(PATIENCE_SECONDS)
    assert wait_for(states(url)) == {"delivered": 2, "waiting": 4}
    wait_for(as_if_much_later(url))
    second = worker(url, tmp_path, "second")
    try:
        wait_until(lambda: wait_for(states(url)) == {"delivered": 6})
    finally:
        second.terminate()
        second.wait(PATIENCE_SECONDS)
    told = runs_told(receiver.calls)
    assert told == [f"run-{number}" for number in (0, 1, 2, 2, 3, 4, 5)]
    ids = [call.id for call in receiver.calls]
    assert ids[2] == ids[3]
    assert len(set(ids)) == 6


@on_one_kind
def test_what_is_published_and_not_delivered_is_told_by_the_next_who_works(
    new_database: NewDatabase, tmp_path: Path, receiver: Receiver
) -> None:
    """Whoever published is gone: nothing of it was in its memory alone."""
    url = new_database(shop_about_to_move)
    events = (Event.RUN_PUBLISHED, Event.SEGMENT_CHANGED)
    wait_for(webhook_of(url, receiver.url, events=events))
    with serving(url, tmp_path, variables=WITHOUT_LIMITS) as live:
        receiver.answer = lambda _: (503, {})
        run = live.cluster(as_of=AS_OF.isoformat())
        receiver.until(1)
        os.kill(live.process.pid, signal.SIGKILL)
        live.process.wait(PATIENCE_SECONDS)
    receiver.answer = lambda _: (204, {})
    failed = len(receiver.calls)
    wait_for(as_if_much_later(url))
    with serving(url, tmp_path, variables=WITHOUT_LIMITS) as live:
        wait_until(lambda: set(wait_for(states(url))) == {"delivered"})
        changes = live.get(f"/api/admin/changes?run_id={run['run_id']}", ADMIN_KEY).json()
    well = receiver.calls[failed:]
    assert well[0].id == receiver.calls[0].id
    assert well[0].told["data"]["run_id"] == run["run_id"]
    told = [one for call in well[1:] for one in call.told["data"]["customers"]]
    moved = [one for one in changes["changes"] if one["to_segment_id"] is not None]
    assert sorted(one["customer_id"] for one in told) == sorted(one["customer_id"] for one in moved)
    assert len(told) > 0


def test_one_receiver_that_hangs_keeps_no_other_waiting(
    new_sqlite: NewDatabase, tmp_path: Path, receiver: Receiver
) -> None:
    url, over = new_sqlite(migrated), threading.Event()
    with receiving() as hanging:
        hanging.answer = lambda _: well_after(over)
        for address in (hanging.url, receiver.url):
            wait_for(webhook_of(url, address))
        wait_for(something_failed(url, 5))
        process = worker(url, tmp_path, "worker")
        try:
            receiver.until(5)
            assert len(hanging.calls) == 1
        finally:
            over.set()
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def test_a_failure_is_logged_once_and_being_given_up_is_said(
    new_sqlite: NewDatabase, tmp_path: Path, receiver: Receiver
) -> None:
    url = new_sqlite(migrated)
    hook = wait_for(webhook_of(url, receiver.url))
    receiver.answer = lambda _: (500, {})
    wait_for(something_failed(url, 1))
    with serving(url, tmp_path, variables=WITHOUT_LIMITS) as live:
        for attempt in range(1, 4):
            receiver.until(attempt)
            wait_until(lambda: wait_for(waits_later(url)))
            if attempt == 3:
                receiver.answer = lambda _: (410, {})
            wait_for(as_if_much_later(url))
        wait_until(lambda: 'state="gone"} 1.0' in live.client.get("/metrics").text)
        # It is said when it has been written down.
        wait_until(lambda: "webhook disabled" in live.log.read_text(), live.log.read_text)
        log = live.log.read_text()
        told = live.get(f"/api/admin/webhooks/{hook}", ADMIN_KEY).json()
    assert log.count("webhook not delivered, tried again") == 1
    assert log.count("webhook disabled") == 1
    assert told["disabled_because"] == "gone"
    assert SECRET not in log


async def waits_later(url: str) -> bool:
    later = webhook_deliveries.c.due_at > database_now()
    async with opened(url) as engine, transaction(engine) as connection:
        return bool(await connection.scalar(select(webhook_deliveries.c.id).where(later)))


def test_a_secret_that_cannot_be_read_is_said_and_nothing_is_sent_unsigned(
    new_sqlite: NewDatabase, tmp_path: Path, receiver: Receiver
) -> None:
    url = new_sqlite(migrated)
    hook = wait_for(webhook_of(url, receiver.url))
    wait_for(something_failed(url, 1))
    variables = {**WITHOUT_LIMITS, "SECRET_KEY": "another", "ADMIN_API_KEY": "another-admin"}
    with serving(url, tmp_path, variables=variables) as live:
        address = f"/api/admin/webhooks/{hook}/deliveries"

        def problem() -> Any:
            return live.get(address, "another-admin").json()["deliveries"][0]["problem"]

        wait_until(lambda: problem() == "secret_unreadable")
        assert receiver.calls == []
        headers = {"X-API-Key": "another-admin"}
        rotated = live.client.post(f"/api/admin/webhooks/{hook}/rotate-secret", headers=headers)
        wait_for(as_if_much_later(url))
        (call,) = receiver.until(1)
    Signer(rotated.json()["secret"]).verify(call.body, dict(call.headers))


def test_names_are_told_to_those_alone_who_were_made_so(
    new_sqlite: NewDatabase, tmp_path: Path, receiver: Receiver
) -> None:
    url = new_sqlite(shop_about_to_move)
    with receiving() as plain:
        wait_for(webhook_of(url, receiver.url, events=(Event.SEGMENT_CHANGED,), people=True))
        wait_for(webhook_of(url, plain.url, events=(Event.SEGMENT_CHANGED,)))
        with serving(url, tmp_path, variables=WITHOUT_LIMITS) as live:
            live.cluster(as_of=AS_OF.isoformat())
            named, unnamed = receiver.until(1)[0], plain.until(1)[0]
    for one in named.told["data"]["customers"]:
        assert one["person"]["email"] == f"person{one['customer_id']}@example.com"
    assert b"@example.com" not in unnamed.body
    assert {one["person"] for one in unnamed.told["data"]["customers"]} == {None}


def test_a_private_address_is_not_told_unless_it_is_allowed(
    new_sqlite: NewDatabase, tmp_path: Path, receiver: Receiver
) -> None:
    url = new_sqlite(migrated)
    hook = wait_for(webhook_of(url, receiver.url.replace("127.0.0.1", "localhost")))
    wait_for(something_failed(url, 1))
    with serving(url, tmp_path) as live:
        address = f"/api/admin/webhooks/{hook}/deliveries"

        def problem() -> Any:
            return live.get(address, ADMIN_KEY).json()["deliveries"][0]["problem"]

        wait_until(lambda: problem() == "private_address")
    assert receiver.calls == []


def test_who_serves_without_a_worker_delivers_nothing(
    new_sqlite: NewDatabase, tmp_path: Path, receiver: Receiver
) -> None:
    url = new_sqlite(migrated)
    wait_for(webhook_of(url, receiver.url))
    wait_for(something_failed(url, 1))
    with serving(url, tmp_path, variables={**WITHOUT_LIMITS, **NO_WORKER}) as live:
        for _ in range(20):
            assert live.client.get("/health/live").is_success
    assert receiver.calls == []
    process = worker(url, tmp_path, "worker")
    try:
        receiver.until(1)
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
