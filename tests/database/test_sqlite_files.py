"""A shop's file of SQLite is read and left as it was; none is made by mistake."""

import asyncio
import hashlib
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.core.errors import DatabaseUnavailable
from backend.database.engine import InvalidDatabaseUrl, create_engine, opened, ping, transaction
from backend.database.sqlite_files import Opening
from tests.conftest import wait_for
from tests.live import command
from tests.shops import fill, invented

DELETES = """
import sqlite3, sys
shop = sqlite3.connect(sys.argv[1])
shop.execute("DELETE FROM customers")
shop.commit()
shop.close()
"""


def journal_mode(file: Path) -> str:
    with sqlite3.connect(file) as connection:
        mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    connection.close()
    return mode


def beside(file: Path) -> list[str]:
    return sorted(one.name for one in file.parent.glob(f"{file.name}*"))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "my shop?.db"
    wait_for(fill(url_of(file), invented(30)))
    return file


def url_of(file: Path) -> str:
    return f"sqlite:///{str(file).replace('?', '%3F')}"


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("apart", [True, False], ids=["apart", "together"])
def test_a_check_leaves_the_shops_file_as_it_was(
    shop: Path, tmp_path: Path, mode: str, apart: bool
) -> None:
    with sqlite3.connect(shop) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.close()
    before = hashlib.sha256(shop.read_bytes()).hexdigest()
    variables = {"INTELLIGENCE_DATABASE_URL": f"sqlite:///{tmp_path}/ours.db"} if apart else {}
    done = command(url_of(shop), tmp_path, "check", variables=variables)
    assert "few_buyers" in done.stdout or "buyers" in done.stdout, done.stderr
    assert hashlib.sha256(shop.read_bytes()).hexdigest() == before
    assert beside(shop) == [shop.name]


def test_a_file_that_is_ours_too_is_put_into_wal_by_migrate_and_that_is_said(
    shop: Path, tmp_path: Path
) -> None:
    assert journal_mode(shop) == "delete"
    said = command(url_of(shop), tmp_path, "migrate")
    assert said.returncode == 0, said.stderr
    assert "WAL mode" in said.stderr
    assert journal_mode(shop) == "wal"
    assert "WAL mode" not in command(url_of(shop), tmp_path, "migrate").stderr


@pytest.mark.parametrize("arguments", [("check",), ("cluster",), ("migrate",)])
def test_a_misspelt_path_is_named_and_makes_nothing(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = command(f"sqlite:///{tmp_path}/shoop.db", tmp_path, *arguments)
    assert done.returncode == 2, done.stderr
    assert "shoop.db" in done.stderr
    assert beside(tmp_path / "shoop.db") == []


async def test_what_is_opened_to_read_cannot_be_written(shop: Path) -> None:
    async with opened(url_of(shop), opening=Opening.READ) as engine:
        with pytest.raises(Exception, match="read"):
            async with transaction(engine, "shop") as connection:
                await connection.execute(text("DELETE FROM customers"))
        async with transaction(engine, "shop") as connection:
            assert await connection.scalar(text("SELECT count(*) FROM customers")) == 30


async def test_a_shop_that_writes_meanwhile_leaves_its_log_to_who_reads(shop: Path) -> None:
    with sqlite3.connect(shop) as connection:
        connection.execute("PRAGMA journal_mode = wal")
    connection.close()
    counted = text("SELECT count(*) FROM customers")
    async with opened(url_of(shop), opening=Opening.READ) as engine, engine.connect() as first:
        assert await first.scalar(counted) == 30
        await first.rollback()
        async with engine.connect() as second:
            assert await second.scalar(counted) == 30
        writer = await asyncio.create_subprocess_exec(sys.executable, "-c", DELETES, shop)
        assert await writer.wait() == 0
        # Whoever is the last to have it open takes the log away: that was not the shop.
        assert f"{shop.name}-wal" in beside(shop)
        assert await first.scalar(counted) == 0
    assert beside(shop) == [shop.name]


async def test_sqlites_own_form_of_a_path_is_understood(shop: Path) -> None:
    url = f"sqlite:///file:{str(shop).replace('?', '%3F')}?mode=ro&uri=true"
    async with opened(url) as engine, transaction(engine, "shop") as connection:
        assert await connection.scalar(text("SELECT count(*) FROM customers")) == 30


@pytest.fixture
def away(shop: Path) -> Path:
    return shop.rename(shop.with_name("away"))


async def test_a_file_that_comes_back_is_used_again(shop: Path, away: Path) -> None:
    async with opened(url_of(shop), opening=Opening.READ) as engine:
        with pytest.raises(DatabaseUnavailable):
            await ping(engine, "shop")
        shutil.move(away, shop)
        await ping(engine, "shop")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///shop.db?mood=ro", "has the option mood, which is not known"),
    ],
)
def test_what_is_no_file_is_refused(url: str, problem: str) -> None:
    with pytest.raises(InvalidDatabaseUrl, match=problem):
        create_engine(url)
