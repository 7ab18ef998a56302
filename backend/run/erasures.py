"""Who was erased and is still in the shop: a run reads past them."""

from dataclasses import replace

import numpy as np

from backend.core.customer_id import CustomerId, as_text
from backend.core.secret_keys import Marker, Use
from backend.database.engine import AsyncEngine, transaction
from backend.run.run_config import RunConfig
from backend.shop.seen import Seen
from backend.store.tombstones import Erasures, read_marks


async def read_erasures(engine: AsyncEngine, config: RunConfig) -> Erasures:
    """Read the tombstones, ahead of the shop: whom a later look does not find is gone from it.

    Raises
    ------
    TombstonesUnreadable
        When some were made with a key that is not known.
    """
    marker = Marker.of(config.secrets, Use.TOMBSTONE)
    async with transaction(engine) as connection:
        return Erasures(marker=marker, marks=await read_marks(connection, marker))


def without_erased(seen: Seen, erasures: Erasures) -> tuple[Seen, Erasures]:
    """Leave out who is erased, and note who of them is still there.

    A customer of several accounts is erased where one of them is.
    """
    if not erasures.marks:
        return seen, erasures
    ids = as_text(seen.columns.customer_ids).tolist()
    found = {
        mark: customer_id
        for customer_id in map(CustomerId, (*ids, *seen.merged))
        for mark in erasures.marker.marks(customer_id)
        if mark in erasures.marks
    }
    texts = {one.text for one in found.values()}
    erased = texts | {seen.merged[one] for one in texts & seen.merged.keys()}
    kept = np.array([one not in erased for one in ids], dtype=bool)
    return seen.of(kept), replace(erasures, found=found)
