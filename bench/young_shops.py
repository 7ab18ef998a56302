"""Shops cut short and small: what a shop in its first year, with few customers, knows.

A cut keeps the orders of so many months before a date, and of the customers known by then so many,
drawn by seed. CDNOW's customers all came in its first quarter, so its cuts begin with the shop;
of Online Retail II also the second year is cut off from the first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bench.shops import Shop

MONTH_DAYS = 30.44


@dataclass(frozen=True, slots=True)
class Cut:
    """A shop from `start`, seen after so many months, with so many customers."""

    shop: str
    start: str
    months: int
    customers: int
    horizon_days: int = 90

    def __str__(self) -> str:
        return f"{self.shop} {self.start:.7} +{self.months} months, {self.customers:,} customers"

    @property
    def as_of(self) -> np.datetime64:
        """The day that it is seen at."""
        return np.datetime64(self.start, "D") + round(self.months * MONTH_DAYS)

    def of(self, shop: Shop, seed: int) -> Shop:
        """Cut a whole shop."""
        kept = shop.created_at >= np.datetime64(self.start)
        young = replace(
            shop,
            customer_id=shop.customer_id[kept],
            created_at=shop.created_at[kept],
            amount=shop.amount[kept],
        )
        return young.of_customers_known(str(self.as_of), self.customers, seed)


SIZES = (500, 1000, 2000)
MONTHS = (6, 9, 11)
# After eleven months of Online Retail II's second year hardly anything is left to judge by.
JUDGED = (
    *(Cut("cdnow", "1997-01-01", months, size, 180) for months in MONTHS for size in SIZES),
    *(Cut("online_retail_2", "2009-12-01", m, size, 120) for m in MONTHS for size in SIZES),
    *(Cut("online_retail_2", "2010-12-01", m, size) for m in (6, 9) for size in SIZES),
)
GIFT_CUTS = tuple(
    Cut("gifts", start, months, size, 180)
    for start in ("2005-01-01", "2008-03-01", "2011-06-01", "2013-09-01")
    for months in MONTHS
    for size in SIZES
)
