"""Whom a delivery is about, as they are now: who was erased since it was written is left out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, RowMapping, Table, select

from backend.core.customer_id import CustomerId
from backend.core.glossary import Cause, Departure, Event
from backend.database.engine import AsyncConnection
from backend.store.campaign_members import held_out_among
from backend.store.campaign_rows import get_campaign
from backend.store.departures import of_nobody_erased
from backend.store.reachable import read_reachable
from backend.store.tables import customers_gone, segment_changes, webhook_alarms
from backend.store.told_rows import alarms_at, departures_at, moves_at
from backend.webhooks.delivery import Delivery
from backend.webhooks.webhook import Webhook
from backend.webhooks.webhook_bodies import (
    CampaignStartedTold,
    DeparturesTold,
    DepartureTold,
    MovesTold,
    MoveTold,
    RisksTold,
    RiskTold,
    TreatedTold,
    campaign_started,
)

PeopleTold = MovesTold | RisksTold | DeparturesTold | CampaignStartedTold


async def read_people_told(
    connection: AsyncConnection, webhook: Webhook, delivery: Delivery
) -> PeopleTold | None:
    """Return what a delivery about customers says; None where nobody is left."""
    call: dict[str, Any] = {
        "run_id": delivery.run_id,
        "batch": delivery.batch,
        "batches": delivery.batches,
    }
    if delivery.campaign_id is not None:
        return await _treated(connection, delivery.campaign_id, delivery, call)
    rows = await _rows(connection, webhook, delivery)
    if not rows:
        return None
    ids = [CustomerId(str(row["customer_id"])) for row in rows]
    held = await held_out_among(connection, ids)
    if delivery.event is Event.SEGMENT_CHANGED:
        return MovesTold(customers=tuple(_move(row, held) for row in rows), **call)
    if delivery.event is Event.CUSTOMER_AT_RISK:
        return RisksTold(customers=tuple(_risk(row, held) for row in rows), **call)
    return DeparturesTold(customers=tuple(map(_departure, rows)), **call)


async def _treated(
    connection: AsyncConnection, campaign_id: str, delivery: Delivery, call: dict[str, Any]
) -> CampaignStartedTold | None:
    campaign = await get_campaign(connection, campaign_id)
    first, last = delivery.first_id or 0, delivery.last_id or 0
    rows = await read_reachable(connection, campaign_id, first, last)
    if campaign.drawn is None or not rows:
        return None
    return campaign_started(campaign, campaign.drawn, map(_to_be_reached, rows), **call)


def _to_be_reached(row: RowMapping) -> TreatedTold:
    return TreatedTold(
        customer_id=row["customer_id"],
        segment_id=row["segment_id"],
        churn_risk=_number(row["churn_risk"]),
        predicted_value=_number(row["predicted_value"]),
    )


async def _rows(
    connection: AsyncConnection, webhook: Webhook, delivery: Delivery
) -> list[RowMapping]:
    table, asked = _asked(webhook, delivery)
    between = table.c.id.between(delivery.first_id, delivery.last_id)
    conditions = [asked, between, *await _of_the_known(connection, table)]
    rows = await connection.execute(select(table).where(*conditions).order_by(table.c.id))
    return list(rows.mappings())


def _asked(webhook: Webhook, delivery: Delivery) -> tuple[Table, ColumnElement[bool]]:
    at = delivery.happened_at
    if delivery.event is Event.SEGMENT_CHANGED:
        return segment_changes, moves_at(segment_changes, delivery.run_id, at, webhook.moves)
    if delivery.event is Event.CUSTOMER_AT_RISK:
        return webhook_alarms, alarms_at(webhook.id, at)
    return customers_gone, departures_at(at)


async def _of_the_known(connection: AsyncConnection, table: Table) -> list[ColumnElement[bool]]:
    """Leave out who is erased, but where that is what is told."""
    if table is customers_gone:
        return []
    column: Column[Any] = table.c.customer_id
    return [await of_nobody_erased(connection, column)]


def _move(row: RowMapping, held: Mapping[str, datetime]) -> MoveTold:
    customer_id = str(row["customer_id"])
    return MoveTold(
        customer_id=customer_id,
        held_out_until=held.get(customer_id),
        from_segment_id=row["from_segment_id"],
        to_segment_id=row["to_segment_id"],
        cause=Cause(row["cause"]),
    )


def _risk(row: RowMapping, held: Mapping[str, datetime]) -> RiskTold:
    return RiskTold(
        customer_id=row["customer_id"],
        held_out_until=held.get(row["customer_id"]),
        churn_risk=float(row["churn_risk"]),
        churn_risk_before=_number(row["churn_risk_before"]),
        value_at_risk=_number(row["value_at_risk"]),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _departure(row: RowMapping) -> DepartureTold:
    return DepartureTold(customer_id=row["customer_id"], cause=Departure(row["cause"]))
