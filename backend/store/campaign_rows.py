"""Campaigns as rows: described, started, ended, and what was counted of them."""

import json
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, delete, insert, or_, select, update

from backend.core.errors import (
    CampaignNotDraft,
    CampaignNotFound,
    CampaignNotOpen,
    DamagedResult,
    FormatOfTheFuture,
)
from backend.database.engine import AsyncConnection
from backend.results.campaign import ArmSizes, CampaignState, Detectable, Goal
from backend.results.campaign_life import (
    AnswerKind,
    Campaign,
    CampaignDrawn,
    CampaignWanted,
    CountedAnswer,
)
from backend.store import stored
from backend.store.campaign_tables import campaign_answers, campaigns

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class CampaignPlace:
    """Where a page of campaigns begins: after this one, the newest first."""

    created_at: datetime
    campaign_id: str


@dataclass(frozen=True, slots=True)
class CampaignPromised:
    """What a campaign can show, and whom it leaves to others.

    Attributes
    ----------
    promise
        What it can show.
    already_held_out
        Who meets its conditions, and is held out by another.
    """

    promise: Detectable
    already_held_out: int


@dataclass(frozen=True, slots=True)
class UnreadCampaign:
    """A campaign of which something is stored that this version cannot read.

    Attributes
    ----------
    id, created_at
        Its id, and when it was described.
    name
        What people call it.
    why
        What it is that cannot be read.
    """

    id: str
    created_at: datetime
    name: str
    why: FormatOfTheFuture | DamagedResult


async def add_campaign(
    connection: AsyncConnection, wanted: CampaignWanted, promised: CampaignPromised, now: datetime
) -> Campaign:
    """Keep a new campaign as a draft."""
    campaign_id = secrets.token_hex(8)
    row = {
        "id": campaign_id,
        "name": wanted.name,
        "state": str(CampaignState.DRAFT),
        "chosen": json.dumps(wanted.chosen),
        "holdout_share": wanted.holdout_share,
        "window_days": wanted.window_days,
        "goal": str(wanted.goal),
        "cost": wanted.cost,
        "salt": secrets.token_hex(SALT_BYTES),
        "created_at": now,
        **_promised(promised),
    }
    await connection.execute(insert(campaigns).values(row))
    return await get_campaign(connection, campaign_id)


def _promised(promised: CampaignPromised) -> dict[str, Any]:
    return {
        "promise": stored.PROMISE.write(promised.promise),
        "already_held_out": promised.already_held_out,
    }


async def get_campaign(connection: AsyncConnection, campaign_id: str) -> Campaign:
    """Return one campaign.

    Raises
    ------
    CampaignNotFound
        When there is none with this id.
    FormatOfTheFuture, DamagedResult
        When this version cannot read it.
    """
    found = await _campaigns(connection, campaigns.c.id == campaign_id)
    if not found:
        raise CampaignNotFound(campaign_id)
    if isinstance(found[0], UnreadCampaign):
        raise found[0].why
    return found[0]


async def read_campaigns(
    connection: AsyncConnection,
    *,
    limit: int,
    states: Sequence[CampaignState] = (),
    after: CampaignPlace | None = None,
) -> list[Campaign | UnreadCampaign]:
    """Return campaigns, the newest first; one that cannot be read keeps no other from being told.

    Parameters
    ----------
    connection
        In a transaction.
    limit
        At most so many.
    states
        Only those that are so; empty: all.
    after
        The last one of the page before; None: from the beginning.
    """
    asked: list[ColumnElement[bool]] = []
    if states:
        asked.append(campaigns.c.state.in_([str(one) for one in states]))
    if after is not None:
        at, earlier = campaigns.c.created_at, campaigns.c.id < after.campaign_id
        asked.append(or_(at < after.created_at, and_(at == after.created_at, earlier)))
    return await _campaigns(connection, *asked, limit=limit)


async def running_campaigns(connection: AsyncConnection) -> list[Campaign | UnreadCampaign]:
    """Return those that are drawn and not counted for good."""
    return await _campaigns(connection, campaigns.c.state == CampaignState.RUNNING)


async def _campaigns(
    connection: AsyncConnection, *asked: Any, limit: int | None = None
) -> list[Campaign | UnreadCampaign]:
    newest_first = campaigns.c.created_at.desc(), campaigns.c.id.desc()
    statement = select(campaigns).where(*asked).order_by(*newest_first).limit(limit)
    rows = (await connection.execute(statement)).mappings().all()
    answers = await _answers(connection, [row["id"] for row in rows])
    return [_read(row, answers[row["id"]]) for row in rows]


def _read(row: RowMapping, answers: Sequence[RowMapping]) -> Campaign | UnreadCampaign:
    try:
        return _campaign(row, _answers_read(answers))
    except (FormatOfTheFuture, DamagedResult) as error:
        return UnreadCampaign(row["id"], row["created_at"], row["name"], error)


async def _answers(
    connection: AsyncConnection, campaign_ids: Sequence[str]
) -> dict[str, list[RowMapping]]:
    asked = select(campaign_answers).where(campaign_answers.c.campaign_id.in_(campaign_ids))
    found: dict[str, list[RowMapping]] = defaultdict(list)
    for row in (await connection.execute(asked)).mappings():
        found[row["campaign_id"]].append(row)
    return found


def _answers_read(rows: Sequence[RowMapping]) -> dict[AnswerKind, CountedAnswer]:
    return {
        (kind := AnswerKind(row["kind"])): CountedAnswer(
            kind=kind, run_id=row["run_id"], answer=stored.ANSWER.read(row["answer"])
        )
        for row in rows
    }


def _campaign(row: RowMapping, answers: dict[AnswerKind, CountedAnswer]) -> Campaign:
    return Campaign(
        id=row["id"],
        state=CampaignState(row["state"]),
        created_at=row["created_at"],
        wanted=CampaignWanted(
            name=row["name"],
            chosen=json.loads(row["chosen"]),
            holdout_share=float(row["holdout_share"]),
            window_days=row["window_days"],
            goal=Goal(row["goal"]),
            cost=None if row["cost"] is None else float(row["cost"]),
        ),
        promise=stored.PROMISE.read(row["promise"]),
        already_held_out=row["already_held_out"],
        drawn=_drawn(row),
        closes_at=row["closes_at"],
        ended_at=row["ended_at"],
        letting_go_since=row["letting_go_since"],
        answers=answers,
    )


def _drawn(row: RowMapping) -> CampaignDrawn | None:
    if row["treated"] is None:
        return None
    return CampaignDrawn(
        started_at=row["started_at"],
        run_id=row["run_id"],
        arms=ArmSizes(treated=row["treated"], held_out=row["held_out"]),
        spend_limit=row["spend_limit"],
    )


async def hold_draft(connection: AsyncConnection, campaign_id: str) -> str:
    """Keep others from starting a draft, and return its salt.

    Raises
    ------
    CampaignNotFound, CampaignNotDraft
        When there is none, or it is started or given up already.
    """
    state, salt = await _held(connection, campaign_id)
    if state != CampaignState.DRAFT:
        raise CampaignNotDraft(campaign_id, state)
    return salt


async def _held(connection: AsyncConnection, campaign_id: str) -> tuple[str, str]:
    """Keep others from changing a campaign; return its state and its salt."""
    asked = select(campaigns.c.state, campaigns.c.salt).where(campaigns.c.id == campaign_id)
    row = (await connection.execute(asked.with_for_update())).one_or_none()
    if row is None:
        raise CampaignNotFound(campaign_id)
    return row.state, row.salt


async def start_campaign(
    connection: AsyncConnection,
    campaign_id: str,
    drawn: CampaignDrawn,
    promised: CampaignPromised,
) -> Campaign:
    """Say of a draft that is held that it runs, and what that settled."""
    days = (await get_campaign(connection, campaign_id)).wanted.window_days
    await _change(
        connection,
        campaign_id,
        state=str(CampaignState.RUNNING),
        started_at=drawn.started_at,
        closes_at=None if days is None else drawn.started_at + timedelta(days=days),
        run_id=drawn.run_id,
        treated=drawn.arms.treated,
        held_out=drawn.arms.held_out,
        spend_limit=drawn.spend_limit,
        **_promised(promised),
    )
    return await get_campaign(connection, campaign_id)


async def close_campaign(
    connection: AsyncConnection, campaign_id: str, instant: datetime
) -> Campaign:
    """Let a campaign's window end at an instant; who was held out is not from then on.

    Raises
    ------
    CampaignNotFound, CampaignNotOpen
        When there is none, or its window is not open.
    """
    await _held(connection, campaign_id)
    campaign = await get_campaign(connection, campaign_id)
    if not campaign.holds_out:
        raise CampaignNotOpen(campaign_id, campaign.state)
    closes_at = min(instant, campaign.closes_at or instant)
    await _change(connection, campaign_id, closes_at=closes_at, ended_at=closes_at)
    return await get_campaign(connection, campaign_id)


async def abandon_campaign(
    connection: AsyncConnection, campaign_id: str, instant: datetime
) -> Campaign:
    """Give a campaign up: nobody is held out for it any longer, and it is not counted again.

    Raises
    ------
    CampaignNotFound, CampaignNotOpen
        When there is none, or it is counted for good or given up already.
    """
    await _held(connection, campaign_id)
    campaign = await get_campaign(connection, campaign_id)
    if campaign.state not in {CampaignState.DRAFT, CampaignState.RUNNING}:
        raise CampaignNotOpen(campaign_id, campaign.state)
    ended_at = campaign.ended_at or instant
    await _change(connection, campaign_id, state=str(CampaignState.ABANDONED), ended_at=ended_at)
    return await get_campaign(connection, campaign_id)


async def end_over(connection: AsyncConnection, as_of: datetime) -> None:
    """Note of campaigns whose windows are over by then that they hold nobody out any longer."""
    over = and_(campaigns.c.closes_at <= as_of, campaigns.c.ended_at.is_(None))
    is_running = campaigns.c.state == CampaignState.RUNNING
    ended = update(campaigns).where(is_running, over)
    await connection.execute(ended.values(ended_at=campaigns.c.closes_at))


async def keep_answers(connection: AsyncConnection, counted: Mapping[str, CountedAnswer]) -> None:
    """Keep what was counted of campaigns, by their ids; what was given up meanwhile is left out."""
    for campaign_id, answer in counted.items():
        state, _ = await _held(connection, campaign_id)
        if state == CampaignState.RUNNING:
            await _keep(connection, campaign_id, answer)


async def _keep(connection: AsyncConnection, campaign_id: str, counted: CountedAnswer) -> None:
    """Keep an answer: a look takes the place of the one before, others stay; the last closes."""
    kind, is_look = str(counted.kind), counted.kind is AnswerKind.LOOK
    of_kind = campaign_answers.c.campaign_id == campaign_id, campaign_answers.c.kind == kind
    there = await connection.scalar(select(campaign_answers.c.kind).where(*of_kind))
    if there is not None and not is_look:
        return
    await connection.execute(delete(campaign_answers).where(*of_kind))
    row = {
        "campaign_id": campaign_id,
        "kind": kind,
        "counted_at": counted.answer.counted_at,
        "run_id": counted.run_id,
        "answer": stored.ANSWER.write(counted.answer),
    }
    await connection.execute(insert(campaign_answers).values(row))
    if counted.kind is AnswerKind.SETTLED:
        await _change(connection, campaign_id, state=str(CampaignState.CLOSED))


async def _change(connection: AsyncConnection, campaign_id: str, **values: Any) -> None:
    await connection.execute(update(campaigns).where(campaigns.c.id == campaign_id).values(values))
