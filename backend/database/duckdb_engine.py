"""Warehouses: what DuckDB reads for us. Nothing is open but while it is read."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.dialects import registry

from backend.database.async_engines import AsyncEngine
from backend.database.pools import PoolPlan, pooled
from backend.database.url_options import refuse_unknown
from backend.database.urls import FOLDER_DRIVER, InvalidDatabaseUrl
from backend.database.warehouses.duckdb_file import DuckdbFile
from backend.database.warehouses.table_folder import TableFolder
from backend.database.warehouses.warehouse import Warehouse
from backend.database.warehouses.warehouse_reader import WarehouseRead, readers

registry.register("duckdb.file", "backend.database.warehouses.duckdb_dialect", "DuckdbDialect")
registry.register("duckdb.folder", "backend.database.warehouses.duckdb_dialect", "DuckdbDialect")
NOWHERE = {None, "", "/", ":memory:"}


def duckdb_engine(url: URL, plan: PoolPlan) -> AsyncEngine:
    """Make an engine on what a URL names, to be read only.

    Raises
    ------
    InvalidDatabaseUrl
        When it names no file or folder, or has an option: there are none.
    """
    refuse_unknown({*url.query})
    if url.database in NOWHERE or url.host:
        raise InvalidDatabaseUrl("names no file or folder")
    return warehouse_engine(url, plan, partial(warehouse_of, url))


def warehouse_engine(url: URL, plan: PoolPlan, find: Callable[[], Warehouse]) -> AsyncEngine:
    """Make an engine on a warehouse.

    Parameters
    ----------
    url
        What it is called, the same for all who read it.
    plan
        Of its connections.
    find
        Says which it is at this moment; called before each read.
    """
    begin = partial(_begin, str(url), find)
    return pooled(url, plan, connect_args={"begin": begin, "bounds": plan.bounds})


def _begin(url: str, find: Callable[[], Warehouse]) -> WarehouseRead:
    return readers.begin(url, find())


def warehouse_of(url: URL) -> Warehouse:
    """Return what a URL names at this moment: where it is a link, what that leads to."""
    path = Path(os.path.realpath(str(url.database)))  # of a circle of links, whoever opens it tells
    return TableFolder(path) if url.drivername == FOLDER_DRIVER else DuckdbFile(path)
