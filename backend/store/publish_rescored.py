"""Customers who were scored between runs, published: their rows, their moves, what is told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from backend.core.customer_id import CustomerId, as_text
from backend.core.secret_keys import Marker
from backend.core.typed_cells import instant64
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.scoring.rescored import Rescored
from backend.store import runs
from backend.store.alarm_rows import NewRisks, PublishedRisks
from backend.store.departures import take_back
from backend.store.kept_sums import sums_corrected
from backend.store.order_events import Rescoring, settle, still_as_told
from backend.store.outbox import tell_rescored
from backend.store.publish import begin_at_once
from backend.store.runs import Published
from backend.store.segment_labels import read_labels
from backend.store.served_rows import (
    ServedRows,
    append_moves_of_some,
    count_moved,
    moves_between,
    read_served_rows,
    replace_rows,
)
from backend.store.tombstones import erased_among


async def publish_rescored(
    engine: AsyncEngine, rescored: Rescored, asked_for: Sequence[Rescoring], marker: Marker
) -> int:
    """Publish customers who were scored between runs, in one transaction; never back in time.

    Who is erased, or of whom more is served already, is left out. Where another run is served by
    now nobody is published, and all wait on to be scored by its model.

    Parameters
    ----------
    engine
        Where our tables are.
    rescored
        Their numbers; ids are texts.
    asked_for
        Because of what they were scored.
    marker
        Recognises who is erased.

    Returns
    -------
    How many were published.
    """
    async with transaction(engine) as connection:
        await begin_at_once(connection)
        await runs.hold_published(connection)
        published = await runs.published(connection)
        if published is None or published.run_id != rescored.run_id:
            return 0
        waiting = await still_as_told(connection, asked_for)
        wanted = await _kept(connection, rescored, waiting, published, marker)
        served = await read_served_rows(connection, published, wanted.customers.customer_id)
        is_newer = ~(served.as_of > instant64(rescored.as_of))
        await settle(connection, waiting)
        if is_newer.any():
            news, before = wanted.rows(is_newer), served.rows(is_newer)
            await _publish(connection, published, news, before, marker)
        return int(is_newer.sum())


async def _kept(
    connection: AsyncConnection,
    rescored: Rescored,
    waiting: Sequence[Rescoring],
    published: Published,
    marker: Marker,
) -> Rescored:
    """Leave out who is erased, who waits no longer, and whose id our table could not hold."""
    asked = {one.customer_id for one in waiting}
    texts = as_text(rescored.customers.customer_id).tolist()
    erased = await erased_among(connection, marker, [CustomerId(one) for one in texts])
    kind = published.customer_id_type
    stored = {one: CustomerId(one).stored_as(kind) for one in texts}
    wanted = {CustomerId(one) for one in texts if stored[one] is not None} & asked - erased.keys()
    news = rescored.rows(np.array([CustomerId(one) in wanted for one in texts], dtype=bool))
    ids = [stored[one] for one in as_text(news.customers.customer_id).tolist()]
    typed = np.array(ids, dtype=np.int64 if kind == "integer" else object)
    return replace(news, customers=replace(news.customers, customer_id=typed))


async def _publish(
    connection: AsyncConnection,
    published: Published,
    news: Rescored,
    before: ServedRows,
    marker: Marker,
) -> None:
    now = await read_clock(connection)
    served = {one.id: one for one in await read_labels(connection)}
    named = replace(news, segments=[served.get(one.id, one) for one in news.segments])
    await take_back(connection, np.sort(news.customers.customer_id), marker)
    moved = moves_between(news, before)
    ids = [CustomerId(one) for one in as_text(news.customers.customer_id).tolist()]
    async with sums_corrected(connection, published, ids):
        await replace_rows(connection, published, named.publishing(now, before.last))
        await append_moves_of_some(connection, published, moved, now)
    await count_moved(connection, moved)
    await _tell(connection, news, before, now)
    await runs.revise(connection)


async def _tell(
    connection: AsyncConnection, news: Rescored, before: ServedRows, now: datetime
) -> None:
    was = PublishedRisks(as_text(news.customers.customer_id), before.churn_risk)
    risks = NewRisks(customers=news.customers, run_id=news.run_id, at=now)
    await tell_rescored(connection, was, risks)
