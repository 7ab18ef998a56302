"""Where a run is done: on one machine, or spread over those whose scheduler it is told."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from backend.behaviour.baskets import Baskets
from backend.behaviour.history import PurchaseDays
from backend.core.customer_id import UNKNOWN, CustomerIds
from backend.core.errors import BackendError
from backend.core.memory import give_back
from backend.database.async_engines import AsyncConnection, AsyncEngine
from backend.database.engine import transaction
from backend.database.shared_snapshots import share_snapshot
from backend.forecast.horizon_model import HorizonModel
from backend.forecast.learn.blend import Foresee, Foreseen, foresee_at_once
from backend.forecast.prediction import CHUNK_BUYERS, Prediction
from backend.run.partitions.dask_cluster import Cluster
from backend.run.partitions.executors import Executor, Processes
from backend.run.partitions.foreseeing import DaysToForesee, foresee_days
from backend.run.partitions.partition import partitions_of
from backend.run.partitions.tasks import (
    BASE,
    BASKETS,
    BLEND,
    ORDERS,
    Job,
    PartRead,
    PartToForesee,
    PartToRead,
    baskets_of,
    foresee_part,
    prediction_of,
    read_part,
    read_part_staged,
)
from backend.run.run_config import RunConfig
from backend.shop.orders import Progress, ShopColumns, read_customer_ids
from backend.shop.seen import read_rows
from backend.shop.shop import Shop
from backend.shop.sliced_shop import can_be_sliced
from backend.store.staged_parts import forget_left_over, forget_staged
from backend.wording.partition_sentences import READ_AT_MOMENTS_OF_THEIR_OWN

Rows = tuple[ShopColumns, Baskets | None]


class Machines(Protocol):
    """What reads a shop for a run, and predicts for all of its buyers."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the report is to say of how that was done."""

    async def read(
        self,
        connection: AsyncConnection,
        shop: Shop,
        as_of: datetime,
        progress: Progress,
        *,
        now: datetime,
    ) -> Rows:
        """Return customers, orders and baskets, as `read_rows` does."""

    def foreseeing(self, customer_ids: NDArray[Any]) -> AbstractContextManager[Foresee]:
        """Return what predicts for these customers, while it is held."""


@asynccontextmanager
async def machines_for(
    config: RunConfig, engine: AsyncEngine, run_id: str
) -> AsyncIterator[Machines]:
    """Reach where a run is done; what others have staged for it goes when it is left.

    Raises
    ------
    WorkersAway
        When the run is to be spread, and nobody is there.
    """
    await forget_left_over(engine, run_id)
    if config.dask_scheduler_address is None:
        yield OneMachine(config.run_processes, config.partition_customers)
        return
    cluster = Cluster(config.dask_scheduler_address)
    await asyncio.to_thread(cluster.__enter__)
    try:
        yield ManyMachines(config, engine, run_id, cluster)
    finally:
        await asyncio.to_thread(cluster.__exit__, None, None, None)
        with suppress(BackendError):  # the next run forgets what is left over
            await forget_staged(engine, run_id)


@dataclass(frozen=True, slots=True)
class OneMachine:
    """This one: it reads each table once, and predicts in processes where there is much to do.

    Attributes
    ----------
    processes
        How many at most.
    partition_customers
        How many customers are one part at most; no more than that are predicted for here.
    """

    processes: int
    partition_customers: int
    notes: tuple[str, ...] = ()

    async def read(
        self,
        connection: AsyncConnection,
        shop: Shop,
        as_of: datetime,
        progress: Progress,
        *,
        now: datetime,
    ) -> Rows:
        """Read each table once."""
        return await read_rows(connection, shop, as_of, progress, now=now)

    @contextmanager
    def foreseeing(self, customer_ids: NDArray[Any]) -> Iterator[Foresee]:
        """Predict here, or in processes that end when it is left."""
        at_once = min(CHUNK_BUYERS, self.partition_customers)
        if self.processes == 1 or len(customer_ids) <= at_once:
            yield foresee_at_once
            return
        # What one process holds at once is divided among them.
        batch = max(1, at_once // self.processes)
        yield partial(foresee_in_batches, Processes(self.processes), batch)


def foresee_in_batches(
    executor: Executor, buyers: int, model: HorizonModel, days: PurchaseDays
) -> Foreseen:
    """Predict for so many buyers at a time, wherever the executor does that."""
    give_back()  # the others need room beside what is held here
    asked = [DaysToForesee(model, batch) for batch in days.batches(buyers)]
    return _joined(executor.map(foresee_days, asked))


def _joined(parts: list[Foreseen]) -> Foreseen:
    bases, blends = zip(*parts, strict=True)
    return Prediction.joined([*bases]), Prediction.joined([*blends])


@dataclass(slots=True)
class ManyMachines:
    """The workers of a cluster: each reads its parts of the shop, and predicts for them.

    Attributes
    ----------
    config
        Of the run.
    engine
        Our database, through which workers hand over what they find.
    run_id
        The run.
    cluster
        The workers.
    notes
        What the report is to say.
    """

    config: RunConfig
    engine: AsyncEngine
    run_id: str
    cluster: Executor
    notes: tuple[str, ...] = ()
    _job: Job | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _read: list[PartRead] = field(default_factory=list)

    async def read(
        self,
        connection: AsyncConnection,
        shop: Shop,
        as_of: datetime,
        progress: Progress,
        *,
        now: datetime,
    ) -> Rows:
        """Have the parts read; here alone where customers cannot be told apart by ranges."""
        ids, without_id = await read_customer_ids(connection, shop)
        if await can_be_sliced(connection, shop, ids.kind):
            job = Job(
                run_id=self.run_id,
                as_of=as_of,
                now=now,
                snapshot=await share_snapshot(connection),
                variables=self.config.shop_variables,
            )
            rows = await self._read_parts(job, ids, without_id)
            if rows is not None:
                progress(len(rows[0].created_at))
                return rows
        return await read_rows(connection, shop, as_of, progress, now=now)

    async def _read_parts(self, job: Job, ids: CustomerIds, without_id: int) -> Rows | None:
        """Return all parts' rows; None where they are not what one reading would have seen."""
        of_size = -(-len(ids.values) // self.config.partition_customers)
        parts = partitions_of(ids.values, max(self.cluster.workers, of_size))
        asked = [PartToRead(job, one) for one in parts]
        read = await asyncio.to_thread(self.cluster.map, read_part, asked)
        columns = ShopColumns.joined([await self._columns_of(one) for one in read], without_id)
        if columns.repeat_orders() or not _ascend(columns.customer_ids):
            return None
        self._job, self._read, self._loop = job, read, asyncio.get_running_loop()
        if job.snapshot is None:
            self.notes = (READ_AT_MOMENTS_OF_THEIR_OWN,)
        return columns.without_order_ids(), await self._baskets()

    async def _columns_of(self, part: PartRead) -> ShopColumns:
        table = await self._staged(part.partition.number, part.attempt, ORDERS)
        return ShopColumns(
            customer_ids=part.customer_ids,
            customer_index=table["customer_index"].to_numpy(),
            created_at=table["created_at"].to_numpy(),
            amount_micros=table["amount_micros"].to_numpy(),
            rejected={},
            left_out=part.left_out,
            order_ids=table["order_id"].combine_chunks(),
        )

    async def _baskets(self) -> Baskets | None:
        if not all(part.has_lines for part in self._read):
            return None
        return baskets_of(
            [
                await self._staged(part.partition.number, part.attempt, BASKETS)
                for part in self._read
            ]
        )

    async def _staged(self, number: int, attempt: str, what: str) -> Any:
        async with transaction(self.engine) as connection:
            return await read_part_staged(connection, self.run_id, number, attempt, what)

    @contextmanager
    def foreseeing(self, customer_ids: NDArray[Any]) -> Iterator[Foresee]:
        """Have predicted what the workers have read; else send them what is to be predicted."""
        if self._job is None:
            yield partial(foresee_in_batches, self.cluster, CHUNK_BUYERS)
            return
        yield partial(self._foresee, self._job, CustomerIds(customer_ids))

    def _foresee(
        self, job: Job, ids: CustomerIds, model: HorizonModel, _days: PurchaseDays
    ) -> Foreseen:
        """Have all parts foreseen; who was left out since they were read is left out here too."""
        asked = [
            PartToForesee(
                job=job,
                number=one.partition.number,
                attempt=one.attempt,
                customers=len(one.customer_ids),
                model=model,
            )
            for one in self._read
        ]
        attempts = self.cluster.map(foresee_part, asked)
        assert self._loop is not None
        reading = asyncio.run_coroutine_threadsafe(self._foreseen(attempts, ids), self._loop)
        return _joined(reading.result())

    async def _foreseen(self, attempts: list[str], ids: CustomerIds) -> list[Foreseen]:
        found = []
        for part, attempt in zip(self._read, attempts, strict=True):
            places = ids.places_of(part.customer_ids)
            number = part.partition.number
            base, blend = [
                _among(prediction_of(await self._staged(number, attempt, what)), places)
                for what in (BASE, BLEND)
            ]
            found.append((base, blend))
        return found


def _among(prediction: Prediction, places: NDArray[np.int64]) -> Prediction:
    """Tell of whom a part's prediction is, by their places in the shop; of others it is not."""
    whose = places[prediction.customer]
    known = np.flatnonzero(whose != UNKNOWN)
    return replace(prediction.of(known), customer=whose[known])


def _ascend(ids: NDArray[Any]) -> bool:
    """Tell whether each id is above the one before it, as all parts together must be."""
    return bool((ids[1:] > ids[:-1]).all())
