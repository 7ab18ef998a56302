"""Runs read a replica of the shop's database, while ours are on its primary."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from backend.database.engine import create_engine, opened
from backend.store.migrate import migrate
from tests.conftest import wait_for
from tests.dask_cluster import dask_cluster
from tests.performed import clustered, config_of
from tests.run.partitions.test_many_machines import CUSTOMERS, IN_A_PART, told
from tests.services import Server, standby_of
from tests.shops import fill, invented
from tests.waiting import wait_until

pytestmark = [pytest.mark.external, pytest.mark.long]
CAUGHT_UP = "SELECT count(*) FROM customers"


@pytest.fixture
def replica(own_postgres: Server) -> Iterator[Server]:
    wait_for(fill(own_postgres.url, invented(CUSTOMERS)))
    with standby_of(own_postgres) as standby:
        wait_until(lambda: wait_for(_customers(standby.url)) == CUSTOMERS)
        yield standby


async def _customers(url: str) -> int:
    async with opened(url) as engine, engine.connect() as connection:
        return await connection.scalar(text(CAUGHT_UP)) or 0


async def test_a_run_is_spread_over_readers_of_a_replica(
    own_postgres: Server, replica: Server
) -> None:
    engine = create_engine(own_postgres.url)
    await migrate(engine)
    both = {"shop_url": replica.url, "intelligence_url": own_postgres.url}
    await clustered(engine, replica.url, config_of(replica.url, **both), anew=True)
    alone = await told(engine)
    assert len(alone) == CUSTOMERS
    with dask_cluster() as cluster:
        for _ in range(2):
            cluster.work(replica.url, {"INTELLIGENCE_DATABASE_URL": own_postgres.url})
        spread = config_of(
            replica.url,
            **both,
            dask_scheduler_address=cluster.address,
            partition_customers=IN_A_PART,
        )
        report = await clustered(engine, replica.url, spread, anew=True)
    assert await told(engine) == alone
    assert not [one for one in report["notes"] if "moment of its own" in one]
    await engine.dispose()
