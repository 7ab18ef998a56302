"""Shops that files tell: the same numbers as of the same shop in a database, and every answer."""

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backend import store
from backend.core.errors import DatabaseUnavailable
from backend.database.engine import opened
from backend.run.perform import perform
from backend.run.progress import Progress
from backend.store.migrate import migrate
from tests.conftest import NewDatabase
from tests.performed import claimed, clustered, config_of
from tests.shops import AS_OF, Shop, fill, invented
from tests.warehouses import WAYS, folder_of, in_csv, tables_of

OF_THE_RUN = {"run_id", "updated_at", "changed_at"}


async def published(shop_url: str, folder: Path, **variables: str) -> list[dict[str, Any]]:
    """Run over a shop with our tables in a file of their own, and return all that is published."""
    ours = f"sqlite:///{folder / 'ours.db'}"
    config = config_of(shop_url, intelligence_url=ours)
    if variables:
        config = config_of(shop_url, intelligence_url=ours, shop_variables=variables)
    async with opened(ours) as engine:
        await migrate(engine)
        await clustered(engine, ours, config, as_of=AS_OF)
        async with engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT * FROM customer_intelligence ORDER BY customer_id")
            )
            found = [dict(row) for row in rows.mappings()]
    return [{k: v for k, v in row.items() if k not in OF_THE_RUN} for row in found]


@pytest.fixture(scope="module")
def shop() -> Shop:
    return invented(120)


@pytest.mark.parametrize("way", WAYS)
async def test_a_shop_in_files_gives_the_numbers_of_the_same_shop_in_a_database(
    way: str, shop: Shop, new_postgres: NewDatabase, tmp_path: Path
) -> None:
    url = new_postgres()
    await fill(url, shop)
    (tmp_path / "server").mkdir()
    expected = await published(url, tmp_path / "server")
    assert len(expected) == 120
    assert await published(WAYS[way](tables_of(shop), tmp_path), tmp_path) == expected


class Rewriting(Progress):
    """Has a shop's file written again so many times, each while a run reads it."""

    def __init__(self, file: Path, times: int) -> None:
        super().__init__()
        self.file, self.times = file, times

    def count(self, **counts: int) -> None:
        super().count(**counts)
        if self.times:
            self.times -= 1
            later = self.file.stat().st_mtime_ns + 10**9
            os.utime(self.file, ns=(later, later))


async def performed_while_written(shop: Shop, folder: Path, times: int) -> None:
    ours = f"sqlite:///{folder / 'ours.db'}"
    url = in_csv(tables_of(shop), folder)
    orders = folder_of(url) / "orders" / "part-0.csv"
    async with opened(ours) as engine:
        await migrate(engine)
        run_id = await claimed(engine)
        await perform(
            config_of(url, intelligence_url=ours), run_id, "mine", Rewriting(orders, times)
        )
        report = await store.read_report(engine, run_id)
    assert report is not None
    assert report.customers.total == len(shop.customers)


async def test_files_that_are_written_while_they_are_read_are_read_once_more(
    shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await performed_while_written(shop, tmp_path, times=1)
    assert [one.message for one in caplog.records if "once more" in one.message] == [
        "shop was written while it was read, reading it once more"
    ]


async def test_files_that_are_written_all_the_while_fail_the_run(
    shop: Shop, tmp_path: Path
) -> None:
    with pytest.raises(DatabaseUnavailable, match="was written while it was read"):
        await performed_while_written(shop, tmp_path, times=99)
