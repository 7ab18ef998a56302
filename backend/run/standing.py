"""What the published run left behind, and what the next one needs to know of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend import store
from backend.core.customer_id import UNKNOWN, CustomerId, CustomerIds, as_text
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.results.outlook import RunBefore, total_of
from backend.results.run_report import ReportHorizons
from backend.run.earlier_forecasts import EarlierForecast, read_earlier_forecasts
from backend.segments.segment_model import SegmentModel
from backend.store import runs
from backend.store.publication import GivenName
from backend.store.rights_of_ours import refusal_of_ours
from backend.store.runs import Published
from backend.store.segment_history import HistoryFilter


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
    refused
        What keeps us from writing our tables, which the next publication needs; else None.
    told
        What it said was at risk; None before the first run.
    forecasts
        What it and runs before it expected: the last of each month, the latest first.
    """

    model: SegmentModel | None
    customer_ids: NDArray[Any]
    segment_ids: NDArray[Any]
    as_of: datetime | None
    names: Mapping[str, GivenName]
    refused: str | None
    told: RunBefore | None = None
    forecasts: Sequence[EarlierForecast] = ()

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

        Numbers go on as text; of texts those do that are integers: the others are nobody's now.
        """
        kind = CustomerIds(ids).kind
        if CustomerIds(self.customer_ids).kind == kind:
            return self
        if kind == "integer":
            return self._with_integers()
        texts = replace(self, customer_ids=as_text(self.customer_ids))
        return texts._of(np.argsort(texts.customer_ids))

    def _with_integers(self) -> "Standing":
        texts = self.customer_ids.tolist()
        stored = [CustomerId(text).stored_as("integer") for text in texts]
        kept = self._of(np.array([number is not None for number in stored], dtype=bool))
        numbers = [number for number in stored if number is not None]
        kept = replace(kept, customer_ids=np.array(numbers, dtype=np.int64))
        return kept._of(np.argsort(kept.customer_ids))

    def _of(self, rows: NDArray[Any]) -> "Standing":
        kept = {"customer_ids": self.customer_ids[rows], "segment_ids": self.segment_ids[rows]}
        return replace(self, **kept)


async def read_standing(
    engine: AsyncEngine, as_of: datetime, zone: tzinfo, horizons: ReportHorizons
) -> Standing:
    """Read what the published run left behind, and those before it.

    Parameters
    ----------
    engine
        Where our tables are.
    as_of
        Forecasts of runs that describe an earlier instant are read.
    zone
        The shop's time zone.
    horizons
        How far is looked now.

    Raises
    ------
    DatabaseUnavailable
        When our database does not answer.
    """
    model = await store.read_standing_model(engine)
    async with transaction(engine) as connection:
        published = await runs.published(connection)
        told = None if published is None else await _told_by(connection, published, horizons)
    customer_ids, segment_ids = await store.read_membership(engine)
    return Standing(
        model=model,
        customer_ids=customer_ids,
        segment_ids=segment_ids,
        as_of=None if published is None else published.as_of,
        names=await store.read_names(engine),
        refused=await refusal_of_ours(engine),
        told=told,
        forecasts=await read_earlier_forecasts(engine, as_of, zone),
    )


async def _told_by(
    connection: AsyncConnection, run: Published, horizons: ReportHorizons
) -> RunBefore:
    """Return what the run said was at risk, as far ahead as is looked now.

    That is unknown of runs that looked less far or farther, and of 10.0, which kept no sums.
    """
    history = await store.read_history(connection, HistoryFilter(run_id=run.run_id), limit=1)
    alike = (one for one in history if one.horizons == horizons and not one.is_group)
    at_risk = total_of(one.revenue_at_risk for one in alike)
    return RunBefore(as_of=run.as_of, revenue_at_risk=at_risk)
