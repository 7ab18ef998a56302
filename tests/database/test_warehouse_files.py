"""What may be wrong with files that a shop is read from: each is said, by the file's name."""

import asyncio
import gzip
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.errors import DatabaseRefuses, DatabaseUnavailable, InvalidMapping
from backend.database.bounds import Bounds, hurried
from backend.database.engine import AsyncEngine, opened, snapshot
from backend.database.urls import InvalidDatabaseUrl
from backend.database.warehouses import table_folder
from backend.database.warehouses.csv_columns import types_of
from backend.shop.asking import asked
from backend.shop.customers import customers_of_emails
from backend.shop.mapping.layers import load_mapping
from backend.shop.readable import prove_readable
from backend.shop.seen import inspect_shop
from backend.shop.shop import Shop
from tests.shops import AS_OF, VARIABLES, invented
from tests.waiting import PATIENCE_SECONDS
from tests.warehouses import (
    Tables,
    file_of,
    folder_of,
    in_csv,
    in_duckdb,
    in_parquet,
    made,
    tables_of,
    writing,
)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return tables_of(invented(20))


@pytest.fixture
def duckdb_url(tables: Tables, tmp_path: Path) -> str:
    return in_duckdb(tables, tmp_path)


@pytest.fixture
def csv_url(tables: Tables, tmp_path: Path) -> str:
    return in_csv(tables, tmp_path)


@pytest.fixture
def parquet_url(tables: Tables, tmp_path: Path) -> str:
    return in_parquet(tables, tmp_path)


def shop_of(**variables: str) -> Shop:
    return Shop(load_mapping({**VARIABLES, **variables}, "duckdb"))


async def read(url: str, shop: Shop | None = None, seconds: float = 5) -> None:
    """Read some of all three tables, as a request does."""
    async with opened(url, bounds=hurried(seconds)) as engine:
        await prove_readable(engine, shop or shop_of())


async def emails(engine: AsyncEngine) -> list[str | None]:
    async with snapshot(engine) as connection:
        return [*await connection.scalars(text("SELECT email FROM customers ORDER BY id"))]


async def test_a_file_that_somebody_writes_is_locked_and_read_once_they_are_done(
    duckdb_url: str,
) -> None:
    with writing(file_of(duckdb_url)):
        with pytest.raises(DatabaseUnavailable, match="kept locked") as caught:
            await read(duckdb_url)
        assert caught.value.kind == "locked"
        reading = asyncio.create_task(read(duckdb_url))
        await asyncio.sleep(0)
    await reading


async def test_a_file_is_open_while_it_is_read_and_not_longer(duckdb_url: str) -> None:
    async with opened(duckdb_url) as engine:
        async with snapshot(engine) as connection:
            await connection.execute(text("SELECT 1 FROM customers"))
            with pytest.raises(AssertionError), writing(file_of(duckdb_url)):
                pass
        with writing(file_of(duckdb_url)):
            pass


async def test_a_second_reader_of_a_process_leaves_the_first_one_its_lock(duckdb_url: str) -> None:
    async with opened(duckdb_url) as engine, opened(duckdb_url) as other, snapshot(engine) as first:
        await first.execute(text("SELECT 1 FROM customers"))
        assert len(await emails(other)) == 20
        with pytest.raises(AssertionError), writing(file_of(duckdb_url)):
            pass


@pytest.mark.parametrize("tell", [in_duckdb, in_parquet, in_csv])
async def test_what_replaces_a_file_is_read_next_and_not_by_who_reads(
    tell: Callable[[Tables, Path], str], tables: Tables, tmp_path: Path
) -> None:
    url = tell(tables, tmp_path)
    (tmp_path / "later").mkdir()
    later = tell(tables_of(invented(30)), tmp_path / "later")
    async with opened(url) as engine:
        async with snapshot(engine) as connection:
            count = text("SELECT count(*) FROM customers")
            assert await connection.scalar(count) == 20
            replace(url, later)
            if tell is in_duckdb:
                assert await connection.scalar(count) == 20
                assert len(await emails(engine)) == 30
        assert len(await emails(engine)) == 30


def replace(url: str, later: str) -> None:
    if url.startswith("duckdb"):
        file_of(later).replace(file_of(url))
    else:
        for file in folder_of(later).glob("customers.*"):
            file.replace(folder_of(url) / file.name)


@pytest.mark.parametrize("tell", [in_parquet, in_csv])
async def test_files_that_are_replaced_within_a_snapshot_end_it(
    tell: Callable[[Tables, Path], str], tables: Tables, tmp_path: Path
) -> None:
    url = tell(tables, tmp_path)
    (tmp_path / "later").mkdir()
    later = tell(tables_of(invented(30)), tmp_path / "later")

    async def read_on() -> None:
        async with opened(url) as engine, snapshot(engine) as connection:
            await connection.execute(text("SELECT 1 FROM customers"))
            replace(url, later)
            await connection.execute(text("SELECT 1 FROM customers"))

    with pytest.raises(DatabaseUnavailable, match=r"written while it was read .customers in"):
        await read_on()


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: next(folder.glob(f"{name}.*")).unlink()


def written(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: void((folder / name).write_bytes(content))


def void(_: object) -> None:
    return None


def linked(folder: Path) -> None:
    outside = folder.parent / "outside.csv"
    (folder / "customers.csv").rename(outside)
    (folder / "customers.csv").symlink_to(outside)


def linked_within(folder: Path) -> None:
    (folder / "customers.csv").rename(folder / "people-2026.csv")
    (folder / "customers.csv").symlink_to("people-2026.csv")


def folder_linked(folder: Path) -> None:
    (folder / "orders").rename(folder.parent / "outside")
    (folder / "orders").symlink_to(folder.parent / "outside")


def emptied(folder: Path) -> None:
    for file in (folder / "orders").iterdir():
        file.unlink()


def nested(folder: Path) -> None:
    (folder / "orders" / "year=2026").mkdir()


def piped(folder: Path) -> None:
    (folder / "customers.csv").unlink()
    os.mkfifo(folder / "customers.csv")


def in_a_circle(folder: Path) -> None:
    (folder / "customers.csv").unlink()
    (folder / "customers.csv").symlink_to("customers.csv")


def compressed(content: bytes) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / "customers.csv").unlink()
        (folder / "customers.csv.gz").write_bytes(content)

    return spoil


def cut(folder: Path) -> None:
    file = folder / "customers.parquet"
    file.write_bytes(file.read_bytes()[:-20])


GZIPPED = gzip.compress(b"id,email\n" + b"".join(b"%d,x%d\n" % (i, i * i) for i in range(50_000)))
SPOILT_CSV = {
    "a link that leads out": (linked, "customers.csv is a link that leads out of the folder"),
    "a folder's link": (folder_linked, "orders/part-0.csv is a link that leads out of the folder"),
    "no file": (emptied, "orders is a folder without a file"),
    "a folder in a folder": (nested, "orders/year=2026 is a folder within a table's folder"),
    "nothing in it": (written("customers.csv", b""), "customers.csv is empty"),
    "a name twice": (written("customers.csv", b"id,ID\n1,2\n"), "names a column twice"),
    "too few values": (
        written("customers.csv", b"id,email\n1,ada@example.com\n2\n"),
        "customers.csv, line 3: Expected Number of Columns: 2 Found: 1",
    ),
    "another encoding": (written("customers.csv", b"id,email\n1,wei\xdf\n"), "is not in UTF-8"),
    "another encoding, later": (
        written("customers.csv", b"id,email\n" + b"1,x\n" * 9_000 + b"2,wei\xdf\n"),
        "customers.csv, line 9002: Invalid unicode",
    ),
    "both kinds": (
        written("customers.parquet", b"PAR1"),
        "customers.csv and customers.parquet are both customers",
    ),
    "lines that end otherwise": (
        written("customers.csv", b"id,email\r\n1,x\r\n2,x\n"),
        "customers.csv is not written as CSV is: does each line end as the first one does?",
    ),
    "a long name": (
        written("customers.csv", b"id," + b"x" * 200_000),
        "customers.csv: its first line does not name columns",
    ),
    "cut off": (written("customers.csv.gz", b"\x1f\x8b\x08"), "customers.csv.gz"),
    "cut off later": (compressed(GZIPPED[:-500]), "customers.csv.gz"),
    "damaged": (compressed(GZIPPED[:12] + b"\xff" * 90), "customers.csv.gz is damaged"),
    "not compressed": (
        compressed(b"id,email\n1,x\n"),
        "customers.csv.gz is not compressed by gzip",
    ),
    "a pipe": (piped, "customers.csv is neither a file nor a folder"),
    "a circle of links": (
        in_a_circle,
        "customers.csv cannot be opened: Too many levels of symbolic links",
    ),
}


@pytest.mark.parametrize(("spoil", "said"), SPOILT_CSV.values(), ids=SPOILT_CSV)
async def test_a_file_that_is_no_table_is_named(
    spoil: Callable[[Path], None], said: str, csv_url: str
) -> None:
    spoil(folder_of(csv_url))
    with pytest.raises(DatabaseRefuses) as caught:
        await read(csv_url)
    assert said in str(caught.value)
    assert "ada@example.com" not in str(caught.value)


async def test_a_parquet_file_that_is_half_written_is_named(parquet_url: str) -> None:
    cut(folder_of(parquet_url))
    with pytest.raises(DatabaseRefuses, match=r"cannot be read as a table .*customers\.parquet"):
        await read(parquet_url)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("orders.xlsx", "orders.xlsx is not read; files end in .parquet, .csv"),
        ("notes.txt", "Table with name orders does not exist"),
    ],
)
async def test_a_table_that_is_missing_is_named(csv_url: str, name: str, said: str) -> None:
    (folder_of(csv_url) / "orders").rename(folder_of(csv_url).parent / "gone")
    (folder_of(csv_url) / name).write_bytes(b"PK")
    with pytest.raises((DatabaseRefuses, InvalidMapping)) as caught:
        await read(csv_url)
    assert said in str(caught.value)


async def test_what_is_wrong_with_other_files_is_nobodys_concern(csv_url: str) -> None:
    folder = folder_of(csv_url)
    (folder / "invoices.parquet").write_bytes(b"PAR1")
    (folder / "email.txt").write_text("a word that is a column's too")
    (folder / "_SUCCESS").touch()
    (folder / ".DS_Store").touch()
    (folder / "latest").symlink_to("latest")
    linked_within(folder)
    await read(csv_url)


async def test_a_name_is_no_pattern_and_finds_no_other_file(tmp_path: Path) -> None:
    shop = made(tmp_path / "*[s]?")
    orders = made(shop / "orders")
    (orders / "part[1].CSV.gz").write_bytes(gzip.compress(b"id\n1\n2\n"))
    (orders / "part1.csv").write_bytes(b"id\n3\n")
    (orders / "part*.csv").write_bytes(b"id\n4\n")
    other = made(made(tmp_path / "other[s]?") / "orders")
    (other / "part1.csv").write_bytes(b"id\n5\n")
    async with opened(f"files://{tmp_path}/*[s]%3F") as engine, snapshot(engine) as connection:
        ids = await connection.scalars(text("SELECT id FROM orders ORDER BY id"))
    assert [*ids] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "is not a file"),
        (os.mkdir, "is not a file"),
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
    ],
    ids=["a pipe", "a folder", "a circle of links"],
)
async def test_what_is_no_file_of_duckdbs_is_not_waited_for(
    make: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    make(tmp_path / "shop.duckdb")
    with pytest.raises(DatabaseRefuses, match=said):
        await read(f"duckdb:///{tmp_path / 'shop.duckdb'}")


@pytest.mark.parametrize("url", ["duckdb_url", "csv_url"])
async def test_what_is_gone_is_named_and_read_when_it_is_there_again(
    url: str, request: pytest.FixtureRequest
) -> None:
    found = request.getfixturevalue(url)
    place = folder_of(found) if url == "csv_url" else file_of(found)
    async with opened(found) as engine:
        shop = shop_of()
        await prove_readable(engine, shop)
        place.rename(place.with_name("gone"))
        with pytest.raises(DatabaseRefuses, match=f"{place}: No such file or directory"):
            await prove_readable(engine, shop)
        place.with_name("gone").rename(place)
        await prove_readable(engine, shop)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is damaged"), (b"SQLite format 3\0" * 500, "is damaged"), (b"x" * 20_000, "damaged")],
)
async def test_a_file_that_is_none_of_duckdbs_is_refused(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "w.duckdb").write_bytes(content)
    with pytest.raises((DatabaseRefuses, InvalidMapping), match=said):
        await read(f"duckdb:///{tmp_path / 'w.duckdb'}")


def overwritten(content: bytes) -> bytes:
    return content[:5_000] + b"\xff" * 200 + content[5_200:]


def halved(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize("spoilt", [overwritten, halved])
async def test_a_file_of_duckdbs_that_is_damaged_is_said_to_be_and_read_once_it_is_whole(
    spoilt: Callable[[bytes], bytes], duckdb_url: str
) -> None:
    file = file_of(duckdb_url)
    whole = file.read_bytes()
    async with opened(duckdb_url) as engine:
        for content in (spoilt(whole), whole):
            file.unlink()
            file.write_bytes(content)
            if content == whole:
                assert len(await emails(engine)) == 20
                continue
            with pytest.raises((DatabaseRefuses, DatabaseUnavailable), match="is damaged"):
                await emails(engine)


async def test_columns_and_types_may_change_between_nights(tables: Tables, tmp_path: Path) -> None:
    url = in_csv(tables, tmp_path)
    customers = folder_of(url) / "customers.csv"
    async with opened(url) as engine:
        shop = shop_of()

        async def one(email: str) -> list[str]:
            ask = partial(customers_of_emails, shop=shop, emails=[email])
            return [str(one.id) for one in (await asked(engine, shop, ask))[email]]

        assert await one("person7@example.com") == ["7"]
        customers.write_text("name;id;email\nAda;cus_1;ada@example.com\nBo;007;bo@example.com\n")
        shop.forget()
        assert await one("ada@example.com") == ["cus_1"]
        assert await one("bo@example.com") == ["007"]
        customers.write_text("id\n1\n")
        assert await one("ada@example.com") == []


ROWS_OF_CSV = "id,big,code,price,day,at,zoned,mixed,nothing\n" + "\n".join(
    [
        r"1,12345678901234567890,007,12.50,2026-01-02,2026-01-02 10:00:00,2026-01-02T10:00:00Z,1,",
        r"2,1,8,3,2026-01-03,2026-01-02T11:00:00.123456,2026-01-02 10:00:00+02:00,x,\N",
        r"-3,,,,,,,,",
    ]
)


async def test_types_of_csv_are_those_that_all_values_are_written_in(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(ROWS_OF_CSV)
    async with opened(f"files://{tmp_path}") as engine, snapshot(engine) as connection:
        found = (
            (await connection.execute(text("SELECT * FROM t ORDER BY id DESC"))).mappings().all()
        )
        types = await connection.execute(text("DESCRIBE t"))
    assert {row[0]: row[1] for row in types} == {
        "id": "BIGINT",
        "big": "DECIMAL(30,0)",
        "code": "VARCHAR",
        "price": "DECIMAL(30,2)",
        "day": "TIMESTAMP",
        "at": "TIMESTAMP",
        "zoned": "TIMESTAMP WITH TIME ZONE",
        "mixed": "VARCHAR",
        "nothing": "VARCHAR",
    }
    assert [str(row["big"]) for row in found] == ["1", "12345678901234567890", "None"]
    assert [row["code"] for row in found] == ["8", "007", None]
    assert found[0]["zoned"].isoformat() == "2026-01-02T08:00:00+00:00"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('{folder}/../secret.csv')",
        "SELECT * FROM read_csv('{folder}/../secret.csv')",
        "SELECT * FROM read_csv('{folder}/*/../../secret.csv')",
        "SELECT * FROM '{folder}/../secret.csv'",
        "SELECT * FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '{folder}/../written.csv'",
        "ATTACH '{folder}/../other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM read_csv('https://example.com/a.csv')",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SELECT * FROM tables",  # a variable of this process
    ],
)
async def test_nothing_outside_is_read_whatever_is_asked(csv_url: str, statement: str) -> None:
    folder = folder_of(csv_url)
    (folder.parent / "secret.csv").write_text("a\n1\n")
    async with opened(csv_url) as engine:
        with pytest.raises(Exception, match=r"disabled|locked|does not exist|refuses") as caught:
            async with snapshot(engine) as connection:
                await connection.execute(text(statement.format(folder=folder)))
    assert not (folder.parent / "written.csv").exists()
    assert not isinstance(caught.value, AssertionError)


async def test_a_duckdb_file_is_never_written(duckdb_url: str) -> None:
    async with opened(duckdb_url) as engine:
        with pytest.raises(Exception, match="read-only"):
            async with snapshot(engine) as connection:
                await connection.execute(text("DELETE FROM customers"))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd') AS x",
        "SELECT id FROM customers WHERE id IN (SELECT x.a FROM read_text('/etc/passwd') AS x)",
        "SELECT * FROM '/etc/passwd'",
    ],
)
def test_a_mapping_reads_no_file_by_its_name(query: str) -> None:
    with pytest.raises(InvalidMapping, match=r"acts, waits|names a file|may call"):
        shop_of(CUSTOMERS_TABLE=query)


async def test_types_of_a_large_file_are_found_out_though_nobody_waits_so_long(
    csv_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = [], Event()

    def slowly(*asked: Any) -> Mapping[str, str]:
        begun.append(asked)
        may_end.wait(PATIENCE_SECONDS)
        return types_of(*asked)

    monkeypatch.setattr(table_folder, "types_of", slowly)
    async with opened(csv_url, bounds=hurried(0.3)) as engine:
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable, match="does not answer in time"):
                await emails(engine)
        may_end.set()
        async with opened(csv_url) as patient:
            assert len(await emails(patient)) == 20
    assert len(begun) == 1


LONG_SQL = "SELECT count(*) FROM range(100000) a, range(100000) b WHERE a.range * b.range % 7 = 3"


async def test_a_statement_ends_with_the_time_of_who_asks(csv_url: str) -> None:
    async with opened(csv_url, bounds=hurried(0.3)) as engine:
        with pytest.raises(DatabaseUnavailable, match="does not answer in time"):
            async with snapshot(engine) as connection:
                await connection.execute(text(LONG_SQL))
        assert len(await emails(engine)) == 20


async def test_a_statement_of_a_run_has_a_bound_of_its_own(csv_url: str) -> None:
    async with opened(csv_url, bounds=Bounds(statement_seconds=0.3)) as engine:
        with pytest.raises(DatabaseUnavailable, match="does not answer in time"):
            async with snapshot(engine) as connection:
                await connection.execute(text(LONG_SQL))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("duckdb:///", "names no file"),
        ("duckdb:///:memory:", "names no file"),
        ("duckdb:///w.duckdb?read_only=false", "has the option read_only, which is not known"),
        ("files:///", "names no file or folder"),
        ("files://data/shop", "names no file or folder"),
        ("files:///data/shop?hive=true", "has the option hive, which is not known"),
    ],
)
async def test_a_url_names_one_place_and_nothing_else(url: str, said: str) -> None:
    with pytest.raises(InvalidDatabaseUrl, match=said):
        async with opened(url):
            pass


async def test_a_check_says_once_what_cannot_be_read(csv_url: str) -> None:
    emptied(folder_of(csv_url))
    async with opened(csv_url) as engine:
        found = await inspect_shop(engine, shop_of(), AS_OF)
    assert found.missing == []
    assert "orders is a folder without a file" in str(found.unreadable)
