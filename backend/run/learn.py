"""What a run learns from the shop's columns: arrays in, arrays out, nothing read or written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.behaviour.baskets import Baskets
from backend.behaviour.history import OrderHistory
from backend.core.customer_id import UNKNOWN, CustomerIds, as_text
from backend.forecast.learn.predict import forecast
from backend.forecast.result import Forecast
from backend.run.progress import Progress
from backend.run.run_config import RunConfig
from backend.segments.learn.night import segment
from backend.segments.membership import Before, Membership
from backend.segments.options import ClusteringOptions
from backend.segments.profiles import Segment, describe
from backend.segments.standing import StandingModel
from backend.shop.basket_lines import BasketColumns
from backend.shop.orders import ShopColumns
from backend.store.publication import GivenName
from backend.store.runs import RunRequest

SEED = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What the published run left behind.

    Attributes
    ----------
    model
        Its segmentation; None before the first run.
    customer_ids, segment_ids
        Who is where, sorted by customer id.
    as_of
        The instant it described; None before the first run.
    names
        Names given by a person or the language model, by segment id.
    """

    model: StandingModel | None
    customer_ids: NDArray[Any]
    segment_ids: NDArray[Any]
    as_of: datetime | None
    names: Mapping[str, GivenName]

    def where(self, ids: NDArray[Any]) -> NDArray[Any]:
        """Return the segment that each of these customers was in; None for who was not known."""
        was = np.full(len(ids), None, dtype=object)
        places = CustomerIds(self.customer_ids).places_of(ids)
        known = places != UNKNOWN
        was[known] = self.segment_ids[places[known]]
        return was

    def gone(self, ids: NDArray[Any]) -> "Standing":
        """Return those of its customers that are not among these, which are ascending."""
        return self._of(CustomerIds(ids).places_of(self.customer_ids) == UNKNOWN)

    def with_ids_like(self, ids: NDArray[Any]) -> "Standing":
        """Return the same with ids of the shop's type, which may have changed since.

        Numbers go on as text; text goes on as nothing: our tables cannot hold it any more.
        """
        if (self.customer_ids.dtype == object) == (ids.dtype == object):
            return self
        if ids.dtype != object:
            return self._of(np.zeros(len(self.customer_ids), dtype=bool))
        texts = replace(self, customer_ids=as_text(self.customer_ids))
        return texts._of(np.argsort(texts.customer_ids))

    def _of(self, rows: NDArray[Any]) -> "Standing":
        kept = {"customer_ids": self.customer_ids[rows], "segment_ids": self.segment_ids[rows]}
        return replace(self, **kept)


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything one run found out about the shop's customers.

    Attributes
    ----------
    segments
        In their rules' words.
    names
        Given by a person or the language model, by segment id, those of this run included.
    new_names
        Those of this run.
    """

    history: OrderHistory
    forecast: Forecast
    membership: Membership
    segments: tuple[Segment, ...]
    names: Mapping[str, GivenName] = field(default_factory=dict)
    new_names: Mapping[str, GivenName] = field(default_factory=dict)


def learn(
    shop: ShopColumns,
    baskets: BasketColumns | None,
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
    bought = None if baskets is None else Baskets(**baskets.as_dict())
    membership = segment(
        history,
        _options(config, request, standing.model),
        shop.customer_ids,
        baskets=bought,
        before=_before(standing, shop.customer_ids),
        refit=request.refit,
    )
    segments = describe(membership, history, predicted, bought)
    return Findings(history, predicted, membership, segments)


def _before(standing: Standing, customer_ids: NDArray[Any]) -> Before:
    return Before(
        model=standing.model,
        ids=standing.where(customer_ids),
        as_of=None if standing.as_of is None else _instant(standing.as_of),
    )


def _history(shop: ShopColumns, as_of: datetime) -> OrderHistory:
    return OrderHistory.from_orders(
        shop.customer_index,
        shop.created_at,
        shop.amount_micros / 1e6,
        customer_count=len(shop.customer_ids),
        as_of=_instant(as_of),
    )


def _instant(moment: datetime) -> np.datetime64:
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")


def _options(
    config: RunConfig, request: RunRequest, standing: StandingModel | None
) -> ClusteringOptions:
    """Fill in what the request leaves open.

    A request without a sample size, or without any bound of k, keeps the standing model's; a bound
    given alone moves the other aside.
    """
    usual = ClusteringOptions()
    asked = usual if standing is None else standing.options
    if request.min_k is None and request.max_k is None:
        min_k, max_k = asked.min_k, asked.max_k
    else:
        min_k = request.min_k or min(usual.min_k, request.max_k or usual.min_k)
        max_k = request.max_k or max(usual.max_k, min_k)
    return ClusteringOptions(
        sample_size=request.sample_size or asked.sample_size,
        min_k=min_k,
        max_k=max_k,
        dynamic_k_range=config.dynamic_k_range,
        robust_scaling=config.robust_scaling,
        seed=SEED,
    )
