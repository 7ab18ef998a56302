"""A shop told by files: in one of DuckDB's, or in folders of Parquet and CSV."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import csv, parquet
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    MetaData,
    Numeric,
    String,
    Table,
    insert,
)
from sqlalchemy.types import TypeEngine

from backend.database.engine import opened
from tests.shops import Row, Shop

WRITES = """
import duckdb, sys
with duckdb.connect(sys.argv[1]) as database:
    print("writing", flush=True)
    sys.stdin.readline()
"""
Tables = dict[str, pa.Table]


def tables_of(shop: Shop) -> Tables:
    """Return the shop's rows in columns, in the guide's tables that have any."""
    rows = {"customers": shop.customers, "orders": shop.orders, "order_line_items": shop.lines}
    return {name: in_columns(some) for name, some in rows.items() if some}


def in_columns(rows: Sequence[Row]) -> pa.Table:
    return pa.Table.from_pylist(list(rows))


async def in_server(tables: Tables, url: str) -> None:
    """Write them into the database of a server."""
    metadata = MetaData()
    made = {name: _table(name, table.schema, metadata) for name, table in tables.items()}
    async with opened(url) as engine, engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        for name, table in tables.items():
            await connection.execute(insert(made[name]), table.to_pylist())


def _table(name: str, schema: pa.Schema, metadata: MetaData) -> Table:
    return Table(name, metadata, *(Column(one.name, _type(one.type)) for one in schema))


def _type(type_: pa.DataType) -> TypeEngine[Any]:
    if pa.types.is_decimal(type_):
        return Numeric(20, 6)
    if pa.types.is_timestamp(type_):
        return DateTime()
    return BigInteger() if pa.types.is_integer(type_) else String(255)


def in_duckdb(tables: Tables, folder: Path) -> str:
    """Write a file of DuckDB's, and return its URL."""
    file = folder / "warehouse.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect(file) as database:
        for name, table in tables.items():
            database.register("written", table)
            database.execute(f"CREATE TABLE {name} AS FROM written")
    return f"duckdb:///{file}"


def in_parquet(tables: Tables, folder: Path) -> str:
    """Write a folder of Parquet, of which one table is a folder of two files."""
    return _in_files(tables, folder / "parquet", "parquet", parquet.write_table)


def in_csv(tables: Tables, folder: Path) -> str:
    """Write a folder of CSV, of which one table is a folder of two files."""
    return _in_files(tables, folder / "csv", "csv", csv.write_csv)


def _in_files(
    tables: Tables, folder: Path, suffix: str, write: Callable[[pa.Table, Path], None]
) -> str:
    shop = made(folder)
    for name, table in tables.items():
        if name != "orders":
            write(table, shop / f"{name}.{suffix}")
            continue
        half = table.num_rows // 2
        for part, some in enumerate((table.slice(0, half), table.slice(half))):
            write(some, made(shop / name) / f"part-{part}.{suffix}")
    return f"files://{shop}"


def made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


Tell = Callable[[Tables, Path], str]
WAYS: dict[str, Tell] = {"duckdb": in_duckdb, "parquet": in_parquet, "csv": in_csv}


def folder_of(url: str) -> Path:
    return Path(url.removeprefix("files://"))


def file_of(url: str) -> Path:
    return Path(url.removeprefix("duckdb:///"))


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Have another process write a file; an AssertionError where it may not."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITES, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        yield
        process.communicate("\n")
