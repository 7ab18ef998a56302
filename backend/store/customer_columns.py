"""Columns of a publication become the columns of `customer_intelligence`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.core.glossary import Status
from backend.store.publication import Publication

CENT = Decimal("0.01")
LTV_LIMIT = Decimal(10) ** 8  # the guide's DECIMAL(10,2)

Columns = dict[str, Sequence[Any]]


def customer_columns(publication: Publication, chosen: slice, now: datetime) -> Columns:
    """Return some customers' values by column, money in cents, unknown ones None."""
    customers = publication.customers
    rows = [publication.segments[index] for index in customers.segment[chosen].tolist()]
    historical = _from_micros(customers.historical_micros[chosen])
    predicted = _money(customers.predicted_value[chosen])
    frequency = customers.frequency[chosen].tolist()
    waits = customers.next_order_days[chosen]
    status = customers.status[chosen].tolist()
    ltv = [_ltv(*values) for values in zip(historical, predicted, strict=True)]
    return {
        "customer_id": customers.customer_id[chosen].tolist(),
        "archetype_id": [row.id for row in rows],
        "archetype_name": [row.name for row in rows],
        "archetype_level": [row.level for row in rows],
        "ltv": [value if value is None or value < LTV_LIMIT else None for value in ltv],
        "churn_risk": _decimals(customers.churn_risk[chosen], 4),
        "cluster_confidence": _decimals(customers.confidence[chosen], 4),
        "updated_at": [now] * len(rows),
        "historical_value": [
            value if count else None for value, count in zip(historical, frequency, strict=True)
        ],
        "predicted_value": predicted,
        "predicted_value_low": _money(customers.predicted_value_low[chosen]),
        "predicted_value_high": _money(customers.predicted_value_high[chosen]),
        "predicted_orders": _decimals(customers.predicted_orders[chosen], 4),
        "predicted_orders_low": _decimals(customers.predicted_orders_low[chosen], 4),
        "predicted_orders_high": _decimals(customers.predicted_orders_high[chosen], 4),
        "next_order_p10": _instants(publication.as_of, waits[:, 0]),
        "next_order_p50": _instants(publication.as_of, waits[:, 1]),
        "next_order_p90": _instants(publication.as_of, waits[:, 2]),
        "frequency": frequency,
        "recency_days": _whole(customers.recency_days[chosen]),
        "avg_order_value": [
            (value / count).quantize(CENT) if count else None
            for value, count in zip(historical, frequency, strict=True)
        ],
        "status": [
            Status.VALUE_OUT_OF_RANGE if value is not None and value >= LTV_LIMIT else word
            for value, word in zip(ltv, status, strict=True)
        ],
        "run_id": [publication.run_id] * len(rows),
        "age_days": _whole(customers.age_days[chosen]),
        "usual_gap_days": _known(customers.usual_gap_days[chosen]),
        "order_days": customers.order_days[chosen].tolist(),
        "typical_order_value": [
            None if np.isnan(value) else value
            for value in customers.typical_order_value[chosen].tolist()
        ],
    }


def _ltv(historical: Decimal, predicted: Decimal | None) -> Decimal | None:
    return None if predicted is None else historical + predicted


def _from_micros(micros: NDArray[np.int64]) -> list[Decimal]:
    return [Decimal(value).scaleb(-6).quantize(CENT) for value in micros.tolist()]


def _money(values: NDArray[np.float64]) -> list[Decimal | None]:
    return _decimals(values, 2)


def _decimals(values: NDArray[np.float64], places: int) -> list[Decimal | None]:
    """Round to `places`; NaN becomes None."""
    return [None if value != value else Decimal(f"{value:.{places}f}") for value in values.tolist()]


def _known(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else round(value, 2) for value in values.tolist()]


def _whole(values: NDArray[np.float64]) -> list[int | None]:
    return [None if np.isnan(value) else int(value) for value in values.tolist()]


def _instants(as_of: datetime, days: NDArray[np.float64]) -> list[datetime | None]:
    return [None if np.isnan(wait) else as_of + timedelta(days=wait) for wait in days.tolist()]
