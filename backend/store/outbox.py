"""What is to be told, written in the transaction in which it happens: told if and only if it is so.

A delivery that is about customers names rows and copies none: those of one instant between two ids,
of the table that has them anyway. `told_people` reads them when they are sent.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, exists, insert, select

from backend.core.glossary import DeliveryState, Event
from backend.database.engine import AsyncConnection
from backend.results.campaign_life import Campaign, CampaignDrawn
from backend.store.alarm_rows import (
    NewRisks,
    PublishedRisks,
    raise_alarms,
    raise_alarms_of_some,
    read_published_risks,
)
from backend.store.publication import Publication
from backend.store.tables import (
    customer_intelligence,
    customers_gone,
    segment_changes,
    webhook_deliveries,
)
from backend.store.told_json import told_json
from backend.store.told_rows import departures_at, moves_at
from backend.store.webhook_rows import get_webhook, read_webhooks
from backend.webhooks.batches import batches
from backend.webhooks.webhook import Webhook
from backend.webhooks.webhook_bodies import (
    Told,
    TrialTold,
    run_failed,
    run_published,
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What has to be known ahead of a publication, to tell what it changes.

    Attributes
    ----------
    webhooks
        Those that are enabled.
    has_served
        Whether anybody was published before: else everybody is new, which nobody is told.
    risks
        What was published of customers; None where no webhook asks.
    """

    webhooks: Sequence[Webhook]
    has_served: bool
    risks: PublishedRisks | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    connection: AsyncConnection
    risks: NewRisks
    changes: Table

    @property
    def now(self) -> datetime:
        return self.risks.at

    def row(self, webhook: Webhook, event: Event, **more: Any) -> Row:
        return _row(webhook.id, event, self.now, run_id=self.risks.run_id, **more)

    def calls(self, webhook: Webhook, event: Event, ids: Sequence[int]) -> list[Row]:
        return _calls(self.row(webhook, event), ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Happening(_Told):
    followed: Followed
    publication: Publication


async def read_followed(connection: AsyncConnection) -> Followed:
    """Look at what is served, ahead of its being replaced in the same transaction."""
    following = await _following(connection)
    served = await connection.scalar(select(exists(select(customer_intelligence.c.customer_id))))
    asks = any(one.wants(Event.CUSTOMER_AT_RISK) for one in following)
    risks = await read_published_risks(connection) if asks else None
    return Followed(webhooks=following, has_served=bool(served), risks=risks)


async def tell_published(
    connection: AsyncConnection,
    followed: Followed,
    publication: Publication,
    now: datetime,
    changes: Table = segment_changes,
) -> None:
    """Write what a publication is told as, once its moves and departures are written.

    Parameters
    ----------
    connection
        In the transaction that publishes.
    followed
        As it was ahead of that.
    publication
        What is published.
    now
        The instant that its moves and departures have.
    changes
        Where its moves are: on MySQL, maybe the copy that is to take the place of ours.
    """
    happening = _Happening(
        connection=connection,
        followed=followed,
        publication=publication,
        changes=changes,
        risks=NewRisks(customers=publication.customers, run_id=publication.run_id, at=now),
    )
    rows = [
        row
        for webhook in followed.webhooks
        for event, tell in WHEN_PUBLISHED.items()
        if webhook.wants(event)
        for row in await tell(happening, webhook)
    ]
    await _put(connection, rows)


async def _published(happening: _Happening, webhook: Webhook) -> list[Row]:
    told = run_published(happening.publication.report)
    return [happening.row(webhook, Event.RUN_PUBLISHED, told=told)]


async def _moves(happening: _Happening, webhook: Webhook) -> list[Row]:
    """Tell who is elsewhere; who is gone is told as that."""
    return await _moved(happening, webhook) if happening.followed.has_served else []


async def _moved(told: _Told, webhook: Webhook) -> list[Row]:
    asked = moves_at(told.changes, told.risks.run_id, told.now, webhook.moves)
    return await _of_rows(told, webhook, Event.SEGMENT_CHANGED, told.changes, asked)


async def _risks(happening: _Happening, webhook: Webhook) -> list[Row]:
    before = happening.followed.risks
    risen = await raise_alarms(happening.connection, webhook, before, happening.risks)
    return happening.calls(webhook, Event.CUSTOMER_AT_RISK, risen)


async def _departures(happening: _Happening, webhook: Webhook) -> list[Row]:
    asked = departures_at(happening.now)
    return await _of_rows(happening, webhook, Event.CUSTOMER_GONE, customers_gone, asked)


async def _of_rows(
    told: _Told, webhook: Webhook, event: Event, table: Table, asked: Any
) -> list[Row]:
    ids = await told.connection.scalars(select(table.c.id).where(asked).order_by(table.c.id))
    return told.calls(webhook, event, ids.all())


Telling = Callable[[_Happening, Webhook], Awaitable[list[Row]]]
# In this order: who is told that there is something to read, then what.
WHEN_PUBLISHED: Mapping[Event, Telling] = {
    Event.RUN_PUBLISHED: _published,
    Event.CUSTOMER_GONE: _departures,
    Event.SEGMENT_CHANGED: _moves,
    Event.CUSTOMER_AT_RISK: _risks,
}


async def tell_rescored(
    connection: AsyncConnection, before: PublishedRisks, risks: NewRisks
) -> None:
    """Write what customers are told as who are published between runs, once their moves are.

    A publication of all says of who is not in it that they are gone, and no longer at risk; here
    of others nothing is said.

    Parameters
    ----------
    connection
        In the transaction that publishes them.
    before
        What was served of them.
    risks
        What is now.
    """
    told = _Told(connection=connection, risks=risks, changes=segment_changes)
    rows: list[Row] = []
    for webhook in await _following(connection):
        if webhook.wants(Event.SEGMENT_CHANGED):
            rows += await _moved(told, webhook)
        if webhook.wants(Event.CUSTOMER_AT_RISK):
            risen = await raise_alarms_of_some(connection, webhook, before, risks)
            rows += told.calls(webhook, Event.CUSTOMER_AT_RISK, risen)
    await _put(connection, rows)


async def tell_failed(connection: AsyncConnection, run_id: str, error: str, now: datetime) -> None:
    """Write that a run failed, in the transaction that says so."""
    told = run_failed(run_id, error)
    await _put(
        connection,
        [
            _row(webhook.id, Event.RUN_FAILED, now, told=told, run_id=run_id)
            for webhook in await _wanting(connection, Event.RUN_FAILED)
        ],
    )


async def tell_campaign_started(
    connection: AsyncConnection, campaign: Campaign, drawn: CampaignDrawn, now: datetime
) -> None:
    """Write whom a campaign that has started is to reach, in the transaction that draws."""
    about = [
        _row(one.id, Event.CAMPAIGN_STARTED, now, run_id=drawn.run_id, campaign_id=campaign.id)
        for one in await _wanting(connection, Event.CAMPAIGN_STARTED)
    ]
    places = range(1, drawn.arms.treated + 1)
    await _put(connection, [call for row in about for call in _calls(row, places)])


async def tell_erased_gone(connection: AsyncConnection, now: datetime) -> None:
    """Write that those left who are told as erased at this instant, in the same transaction."""
    gone = select(customers_gone.c.id).where(departures_at(now)).order_by(customers_gone.c.id)
    if following := await _wanting(connection, Event.CUSTOMER_GONE):
        ids = (await connection.scalars(gone)).all()
        about = [_row(one.id, Event.CUSTOMER_GONE, now) for one in following]
        await _put(connection, [call for row in about for call in _calls(row, ids)])


async def tell_trial(connection: AsyncConnection, webhook_id: str, now: datetime) -> int:
    """Write a trial to a webhook, enabled or not; return the delivery's id.

    Raises
    ------
    WebhookNotFound
        When there is none with this id.
    """
    webhook = await get_webhook(connection, webhook_id)
    row = _row(webhook.id, Event.TEST, now, told=TrialTold(webhook_id=webhook.id))
    written = await connection.execute(insert(webhook_deliveries).values(row))
    assert written.inserted_primary_key is not None
    return int(written.inserted_primary_key[0])


async def _wanting(connection: AsyncConnection, event: Event) -> list[Webhook]:
    return [one for one in await _following(connection) if one.wants(event)]


async def _following(connection: AsyncConnection) -> list[Webhook]:
    return [one for one in await read_webhooks(connection) if one.disabled_at is None]


async def _put(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    if rows:
        await connection.execute(insert(webhook_deliveries), rows)


def _calls(row: Row, ids: Sequence[int]) -> list[Row]:
    """Return one delivery for each batch of rows, by their ids."""
    cut = batches(ids)
    return [
        {
            **row,
            "message_id": _message_id(),
            "first_id": batch.first_id,
            "last_id": batch.last_id,
            "people": batch.people,
            "batch": place,
            "batches": len(cut),
        }
        for place, batch in enumerate(cut, start=1)
    ]


def _row(
    webhook_id: str,
    event: Event,
    now: datetime,
    *,
    run_id: str | None = None,
    campaign_id: str | None = None,
    told: Told | None = None,
) -> Row:
    return {
        "message_id": _message_id(),
        "webhook_id": webhook_id,
        "event": str(event),
        "run_id": run_id,
        "campaign_id": campaign_id,
        "happened_at": now,
        "facts": None if told is None else told_json(told),
        "first_id": None,
        "last_id": None,
        "people": 0,
        "batch": 1,
        "batches": 1,
        "state": str(DeliveryState.WAITING),
        "due_at": now,
        "attempts": 0,
    }


def _message_id() -> str:
    return f"msg_{secrets.token_hex(12)}"
