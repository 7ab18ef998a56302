"""What the page of one customer is told from: the API's profile with reasons, and their moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from backend import store
from backend.api.customers.explanations import explained
from backend.api.customers.profiles import read_profile
from backend.api.customers.schema import CustomerProfile, profile_of
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.core.errors import NoRunPublished
from backend.database.engine import snapshot
from backend.database.failures import OURS
from backend.results.move import Move
from backend.results.run_report import ReportHorizons
from backend.results.segment import Segment
from backend.store import runs
from backend.store.moves import MoveFilter
from backend.web.segments_known import segments_known

MOVES_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSeen:
    """One customer.

    Attributes
    ----------
    profile
        With reasons; without names for who may not see them.
    moves
        The newest first, at most 50.
    segments, horizons
        Of the published run, groups among them.
    """

    profile: CustomerProfile
    moves: Sequence[Move]
    segments: Sequence[Segment]
    horizons: ReportHorizons


async def see_customer(
    state: ApiState, customer_id: CustomerId, *, sees_people: bool
) -> CustomerSeen:
    """Read one customer.

    Raises
    ------
    CustomerNotFound
        When the shop has not got them, or they are erased.
    NoRunPublished
        Before the first run.
    """
    segments = await segments_known(state)
    profile = profile_of(*await read_profile(state, customer_id))
    told = await explained(state, profile if sees_people else profile.masked())
    served = await state.served.now()
    return CustomerSeen(
        profile=told,
        moves=await _moves(state, CustomerId(profile.customer_id)),
        segments=segments,
        horizons=await state.kept.of(served, "horizons", partial(_horizons, state)),
    )


async def _moves(state: ApiState, customer_id: CustomerId) -> Sequence[Move]:
    async with snapshot(state.engine, OURS) as connection:
        published = await runs.published(connection)
        if published is None:
            return []
        sought = MoveFilter(customer=(published, customer_id))
        return await store.read_moves(connection, sought, limit=MOVES_SHOWN)


async def _horizons(state: ApiState) -> ReportHorizons:
    published = (await state.served.now()).published
    if published is None:
        raise NoRunPublished
    report = await store.read_report(state.engine, published.run_id)
    assert report is not None  # a published run has one
    return report.horizons
