"""Histories the modelling tests share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from backend.modelling.history import OrderHistory

CDNOW_SAMPLE = Path(__file__).parent / "data" / "cdnow_sample.parquet"


@pytest.fixture(scope="session")
def cdnow_sample() -> Callable[[str], OrderHistory]:
    """The published tenth of CDNOW as known at a date; free orders count as one cent."""
    table = pq.read_table(CDNOW_SAMPLE)
    _, customer = np.unique(table["customer_id"].to_numpy(), return_inverse=True)
    created_at = table["date"].to_numpy().astype("datetime64[us]")
    amount = np.maximum(table["spend"].to_numpy(), 1) / 100

    def known_at(date: str) -> OrderHistory:
        return OrderHistory.from_orders(
            customer.astype(np.int64),
            created_at,
            amount,
            customer_count=int(customer.max()) + 1,
            as_of=np.datetime64(date),
        )

    return known_at
