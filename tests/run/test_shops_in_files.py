"""Shops that files tell: the same numbers as of the same shop in a database, and every answer."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backend import store
from backend.core.errors import DatabaseUnavailable
from backend.database.engine import opened
from backend.results.readiness import Readiness
from backend.run.perform import perform
from backend.run.progress import Progress
from backend.run.readiness_check import check_shop
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop as MappedShop
from backend.store.migrate import migrate
from tests.conftest import NewDatabase
from tests.performed import claimed, clustered, config_of
from tests.shops import AS_OF, HORIZONS, VARIABLES, Shop, fill, invented
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


def cut_off(folder: Path) -> None:
    file = folder / "orders" / "part-1.parquet"
    file.write_bytes(file.read_bytes()[:-500])


def no_parquet(folder: Path) -> None:
    (folder / "customers.parquet").write_text("id,email\n")


def damaged_within(folder: Path) -> None:
    """Spoil values that only reading them finds; where they are stands at the end of the file."""
    file = folder / "orders" / "part-0.parquet"
    held = bytearray(file.read_bytes())
    held[200:800] = b"\xff" * 600
    file.write_bytes(held)


def a_line_too_short(folder: Path) -> None:
    file = folder / "orders" / "part-0.csv"
    file.write_text(file.read_text() + "7\n")


SPOILT: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "cut off": ("parquet", cut_off, "orders/part-1.parquet"),
    "not Parquet at all": ("parquet", no_parquet, "customers.parquet"),
    "damaged within": ("parquet", damaged_within, "orders/part-0.parquet"),
    "a line too short": ("csv", a_line_too_short, "part-0.csv"),
}


@pytest.mark.parametrize("how", SPOILT)
async def test_a_file_that_cannot_be_read_is_told_once_and_by_name(
    how: str, shop: Shop, tmp_path: Path
) -> None:
    way, spoil, name = SPOILT[how]
    url = WAYS[way](tables_of(shop), tmp_path)
    spoil(folder_of(url))
    found = await checked(url, f"sqlite:///{tmp_path / 'ours.db'}")
    errors = [one for one in found.findings if one.level == "error"]
    assert [one.code for one in errors] == ["unreadable"]
    assert errors[0].sentence.count(name) == 1
    assert not found.ready


async def checked(url: str, ours: str) -> Readiness:
    mapped = MappedShop(load_mapping(VARIABLES))
    async with opened(url) as shop_engine, opened(ours) as our_engine:
        return await check_shop(shop_engine, our_engine, mapped, AS_OF, HORIZONS)
