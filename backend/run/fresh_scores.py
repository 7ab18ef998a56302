"""Some customers scored by the shop's orders of this moment and a run's model."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncEngine
from backend.scoring.rescored import Rescored
from backend.scoring.telling import Scorer
from backend.shop.asking import asked
from backend.shop.customers import get_customers
from backend.shop.orders_of_some import OrderReads
from backend.shop.readings_of_some import read_readings_of
from backend.shop.shop import Shop


@dataclass(frozen=True, slots=True)
class FreshScores:
    """What reads a shop to score some of its customers.

    Attributes
    ----------
    engine
        The shop's database.
    shop
        Where its tables are.
    """

    engine: AsyncEngine
    shop: Shop
    _reads: OrderReads = field(default_factory=OrderReads)

    async def of(
        self, scorer: Scorer, was: Mapping[CustomerId, str | None], as_of: datetime
    ) -> Rescored | None:
        """Score customers; None where the shop has none of them.

        Parameters
        ----------
        scorer
            The model.
        was
            Whom, and the segment that each was last told to be in; None: in none.
        as_of
            Aware; only orders created before it count.

        Raises
        ------
        InvalidMapping
            When the shop's tables are not what the mapping says.
        DatabaseUnavailable
            When the shop's database does not answer.
        """
        find = partial(get_customers, shop=self.shop, customer_ids=[*was])
        found = await asked(self.engine, self.shop, find)
        # Who is part of another by now is told of by the next run.
        customers = [(one, was[one]) for one in was if one in found and found[one].id == one]
        if not customers:
            return None
        readings = await read_readings_of(
            self.engine, self.shop, customers, as_of, model=scorer.model, reads=self._reads
        )
        return await asyncio.to_thread(scorer.rescored, readings, as_of)
