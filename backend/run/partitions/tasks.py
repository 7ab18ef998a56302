"""What is done for one part of a shop, by whoever has the time: here or on another machine.

A task may be done more than once, and none of them is undone: each writes under an attempt of its
own, and what counts is what the attempt wrote whose answer was taken.
"""

import asyncio
import secrets
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from backend import __version__
from backend.behaviour.baskets import Baskets
from backend.behaviour.history import OrderHistory, PurchaseDays
from backend.core.errors import BackendError, PartFailed
from backend.core.glossary import Reason
from backend.core.typed_cells import instant64
from backend.database.bounds import run_reads
from backend.database.engine import opened, snapshot, transaction
from backend.database.shared_snapshots import join_snapshot
from backend.database.sqlite_files import Opening
from backend.forecast.horizon_model import HorizonModel
from backend.forecast.prediction import Prediction
from backend.run.partitions.at_work import own_config
from backend.run.partitions.foreseeing import DaysToForesee, foresee_days
from backend.run.partitions.partition import Partition
from backend.run.partitions.payloads import packed, unpacked
from backend.run.run_config import RunConfig
from backend.shop.basket_lines import read_baskets
from backend.shop.mapping.layers import load_mapping
from backend.shop.orders import ShopColumns, read_orders
from backend.shop.sliced_shop import SlicedShop
from backend.store.staged_parts import StagedPart, read_staged, stage

Result = TypeVar("Result")
ORDERS, BASKETS, BASE, BLEND = "orders", "baskets", "base", "blend"
OF_ANOTHER_VERSION = "A worker is of version {}, and the run of {}: bring both to the same."
OF_ANOTHER_SHOP = (
    "A worker was told {} otherwise than the run: give all of them the same variables."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What whoever works for a run is told. There is no address in it, and no key.

    Attributes
    ----------
    run_id
        The run.
    as_of, now
        As `read_orders` takes them.
    snapshot
        By what all read one state; None where each reads at a moment of its own.
    variables
        How the shop's tables are mapped.
    version
        Of the run's code.
    """

    run_id: str
    as_of: datetime
    now: datetime
    snapshot: str | None
    variables: Mapping[str, str]
    version: str = __version__


@dataclass(frozen=True, slots=True)
class PartToRead:
    """Somebody is to read a part of the shop."""

    job: Job
    partition: Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRead:
    """What came of it; orders and baskets are staged.

    Attributes
    ----------
    partition
        Which part.
    attempt
        Who read it.
    customer_ids
        Shape (customers,), ascending.
    left_out
        Orders that do not count, by all their reasons.
    has_lines
        Whether the shop has order lines.
    """

    partition: Partition
    attempt: str
    customer_ids: NDArray[Any]
    left_out: Mapping[tuple[Reason, ...], int]
    has_lines: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartToForesee:
    """Somebody is to predict for the customers of a part that was read.

    Attributes
    ----------
    job
        Of the run.
    number, attempt
        The part, and who read it.
    customers
        How many are in it.
    model
        What predicts.
    """

    job: Job
    number: int
    attempt: str
    customers: int
    model: HorizonModel


def read_part(asked: PartToRead) -> PartRead:
    """Read a part of the shop, and stage what was read.

    Raises
    ------
    PartFailed
        When that cannot be done, in words.
    """
    return _done(_read_part(_config_for(asked.job), asked))


def foresee_part(asked: PartToForesee) -> str:
    """Predict for the customers of a part; return the attempt under which that is staged.

    Raises
    ------
    PartFailed
        As `read_part`.
    """
    return _done(_foresee_part(_config_for(asked.job), asked))


def _done(work: Coroutine[Any, Any, Result]) -> Result:
    """Do the work, and give an error that is told in words a form that travels."""
    try:
        return asyncio.run(work)
    except PartFailed:
        raise
    except BackendError as error:
        raise PartFailed(str(error)) from None


def _config_for(job: Job) -> RunConfig:
    """Return what this process works by, where it is as the run is."""
    config = own_config()
    if job.version != __version__:
        raise PartFailed(OF_ANOTHER_VERSION.format(__version__, job.version))
    mine, theirs = dict(config.shop_variables), dict(job.variables)
    if mine != theirs:
        names = mine.keys() | theirs.keys()
        other = sorted(one for one in names if mine.get(one) != theirs.get(one))
        raise PartFailed(OF_ANOTHER_SHOP.format(", ".join(other)))
    return config


async def _read_part(config: RunConfig, asked: PartToRead) -> PartRead:
    job, attempt = asked.job, secrets.token_hex(16)
    shop = SlicedShop(load_mapping(config.shop_variables), asked.partition.ids)
    bounds = run_reads(config.statement_seconds)
    async with (
        opened(config.shop_url, pool_size=1, bounds=bounds, opening=Opening.READ) as engine,
        snapshot(engine) as connection,
    ):
        if job.snapshot is not None:
            await join_snapshot(connection, job.snapshot)
        columns = await read_orders(connection, shop, job.as_of, now=job.now)
        baskets = await read_baskets(connection, shop, columns)
    tables = {ORDERS: _orders(columns)}
    if baskets is not None:
        tables[BASKETS] = pa.table(asdict(baskets))
    await _stage(config, job.run_id, asked.partition.number, attempt, tables)
    return PartRead(
        partition=asked.partition,
        attempt=attempt,
        customer_ids=columns.customer_ids,
        left_out=columns.left_out,
        has_lines=baskets is not None,
    )


def _orders(columns: ShopColumns) -> pa.Table:
    return pa.table(
        {
            "customer_index": pa.array(columns.customer_index),
            "created_at": pa.array(columns.created_at),
            "amount_micros": pa.array(columns.amount_micros),
            "order_id": columns.order_ids,
        }
    )


async def _foresee_part(config: RunConfig, asked: PartToForesee) -> str:
    attempt, job = secrets.token_hex(16), asked.job
    async with (
        opened(config.intelligence_url, pool_size=1, opening=Opening.CHANGE) as engine,
        transaction(engine) as connection,
    ):
        orders = await read_part_staged(connection, job.run_id, asked.number, asked.attempt, ORDERS)
    predicted = foresee_days(DaysToForesee(asked.model, _days(orders, asked)))
    tables = dict(zip((BASE, BLEND), map(_table, predicted), strict=True))
    await _stage(config, job.run_id, asked.number, attempt, tables)
    return attempt


def _days(orders: pa.Table, asked: PartToForesee) -> PurchaseDays:
    return OrderHistory.from_orders(
        orders["customer_index"].to_numpy(),
        orders["created_at"].to_numpy(),
        orders["amount_micros"].to_numpy() / 1e6,
        customer_count=asked.customers,
        as_of=instant64(asked.job.as_of),
    ).purchase_days()


def _table(prediction: Prediction) -> pa.Table:
    return pa.table({one.name: getattr(prediction, one.name) for one in fields(prediction)})


async def _stage(
    config: RunConfig, run_id: str, number: int, attempt: str, tables: Mapping[str, pa.Table]
) -> None:
    found = {
        StagedPart(run_id=run_id, stage=name, partition_number=number, attempt=attempt): packed(
            table
        )
        for name, table in tables.items()
    }
    bounds = run_reads(config.statement_seconds)
    ours = config.intelligence_url
    async with opened(ours, pool_size=1, bounds=bounds, opening=Opening.CHANGE) as engine:
        await stage(engine, run_id, found)


async def read_part_staged(
    connection: Any, run_id: str, number: int, attempt: str, what: str
) -> pa.Table:
    """Return what an attempt has staged of a part."""
    part = StagedPart(run_id=run_id, stage=what, partition_number=number, attempt=attempt)
    return unpacked(await read_staged(connection, part))


def prediction_of(table: pa.Table) -> Prediction:
    """Return what is expected of the buyers of a part, as it was staged."""
    return Prediction(**{one.name: table[one.name].to_numpy() for one in fields(Prediction)})


def baskets_of(tables: Sequence[pa.Table]) -> Baskets:
    """Return the baskets of all customers, part after part."""
    return Baskets(
        **{
            one.name: np.concatenate([table[one.name].to_numpy() for table in tables])
            for one in fields(Baskets)
        }
    )
