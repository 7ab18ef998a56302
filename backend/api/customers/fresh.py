"""Scores of this minute: customers' orders as they are now, by the model of the run that is served.

Nothing is written. A run does the same with all customers (`scoring.score`).
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import numpy as np

from backend import store
from backend.api.customers.profiles import (
    Known,
    ids_of,
    numbers_of_standing,
    read_customers,
    read_profile,
)
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.core.errors import CustomerNotFound, NoRunPublished, NoScoringModel
from backend.core.typed_cells import instant64
from backend.database.engine import transaction
from backend.results.customer_numbers import SHOWN, Shown
from backend.scoring.readings import Readings
from backend.scoring.scoring_model import ScoringModel
from backend.scoring.telling import Scorer
from backend.shop.readings_of_some import read_readings_of
from backend.store.runs import Published
from backend.store.segment_labels import ServedLabel, read_labels
from backend.store.served import Served
from backend.wording.segment_names import known_name

PLACES = {one.name: place for place, one in enumerate(SHOWN)}
SEGMENT, HELD_OUT = PLACES["archetype_id"], PLACES["held_out_until"]


@dataclass(frozen=True, slots=True)
class Freshly:
    """Customers scored at this moment.

    Attributes
    ----------
    run_id
        The run whose model did it.
    as_of
        The moment.
    found
        By the id that was asked for; who is not in the shop, or erased, is missing.
    """

    run_id: str
    as_of: datetime
    found: Mapping[CustomerId, Known]

    def the_one(self, customer_id: CustomerId) -> Known:
        """Return the only customer that was asked for.

        Raises
        ------
        CustomerNotFound
            When the shop has no such customer, or they are erased.
        """
        if customer_id not in self.found:
            raise CustomerNotFound(str(customer_id))
        return self.found[customer_id]


@dataclass(frozen=True, slots=True)
class MoreOrder:
    """An order that nobody has placed: what if?

    Attributes
    ----------
    amount_micros
        Millionths of the currency unit, above 0.
    at
        Aware.
    """

    amount_micros: int
    at: datetime


async def scored_now(
    state: ApiState, customer_ids: Sequence[CustomerId], more: Sequence[MoreOrder] = ()
) -> Freshly:
    """Score customers by their orders of this moment.

    Parameters
    ----------
    state
        Of the process.
    customer_ids
        Of at most some hundreds.
    more
        What each of them is to have ordered besides.

    Raises
    ------
    NoRunPublished
        Before the first run.
    NoScoringModel
        When the run that is served has left no model.
    """
    scorer, published = await scorer_of(state)
    known = await _known(state, customer_ids)
    served = {one.id: shown for one, shown in known.values()}
    as_of = _instant(state, published, more)
    readings = await read_readings_of(
        state.shop_engine,
        state.shop,
        [(one, shown[SEGMENT]) for one, shown in served.items()],
        as_of,
        model=scorer.model,
        reads=state.order_reads,
    )
    shown = await asyncio.to_thread(scorer.shown, _with(readings, more), as_of)
    told = zip(served.items(), shown, strict=True)
    numbers = {one: _held_out_as(before, now) for (one, before), now in told}
    return Freshly(
        scorer.run_id, as_of, {asked: (one, numbers[one.id]) for asked, (one, _) in known.items()}
    )


async def _known(state: ApiState, customer_ids: Sequence[CustomerId]) -> dict[CustomerId, Known]:
    """Return whom the shop knows and nobody erased, by the id that was asked for."""
    if len(customer_ids) == 1:  # one statement instead of three
        with suppress(CustomerNotFound):
            return {one: await read_profile(state, one) for one in customer_ids}
        return {}
    people = await read_customers(state, customer_ids)
    standing = await numbers_of_standing(state, [*{*customer_ids, *ids_of([*people.values()])}])
    return {
        asked: (one, standing[one.id])
        for asked, one in people.items()
        if asked in standing and one.id in standing
    }


def _held_out_as(served: Shown, now: Shown) -> Shown:
    """Say of a customer who is scored whether they are held out, which no score tells."""
    return [*now[:HELD_OUT], served[HELD_OUT], *now[HELD_OUT + 1 :]]


async def scorer_of(state: ApiState) -> tuple[Scorer, Published]:
    """Return the model of the run that is served, read once.

    Raises
    ------
    NoRunPublished
        Before the first run.
    NoScoringModel
        When the run that is served has left no model.
    """
    served = await state.served.now()
    if (published := served.published) is None:
        raise NoRunPublished
    run_id = published.run_id
    model = await state.kept.of(
        _whatever_is_corrected(served), "scoring", partial(_model, state, run_id)
    )
    labels = await state.kept.of(served, "labels", partial(_labels, state))
    return Scorer(run_id, model, labels, known_name), published


def _whatever_is_corrected(served: Served) -> Served:
    """Return the state that a run leaves: its model stays, however many are published since."""
    return replace(
        served,
        published=served.published and replace(served.published, revision=0),
        erased=0,
        last_erased_at=None,
    )


async def _model(state: ApiState, run_id: str) -> ScoringModel:
    async with transaction(state.engine) as connection:
        model = await store.read_scoring_model(connection, run_id)
    if model is None:
        raise NoScoringModel(run_id)
    return model


async def _labels(state: ApiState) -> list[ServedLabel]:
    async with transaction(state.engine) as connection:
        return await read_labels(connection)


def _instant(state: ApiState, published: Published, more: Sequence[MoreOrder]) -> datetime:
    """Return now, or after the last order that is supposed; never before what is served."""
    now = state.as_of or state.now()
    after = (one.at + datetime.resolution for one in more)
    return max(now, published.as_of, *after)


def _with(readings: Readings, more: Sequence[MoreOrder]) -> Readings:
    """Add to each customer's orders what they are to have ordered besides."""
    if not more:
        return readings
    customers = np.arange(len(readings.customer_ids))
    instants = np.array([instant64(one.at) for one in more], dtype="datetime64[us]")
    amounts = np.array([one.amount_micros for one in more], dtype=np.int64)
    index = np.repeat(customers, len(more))
    return replace(
        readings,
        customer_index=np.concatenate([readings.customer_index, index]),
        created_at=np.concatenate([readings.created_at, np.tile(instants, len(customers))]),
        amount_micros=np.concatenate([readings.amount_micros, np.tile(amounts, len(customers))]),
    )
