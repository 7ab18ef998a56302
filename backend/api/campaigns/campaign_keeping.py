"""Describing campaigns, starting and ending them, each with its line in the audit."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from backend.api.audited import Auditor
from backend.api.campaigns.promising import Past, look_back, promised
from backend.api.campaigns.schema import CampaignFilter
from backend.api.lists.list_query import filter_of
from backend.campaigns.holdout_draw import draw
from backend.core.errors import CampaignOfAnotherVersion, NoRunPublished
from backend.core.glossary import Action
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncConnection, transaction
from backend.results.campaign import ArmSizes
from backend.results.campaign_life import NO_END, Campaign, CampaignDrawn, CampaignWanted
from backend.results.customer_filter import CustomerFilter
from backend.store import runs
from backend.store.campaign_members import (
    count_already_held_out,
    hold_out,
    read_audience,
    write_members,
)
from backend.store.campaign_rows import (
    CampaignPromised,
    abandon_campaign,
    add_campaign,
    close_campaign,
    get_campaign,
    hold_draft,
    start_campaign,
)
from backend.store.letting_go import let_go
from backend.store.outbox import tell_campaign_started
from backend.store.patience import changed
from backend.store.publish import begin_at_once
from backend.store.runs import Published

Ending = Callable[[AsyncConnection, str, datetime], Awaitable[Campaign]]


async def describe_campaign(auditor: Auditor, wanted: CampaignWanted) -> Campaign:
    """Keep a campaign as a draft.

    Raises
    ------
    CampaignBelowSense
        When it could show nothing that is worth waiting for.
    NoRunPublished, NoScoringModel
        When nothing is known of anybody yet.
    """
    state = auditor.state
    async with state.heavy_reads.place():
        promise = await promised(state, wanted, chosen_by(wanted, state.shop.mapping.zone))

    async def add(connection: AsyncConnection) -> Campaign:
        now = await read_clock(connection)
        campaign = await add_campaign(connection, wanted, promise, now)
        await auditor.record(connection, Action.CAMPAIGN_CREATED, campaign.id)
        return campaign

    return await changed(state.engine, add)


def chosen_by(wanted: CampaignWanted, zone: ZoneInfo) -> CustomerFilter:
    """Read a campaign's conditions; days begin in the shop's time zone."""
    return filter_of(CampaignFilter.model_validate(wanted.chosen), zone)


def _still_chosen_by(campaign_id: str, wanted: CampaignWanted, zone: ZoneInfo) -> CustomerFilter:
    """Read the conditions of a draft, which another version may have written."""
    try:
        return chosen_by(wanted, zone)
    except ValidationError as error:
        raise CampaignOfAnotherVersion(campaign_id) from error


async def start(auditor: Auditor, campaign_id: str) -> Campaign:
    """Draw who is held out of a draft, for good; no run is published meanwhile.

    What it can show is said anew of whom it draws: another campaign may hold some of them out since
    its draft was written, or since a moment ago.

    Raises
    ------
    CampaignNotFound, CampaignNotDraft
        When there is none, or it is started or given up already.
    CampaignOfAnotherVersion
        When this version does not know its conditions.
    CampaignBelowSense
        When it could show nothing any more that is worth waiting for.
    """
    state = auditor.state
    async with transaction(state.engine) as connection:
        await hold_draft(connection, campaign_id)
        wanted = (await get_campaign(connection, campaign_id)).wanted
    chosen = _still_chosen_by(campaign_id, wanted, state.shop.mapping.zone)
    async with state.heavy_reads.place():
        past = await look_back(state, wanted)
        # Of hundreds of thousands of customers that takes longer than other requests may.
        started = await changed(state.file_engine, _beginning(auditor, campaign_id, chosen, past))
    state.forget_what_is_served()
    return started


def _beginning(
    auditor: Auditor, campaign_id: str, chosen: CustomerFilter, past: Past
) -> Callable[[AsyncConnection], Awaitable[Campaign]]:
    async def begin(connection: AsyncConnection) -> Campaign:
        await begin_at_once(connection)
        published = await _held(connection)
        salt = await hold_draft(connection, campaign_id)
        started = await _drawn(auditor, connection, campaign_id, chosen, past, salt, published)
        await runs.revise(connection)
        await auditor.record(connection, Action.CAMPAIGN_STARTED, campaign_id)
        return started

    return begin


async def _held(connection: AsyncConnection) -> Published:
    """Keep runs from being published, and return the one that is served."""
    await runs.hold_publications(connection)
    if (published := await runs.published(connection)) is None:
        raise NoRunPublished
    return published


async def _drawn(
    auditor: Auditor,
    connection: AsyncConnection,
    campaign_id: str,
    chosen: CustomerFilter,
    past: Past,
    salt: str,
    published: Published,
) -> Campaign:
    state, now = auditor.state, await read_clock(connection)
    wanted = (await get_campaign(connection, campaign_id)).wanted
    audience = await read_audience(connection, chosen)
    promise = await asyncio.to_thread(past.promise, wanted, audience.predicted_value)
    promised_now = CampaignPromised(promise, await count_already_held_out(connection, chosen))
    drawn = await asyncio.to_thread(
        draw,
        audience.customer_ids,
        audience.segments,
        audience.predicted_value,
        share=wanted.holdout_share,
        salt=salt,
    )
    held_out = int(drawn.held_out.sum())
    settled = CampaignDrawn(
        started_at=max(state.as_of or now, published.as_of),
        run_id=published.run_id,
        arms=ArmSizes(treated=len(drawn.held_out) - held_out, held_out=held_out),
        spend_limit=promise.spend_limit,
    )
    campaign = await start_campaign(connection, campaign_id, settled, promised_now)
    await write_members(connection, published, campaign_id, audience, drawn)
    await hold_out(connection, published, campaign_id, campaign.closes_at or NO_END, now)
    await tell_campaign_started(connection, campaign, settled, now)
    return campaign


async def close(auditor: Auditor, campaign_id: str) -> Campaign:
    """Let a campaign's window end now; of many whom it holds out, some at a time are let go.

    Raises
    ------
    CampaignNotFound, CampaignNotOpen
        When there is none, or its window is not open.
    """
    return await _ended(auditor, campaign_id, close_campaign, Action.CAMPAIGN_CLOSED)


async def abandon(auditor: Auditor, campaign_id: str) -> Campaign:
    """Give a campaign up.

    Raises
    ------
    CampaignNotFound, CampaignNotOpen
        When there is none, or it is counted for good or given up already.
    """
    return await _ended(auditor, campaign_id, abandon_campaign, Action.CAMPAIGN_ABANDONED)


async def _ended(auditor: Auditor, campaign_id: str, end: Ending, action: Action) -> Campaign:
    state = auditor.state

    async def change(connection: AsyncConnection) -> Campaign:
        await begin_at_once(connection)
        published = await _held(connection)
        now, was = await read_clock(connection), await get_campaign(connection, campaign_id)
        ended = await end(connection, campaign_id, state.as_of or now)
        if was.holds_out:
            since = await let_go(connection, published, ended, now)
            ended = replace(ended, letting_go_since=since)
        await runs.revise(connection)
        await auditor.record(connection, action, campaign_id)
        return ended

    ended = await changed(state.engine, change)
    state.forget_what_is_served()
    return ended
