"""Campaigns as rows, drawn and answered at once, for pages and tools that show them.

What is served of customers stays as it is: nobody of them is held out from other campaigns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from backend.campaigns.arm_sums import WindowOutcomes
from backend.campaigns.campaign_answer import CountedCustomers, FixedAtStart, answer
from backend.campaigns.holdout_draw import draw
from backend.core.arrays import BoolArray
from backend.database.engine import AsyncConnection, opened, transaction
from backend.results.campaign import ArmSizes, CampaignAnswer, Detectable, Goal
from backend.results.campaign_life import (
    AnswerKind,
    Campaign,
    CampaignDrawn,
    CampaignWanted,
    CountedAnswer,
)
from backend.results.customer_filter import CustomerFilter
from backend.store import runs
from backend.store.campaign_members import (
    read_audience,
    read_drawn_customers,
    write_members,
)
from backend.store.campaign_rows import (
    CampaignPromised,
    add_campaign,
    close_campaign,
    get_campaign,
    hold_draft,
    keep_answers,
    start_campaign,
)
from tests.shops import AS_OF

PROMISE = Detectable(
    audience=ArmSizes(treated=200, held_out=100),
    usual_buying_share=0.25,
    usual_spend=20.0,
    spend_limit=150.0,
    smallest_buyers_effect=0.16,
    smallest_spend_effect=12.5,
    smallest_adjusted_spend_effect=11.25,
    customers_for_buyers=56_700,
    customers_for_spend=81_000,
    customers_for_adjusted_spend=64_000,
)


@dataclass(frozen=True)
class Kept:
    """How a campaign is to be.

    Attributes
    ----------
    kinds
        When it was counted; none: not yet.
    buying
        Of 100 treated and of 100 held out, how many buy.
    lost
        How many of the treated and of those held out are missing.
    cut_after
        After how many days its window was closed ahead of its end; None: it was not.
    chosen, filter
        Who is in it, as it is read and as it is kept.
    """

    name: str = "Spring letter"
    goal: Goal = Goal.BUYERS
    holdout_share: float = 0.3
    window_days: int | None = 30
    cost: float | None = 300.0
    kinds: tuple[AnswerKind, ...] = ()
    buying: tuple[float, float] = (45, 25)
    lost: tuple[int, int] = (0, 0)
    cut_after: int | None = None
    chosen: CustomerFilter = field(default_factory=CustomerFilter)
    filter: Mapping[str, Any] = field(default_factory=dict)


async def keep_campaign(url: str, asked: Kept) -> str:
    """Describe a campaign, draw it as of `AS_OF`, and answer it by customers as is asked."""
    wanted = CampaignWanted(
        name=asked.name,
        chosen=asked.filter,
        holdout_share=asked.holdout_share,
        window_days=asked.window_days,
        goal=asked.goal,
        cost=asked.cost,
    )
    async with opened(url) as engine, transaction(engine) as connection:
        draft = await add_campaign(connection, wanted, CampaignPromised(PROMISE, 0), AS_OF)
        await _drawn(connection, draft, asked, AS_OF)
        if asked.cut_after is not None:
            await close_campaign(connection, draft.id, AS_OF + timedelta(days=asked.cut_after))
        await runs.revise(connection)
    await answer_campaign(url, draft.id, asked)
    return draft.id


async def answer_campaign(url: str, campaign_id: str, asked: Kept) -> None:
    """Answer a campaign that was drawn."""
    async with opened(url) as engine, transaction(engine) as connection:
        campaign = await get_campaign(connection, campaign_id)
        for kind in asked.kinds:
            found = await _answered(connection, campaign, asked, kind)
            told = CountedAnswer(kind=kind, run_id=None, answer=found)
            await keep_answers(connection, {campaign.id: told})


async def _drawn(
    connection: AsyncConnection, draft: Campaign, asked: Kept, starts: datetime
) -> None:
    published = await runs.published(connection)
    assert published is not None
    audience = await read_audience(connection, asked.chosen)
    salt = await hold_draft(connection, draft.id)
    share, values = asked.holdout_share, audience.predicted_value
    drawn = draw(audience.customer_ids, audience.segments, values, share=share, salt=salt)
    out = int(drawn.held_out.sum())
    arms = ArmSizes(treated=len(drawn.held_out) - out, held_out=out)
    settled = CampaignDrawn(
        started_at=starts, run_id=published.run_id, arms=arms, spend_limit=PROMISE.spend_limit
    )
    await start_campaign(
        connection, draft.id, settled, CampaignPromised(PROMISE, already_held_out=4)
    )
    await write_members(connection, published, draft.id, audience, drawn)


async def _answered(
    connection: AsyncConnection, campaign: Campaign, asked: Kept, kind: AnswerKind
) -> CampaignAnswer:
    members = await read_drawn_customers(connection, campaign.id)
    assert campaign.drawn is not None
    random = np.random.default_rng(7)
    buying = np.where(members.held_out, asked.buying[1], asked.buying[0]) / 100
    bought = random.random(len(buying)) < buying
    counted = CountedCustomers(
        held_out=members.held_out,
        strata=members.strata,
        segments=members.segments,
        outcomes=WindowOutcomes(
            bought=bought,
            spend=bought * random.gamma(2.0, 20.0, len(bought)).round(2),
            forecast=members.predicted_value,
        ),
        known_before=members.known_before,
    )
    counted = counted.only(_kept(members.held_out, asked.lost))
    fixed = FixedAtStart(
        goal=asked.goal, drawn=campaign.drawn.arms, spend_limit=campaign.drawn.spend_limit
    )
    days = {AnswerKind.LOOK: 10, AnswerKind.AT_CLOSE: 30, AnswerKind.SETTLED: 44}[kind]
    at = campaign.drawn.started_at + timedelta(days=days)
    is_final = kind is not AnswerKind.LOOK and asked.cut_after is None
    return answer(counted, fixed, cost=asked.cost, counted_at=at, final=is_final)


def _kept(held_out: BoolArray, lost: tuple[int, int]) -> BoolArray:
    """Return who is not missing: of each arm the first ones are."""
    places = np.where(held_out, np.cumsum(held_out), np.cumsum(~held_out))
    kept: BoolArray = places > np.where(held_out, lost[1], lost[0])
    return kept
