"""A run that is spread over workers finds what one process does, to the last digit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text

from backend.core.customer_id import CustomerId
from backend.core.errors import BackendError, PartFailed, WorkersAway
from backend.core.secret_keys import Marker, Use
from backend.database.engine import AsyncEngine, create_engine, opened, transaction
from backend.run.perform import perform
from backend.run.progress import Progress
from backend.store import leases
from backend.store.tables import customer_intelligence, staged_parts
from backend.store.tombstones import bury
from backend.wording.partition_sentences import READ_AT_MOMENTS_OF_THEIR_OWN
from tests.api.test_campaigns_of_texts import TEXTS, with_texts
from tests.conftest import NewDatabase
from tests.dask_cluster import DaskCluster, dask_cluster
from tests.databases import migrated
from tests.expired import let_the_lease_expire
from tests.live import ADMIN_KEY
from tests.performed import claimed, clustered, config_of
from tests.shops import AS_OF, VARIABLES, fill, invented
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.external

VOLATILE = {"run_id", "updated_at", "changed_at"}
CUSTOMERS, IN_A_PART = 240, 50
# What workers read of the shop, and the run itself not before they are done.
HELD = "LOCK TABLE order_line_items IN ACCESS EXCLUSIVE MODE"
WAITING = (
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'order_line_items'::regclass"
)
# Another attempt at the first part, of which nobody has taken the answer.
NOT_TAKEN = {"stage": "orders", "partition_number": 0, "attempt": "b" * 32, "piece": 0}


@pytest.fixture(scope="module")
def started() -> Iterator[DaskCluster]:
    with dask_cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(started: DaskCluster) -> Iterator[DaskCluster]:
    yield started
    started.let_go()


@asynccontextmanager
async def shop_seen_by_one(
    new_database: NewDatabase,
    prepare: Callable[[str], Awaitable[None]],
    variables: Mapping[str, str] = VARIABLES,
) -> AsyncIterator[tuple[str, AsyncEngine, list[dict[str, Any]]]]:
    """Give a shop, and what a run in one process has published of it."""
    url = new_database(migrated)
    await prepare(url)
    async with opened(url) as engine:
        await clustered(engine, url, config_of(url, shop_variables=variables), anew=True)
        yield url, engine, await told(engine)


async def invented_shop(url: str) -> None:
    await fill(url, invented(CUSTOMERS))


async def told(engine: AsyncEngine) -> list[dict[str, Any]]:
    """Return all rows that are served, without what tells one run from another."""
    async with transaction(engine) as connection:
        rows = (await connection.execute(select(customer_intelligence))).mappings()
        kept = [{name: row[name] for name in row if name not in VOLATILE} for row in rows]
    return sorted(kept, key=lambda row: str(row["customer_id"]))


async def count_staged(engine: AsyncEngine) -> int:
    async with transaction(engine) as connection:
        return await connection.scalar(select(func.count()).select_from(staged_parts)) or 0


async def spread(
    engine: AsyncEngine, url: str, cluster: DaskCluster, variables: Mapping[str, str] = VARIABLES
) -> dict[str, Any]:
    """Run over the workers, and forget what was served: nothing of it may be seen again."""
    async with transaction(engine) as connection:
        await connection.execute(customer_intelligence.delete())
    config = config_of(
        url,
        dask_scheduler_address=cluster.address,
        partition_customers=IN_A_PART,
        shop_variables=variables,
    )
    return await clustered(engine, url, config, anew=True, publish="always")


@pytest.mark.parametrize(
    "new_database",
    ["postgresql", pytest.param("mariadb", marks=pytest.mark.long)],
    indirect=True,
)
async def test_two_workers_find_what_one_process_finds(
    new_database: NewDatabase, cluster: DaskCluster
) -> None:
    async with shop_seen_by_one(new_database, invented_shop) as (url, engine, alone):
        for _ in range(2):
            cluster.work(url)
        report = await spread(engine, url, cluster)
        assert await told(engine) == alone
        assert len(alone) == CUSTOMERS
        assert await count_staged(engine) == 0
        shares_a_snapshot = engine.dialect.name == "postgresql"
        assert (READ_AT_MOMENTS_OF_THEIR_OWN in report["notes"]) == (not shares_a_snapshot)
        async with transaction(engine) as connection:
            marker, erased = Marker.of([ADMIN_KEY], Use.TOMBSTONE), [CustomerId("7")]
            await bury(connection, marker, erased, AS_OF)
        await spread(engine, url, cluster)
        without = [row["customer_id"] for row in await told(engine)]
        assert without == [row["customer_id"] for row in alone if row["customer_id"] != 7]


@pytest.mark.long
@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
async def test_ids_of_text_are_cut_as_they_are_sorted(
    new_database: NewDatabase, cluster: DaskCluster
) -> None:
    async with shop_seen_by_one(new_database, with_texts, TEXTS) as (url, engine, alone):
        cluster.work(url, TEXTS)
        await spread(engine, url, cluster, TEXTS)
        assert await told(engine) == alone


async def shop_that_repeats_an_order(url: str) -> None:
    """Prepare a shop of which two customers, far apart, have an order of one id."""
    await invented_shop(url)
    async with opened(url) as engine, transaction(engine) as connection:
        for statement in (
            "CREATE TABLE twice AS SELECT * FROM orders",
            "INSERT INTO twice SELECT id, 200, order_number, total_price, created_at + interval "
            "'1 hour', financial_status, fulfillment_status FROM twice WHERE customer_id = 3",
        ):
            await connection.execute(text(statement))


@pytest.mark.long
@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
async def test_an_order_of_two_customers_is_the_earlier_ones_alone(
    new_database: NewDatabase, cluster: DaskCluster
) -> None:
    repeating = {**VARIABLES, "ORDERS_TABLE": "twice"}
    prepare = shop_that_repeats_an_order
    async with shop_seen_by_one(new_database, prepare, repeating) as (url, engine, alone):
        cluster.work(url, repeating)
        report = await spread(engine, url, cluster, repeating)
        assert await told(engine) == alone
        assert report["orders"]["left_out"]["duplicate_order_id"] > 0


async def until_both_wait(engine: AsyncEngine) -> None:
    """Wait until two workers have begun to read their parts, and cannot go on."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with transaction(engine) as connection:
                if (await connection.scalar(text(WAITING)) or 0) >= 2:
                    return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def run_in_the_middle(
    engine: AsyncEngine, url: str, cluster: DaskCluster
) -> AsyncIterator[tuple[str, asyncio.Task[None]]]:
    """Begin a run, and give it back while two workers read their parts."""
    for _ in range(2):
        cluster.work(url)
    run_id = await claimed(engine, publish="always")
    config = config_of(
        url, dask_scheduler_address=cluster.address, partition_customers=CUSTOMERS // 2
    )
    holder = create_engine(url)
    async with holder.connect() as held, held.begin():
        await held.execute(text(HELD))
        running = asyncio.create_task(perform(config, run_id, "mine", Progress()))
        await until_both_wait(engine)
        row = {**NOT_TAKEN, "run_id": run_id, "bytes": b"of nobody"}
        await held.execute(insert(staged_parts).values(row))
        yield run_id, running
    await holder.dispose()


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
async def test_a_worker_killed_in_the_middle_leaves_no_row_twice_and_none_out(
    new_database: NewDatabase, cluster: DaskCluster
) -> None:
    async with shop_seen_by_one(new_database, invented_shop) as (url, engine, alone):
        async with run_in_the_middle(engine, url, cluster) as (_, running):
            cluster.workers[0].kill()
            cluster.workers[0].wait(PATIENCE_SECONDS)
        await running
        assert await told(engine) == alone
        assert await count_staged(engine) == 0


async def fails_and_leaves(
    running: asyncio.Task[None], engine: AsyncEngine, alone: list[dict[str, Any]], words: str
) -> BackendError:
    with pytest.raises(BackendError, match=words) as failed:
        await asyncio.wait_for(running, PATIENCE_SECONDS)
    assert await told(engine) == alone
    return failed.value


@pytest.mark.long
@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
async def test_a_lost_lease_publishes_nothing(
    new_database: NewDatabase, cluster: DaskCluster
) -> None:
    async with shop_seen_by_one(new_database, invented_shop) as (url, engine, alone):
        async with run_in_the_middle(engine, url, cluster) as (_, running):
            await let_the_lease_expire(engine)
            await leases.reap_expired(engine)
        failed = await fails_and_leaves(running, engine, alone, "lease on run .* was lost")
        assert type(failed) is PartFailed
        assert await count_staged(engine) == 0


@pytest.mark.long
@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
async def test_a_scheduler_killed_fails_the_run_in_words(new_database: NewDatabase) -> None:
    async with shop_seen_by_one(new_database, invented_shop) as (url, engine, alone):
        with dask_cluster() as cluster:
            async with run_in_the_middle(engine, url, cluster) as (_, running):
                cluster.scheduler.kill()
                cluster.let_go()
                failed = await fails_and_leaves(running, engine, alone, "nothing was published")
            assert type(failed) is WorkersAway


@pytest.mark.long
@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
async def test_a_worker_that_is_not_as_the_run_is_told_of(
    new_database: NewDatabase, cluster: DaskCluster
) -> None:
    async with shop_seen_by_one(new_database, invented_shop) as (url, engine, _):
        cluster.work(url, {"ORDERS_FILTER": "total_price > 10"})
        config = config_of(url, dask_scheduler_address=cluster.address)
        run_id = await claimed(engine)
        with pytest.raises(PartFailed, match="told ORDERS_FILTER otherwise"):
            await perform(config, run_id, "mine", Progress())
        cluster.let_go()
        cluster.work(url, preload=())
        with pytest.raises(PartFailed, match="--preload backend"):
            await perform(config, run_id, "mine", Progress())


@pytest.mark.long
async def test_nobody_at_the_address_of_the_scheduler_is_told_of(new_postgres: NewDatabase) -> None:
    url = new_postgres(migrated)
    await invented_shop(url)
    async with opened(url) as engine:
        run_id = await claimed(engine)
        config = config_of(url, dask_scheduler_address="tcp://127.0.0.1:9")
        with pytest.raises(WorkersAway, match="does not answer, or by TLS alone;"):
            await perform(config, run_id, "mine", Progress())
