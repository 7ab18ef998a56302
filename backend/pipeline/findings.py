"""What a run learns from the shop's columns: arrays in, arrays out, nothing read or written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.data.intelligence import GivenName
from backend.data.orders import ShopColumns
from backend.data.runs import RunRequest
from backend.modelling.forecast import Forecast, forecast
from backend.modelling.history import OrderHistory
from backend.modelling.segmentation import (
    ClusteringOptions,
    Segmentation,
    StandingModel,
    segment,
)
from backend.pipeline.config import RunConfig
from backend.pipeline.progress import Progress

SEED = 0
MIN_K, MAX_K = 3, 12


@dataclass(frozen=True, slots=True)
class Standing:
    """What the published run left behind.

    Attributes
    ----------
    model
        Its segmentation; None before the first run.
    customer_ids, segment_ids
        Who is where, sorted by customer id.
    names
        Names given by a person or the language model, by segment id.
    """

    model: StandingModel | None
    customer_ids: NDArray[Any]
    segment_ids: NDArray[Any]
    names: Mapping[str, GivenName]


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything one run found out about the shop's customers."""

    history: OrderHistory
    forecast: Forecast
    segmentation: Segmentation
    new_names: Mapping[str, GivenName] = field(default_factory=dict)


def learn(
    shop: ShopColumns,
    standing: Standing,
    config: RunConfig,
    request: RunRequest,
    as_of: datetime,
    progress: Progress,
) -> Findings:
    """Forecast and segment all customers of the shop."""
    history = _history(shop, as_of)
    progress.enter("forecast")
    predicted = forecast(
        history,
        value_horizon_days=config.prediction_horizon_days,
        churn_horizon_days=config.churn_horizon_days,
        seed=SEED,
        progress=progress.advance,
    )
    progress.enter("segments")
    segmentation = segment(
        history,
        predicted,
        _options(config, request),
        standing.model,
        shop.customer_ids,
    )
    return Findings(history, predicted, segmentation)


def _history(shop: ShopColumns, as_of: datetime) -> OrderHistory:
    return OrderHistory.from_orders(
        shop.customer_index,
        shop.created_at,
        shop.amount_micros / 1e6,
        customer_count=len(shop.customer_ids),
        as_of=np.datetime64(as_of.astimezone(UTC).replace(tzinfo=None), "us"),
    )


def _options(config: RunConfig, request: RunRequest) -> ClusteringOptions:
    """Fill in what the request leaves open; a bound given alone moves the other aside."""
    min_k = request.min_k or min(MIN_K, request.max_k or MIN_K)
    return ClusteringOptions(
        sample_size=request.sample_size,
        min_k=min_k,
        max_k=request.max_k or max(MAX_K, min_k),
        dynamic_k_range=config.dynamic_k_range,
        robust_scaling=config.robust_scaling,
        seed=SEED,
    )
