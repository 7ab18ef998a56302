"""The real shops that forecasts are scored on, and the dates they are scored at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from backend.behaviour.history import OrderHistory, day_number

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Shop:
    """All orders of a shop, arrays of shape (orders,); refunds have negative amounts."""

    name: str
    customer_id: NDArray[np.int64]
    created_at: NDArray[np.datetime64]
    amount: NDArray[np.float64]

    @property
    def day(self) -> NDArray[np.int64]:
        """Day number of each order."""
        return day_number(self.created_at)

    def counted(self) -> Shop:
        """Keep what is no refund; free orders count as a cent, as the peers count them."""
        kept = self.amount >= 0
        return Shop(
            self.name,
            self.customer_id[kept],
            self.created_at[kept],
            np.maximum(self.amount[kept], 0.01),
        )

    def of_customers_known(self, cutoff: str, count: int, seed: int) -> Shop:
        """Keep a random sample of the customers who ordered before the cut-off."""
        before = self.created_at < np.datetime64(cutoff)
        known = np.unique(self.customer_id[before & (self.amount >= 0)])
        chosen = np.random.default_rng(seed).choice(known, min(count, len(known)), replace=False)
        kept = np.isin(self.customer_id, chosen)
        return replace(
            self,
            customer_id=self.customer_id[kept],
            created_at=self.created_at[kept],
            amount=self.amount[kept],
        )

    def history(self, as_of: str) -> tuple[NDArray[np.int64], OrderHistory]:
        """Return the ids of all customers and what is known of them at the date."""
        counted = self.counted()
        ids, index = np.unique(counted.customer_id, return_inverse=True)
        return ids, OrderHistory.from_orders(
            index,
            counted.created_at,
            counted.amount,
            customer_count=len(ids),
            as_of=np.datetime64(as_of),
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One holdout: what is known before the cut-off, judged over the horizon after it."""

    shop: str
    cutoff: str
    horizon_days: int

    def __str__(self) -> str:
        return f"{self.shop} {self.cutoff} +{self.horizon_days}"


# Where the peers' metrics are on file.
PUBLISHED = (
    Case("cdnow", "1997-10-01", 273),
    Case("cdnow", "1997-08-15", 180),
    Case("cdnow_sample", "1997-10-01", 273),
    Case("cdnow_sample", "1998-01-01", 180),
    Case("online_retail_2", "2011-06-10", 182),
    Case("online_retail_2", "2011-03-15", 182),
)
OWN = (
    Case("cdnow", "1997-07-01", 180),
    Case("cdnow", "1997-11-15", 120),
    Case("cdnow", "1998-01-01", 180),
    Case("cdnow_sample", "1997-07-01", 180),
    Case("cdnow_sample", "1997-08-15", 180),
    Case("cdnow_sample", "1997-12-01", 90),
    Case("online_retail_2", "2010-09-15", 90),
    Case("online_retail_2", "2010-12-01", 182),
    Case("online_retail_2", "2010-12-09", 365),
    Case("online_retail_2", "2011-09-01", 90),
)
CASES = PUBLISHED + OWN
GIFTS = tuple(
    Case("gifts", date, horizon)
    for date, horizon in (
        ("2007-01-01", 365),
        ("2008-07-01", 180),
        ("2009-04-01", 365),
        ("2010-10-01", 180),
        ("2011-03-01", 365),
        ("2012-01-01", 365),
        ("2012-09-01", 180),
        ("2013-06-01", 365),
        ("2014-05-01", 180),
        ("2015-01-01", 365),
    )
)
SUBSAMPLE_SIZES = (300, 1000, 3000)


def load(name: str) -> Shop:
    """Read one of "cdnow", "cdnow_sample" and "online_retail_2"."""
    table = pq.read_table(DATA / f"{name.removesuffix('_sample')}.parquet")
    shop = Shop(
        name,
        table["customer_id"].to_numpy().astype(np.int64),
        table["created_at"].to_numpy().astype("datetime64[us]"),
        table["total_cents"].to_numpy() / 100,
    )
    if name != "cdnow_sample":
        return shop
    kept = table["in_sample"].to_numpy()
    return Shop(name, shop.customer_id[kept], shop.created_at[kept], shop.amount[kept])


def gift_shop(path: str) -> Shop:
    """Read ten years of small gifts from a file that is no part of this project."""
    table = pq.read_table(path)
    return Shop(
        "gifts",
        np.array(table["customer_id"].to_pylist(), dtype=np.int64),
        table["created_at"].to_numpy().astype("datetime64[us]"),
        table["total_price"].to_numpy(),
    )
