"""One run at a time per database, owned by whoever holds its lease."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from backend.core.errors import (
    DatabaseUnavailable,
    InvalidRunRequest,
    LeaseLost,
    RunAlreadyActive,
    RunNotFound,
    TablesTooOld,
)
from backend.database.bounds import hurried
from backend.database.engine import AsyncEngine, create_engine, opened, transaction
from backend.store import leases, runs
from backend.store.audit import read_audit
from backend.store.left_by_run import read_report
from backend.store.run_request import RunRequest
from backend.store.run_row import LEASE_EXPIRED, Run
from backend.store.tables import audit
from backend.store.tables import runs as table
from tests.conftest import takes_its_turn
from tests.expired import let_the_lease_expire
from tests.store.stored_results import text_of

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
LEASE = timedelta(seconds=60)


@pytest.fixture
async def engine(migrated_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(migrated_url, pool_size=10)
    yield made
    await made.dispose()


async def running(engine: AsyncEngine, token: str = "mine") -> Run:
    await runs.enqueue(engine, RunRequest())
    run = await leases.claim(engine, token=token, lease=LEASE)
    assert run is not None
    return run


async def finish(engine: AsyncEngine, run: Run, token: str = "mine") -> None:
    async with transaction(engine) as connection:
        await leases.finish(
            connection,
            run.id,
            token=token,
            as_of=NOW,
            customer_id_type="integer",
            report=text_of("typed", "report"),
            explainer=None,
            model=None,
            now=NOW,
        )


@takes_its_turn
async def test_a_request_is_kept_to_the_letter(engine: AsyncEngine) -> None:
    request = RunRequest(sample_size=100, min_k=2, max_k=9, as_of=NOW)
    queued = await runs.enqueue(engine, request)
    assert (await runs.get(engine, queued.id)).request == request
    assert queued.state == "queued"


@pytest.mark.parametrize("callers", [2, 12])
async def test_simultaneous_requests_start_one_run(engine: AsyncEngine, callers: int) -> None:
    answers = await asyncio.gather(
        *(runs.enqueue(engine, RunRequest()) for _ in range(callers)),
        return_exceptions=True,
    )
    started = [answer for answer in answers if isinstance(answer, Run)]
    refused = [answer for answer in answers if isinstance(answer, RunAlreadyActive)]
    assert len(started) == 1
    assert len(refused) == callers - 1
    assert {error.run_id for error in refused} == {started[0].id}


async def test_of_many_workers_one_claims_the_run(engine: AsyncEngine) -> None:
    await runs.enqueue(engine, RunRequest())
    claims = await asyncio.gather(
        *(leases.claim(engine, token=f"w{n}", lease=LEASE) for n in range(8))
    )
    assert sum(claim is not None for claim in claims) == 1


@takes_its_turn
async def test_progress_is_seen(engine: AsyncEngine) -> None:
    run = await running(engine)
    await leases.write_progress(
        engine, run.id, token="mine", stage="forecast", share_done=0.4, counts={"orders": 7}
    )
    seen = await runs.latest(engine)
    assert seen is not None
    assert (seen.stage, seen.share_done, seen.counts) == ("forecast", 0.4, {"orders": 7})
    assert 0 <= seen.seconds < 600


@takes_its_turn
async def test_a_finished_run_is_served_until_the_next_one(engine: AsyncEngine) -> None:
    first = await running(engine)
    await finish(engine, first)
    second = await running(engine)
    async with transaction(engine) as connection:
        served = await runs.published(connection)
    assert served is not None
    assert served.run_id == first.id
    await finish(engine, second)
    async with transaction(engine) as connection:
        served = await runs.published(connection)
    assert served is not None
    assert served.run_id == second.id
    left = await read_report(engine, second.id)
    assert left is not None
    assert left.customers.total == 160


@takes_its_turn
async def test_a_lost_lease_fails_the_run_and_frees_the_place(engine: AsyncEngine) -> None:
    lost = await running(engine)
    await let_the_lease_expire(engine)
    replacement = await runs.enqueue(engine, RunRequest())
    seen = await runs.get(engine, lost.id)
    assert (seen.state, seen.error) == ("failed", LEASE_EXPIRED)
    assert (await runs.latest(engine)) == replacement


@takes_its_turn
async def test_whoever_lost_the_lease_writes_nothing_more(engine: AsyncEngine) -> None:
    run = await running(engine)
    await let_the_lease_expire(engine)
    await leases.reap_expired(engine)
    with pytest.raises(LeaseLost):
        await leases.renew(engine, run.id, token="mine", lease=LEASE)
    with pytest.raises(LeaseLost):
        await finish(engine, run)
    assert await leases.fail(engine, run.id, token="mine", error="late") is False
    assert (await runs.get(engine, run.id)).error == LEASE_EXPIRED


@takes_its_turn
async def test_a_renewed_lease_holds(engine: AsyncEngine) -> None:
    run = await running(engine)
    await let_the_lease_expire(engine)
    await leases.renew(engine, run.id, token="mine", lease=LEASE)
    with pytest.raises(RunAlreadyActive):
        await runs.enqueue(engine, RunRequest())


async def test_whoever_holds_the_row_to_publish_is_at_work_however_old_the_lease(
    engine: AsyncEngine,
) -> None:
    run = await running(engine)
    await leases.write_progress(
        engine, run.id, token="mine", stage="publish", share_done=0.9, counts={}
    )
    await let_the_lease_expire(engine)
    async with opened(str_url(engine), bounds=hurried(5)) as other:
        async with engine.connect() as publisher:
            await publisher.execute(update(table).values(share_done=0.95))
            if engine.dialect.name == "sqlite":
                with pytest.raises(DatabaseUnavailable, match="locked"):
                    await leases.reap_expired(other)
            else:
                await leases.reap_expired(other)
            shown = await runs.get(other, run.id)
            assert (shown.state, shown.error) == ("running", None)
            assert [one.id for one in await runs.recent(other, limit=9, states=["running"])] == [
                run.id
            ]
        await leases.reap_expired(other)
        lost = await runs.get(other, run.id)
        assert (lost.state, lost.error) == ("failed", LEASE_EXPIRED)
        assert (await runs.enqueue(other, RunRequest())).state == "queued"


def str_url(engine: AsyncEngine) -> str:
    return engine.url.render_as_string(hide_password=False)


@takes_its_turn
async def test_another_token_cannot_finish_the_run(engine: AsyncEngine) -> None:
    run = await running(engine)
    with pytest.raises(LeaseLost):
        await finish(engine, run, token="theirs")
    assert (await runs.get(engine, run.id)).state == "running"


@takes_its_turn
async def test_an_expired_lease_cannot_publish_even_if_nobody_noticed(engine: AsyncEngine) -> None:
    run = await running(engine)
    await let_the_lease_expire(engine)
    with pytest.raises(LeaseLost):
        await finish(engine, run)


@takes_its_turn
async def test_an_unknown_run_is_not_found(engine: AsyncEngine) -> None:
    with pytest.raises(RunNotFound):
        await runs.get(engine, "nobody")
    with pytest.raises(RunNotFound):
        await read_report(engine, "nobody")


@pytest.mark.parametrize(
    "wanted", [{"sample_size": 0}, {"min_k": -1}, {"max_k": 0}, {"min_k": 5, "max_k": 4}]
)
def test_nonsense_is_refused(wanted: dict[str, int]) -> None:
    with pytest.raises(InvalidRunRequest):
        RunRequest(**wanted)  # type: ignore[arg-type]


@takes_its_turn
async def test_a_run_whose_asking_cannot_be_recorded_is_not_queued(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        await connection.run_sync(audit.drop)
    with pytest.raises(TablesTooOld):
        await runs.enqueue(engine, RunRequest(), by="command")
    assert await runs.latest(engine) is None


async def test_a_run_is_cancelled_and_recorded_once_or_neither(engine: AsyncEngine) -> None:
    run = await running(engine)
    for _ in range(2):
        assert (await runs.cancel(engine, run.id, by="somebody")).state == "cancelled"
    async with transaction(engine) as connection:
        said = [(one.key, one.action) for one in await read_audit(connection, limit=9)]
    assert said == [("somebody", "run_cancelled")]
    again = await running(engine)
    async with transaction(engine) as connection:
        await connection.run_sync(audit.drop)
    with pytest.raises(TablesTooOld):
        await runs.cancel(engine, again.id, by="somebody")
    assert (await runs.get(engine, again.id)).state == "running"


async def test_a_row_held_ahead_of_publishing_is_waited_for_a_moment_alone(
    engine: AsyncEngine,
) -> None:
    run = await running(engine)
    async with opened(str_url(engine), bounds=hurried(5)) as other:
        async with engine.connect() as holding:
            await holding.execute(update(table).values(share_done=0.5))
            with pytest.raises(DatabaseUnavailable, match="locked"):
                await runs.cancel(other, run.id, by="somebody")
        assert (await runs.cancel(other, run.id, by="somebody")).state == "cancelled"
