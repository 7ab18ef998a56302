"""Which rows of our tables a delivery is about."""

from datetime import datetime

from sqlalchemy import ColumnElement, Table, and_, true

from backend.store.tables import customers_gone, webhook_alarms
from backend.webhooks.webhook import MovesWanted


def moves_at(
    changes: Table, run_id: str | None, now: datetime, wanted: MovesWanted
) -> ColumnElement[bool]:
    """Return the condition of moves of one publication that a webhook is told.

    Who is gone is told as that, and not as a move to nowhere.
    """
    columns = changes.c
    return and_(
        columns.run_id == run_id,
        columns.changed_at == now,
        columns.to_segment_id.is_not(None),
        columns.from_segment_id.in_(wanted.from_segment_ids) if wanted.from_segment_ids else true(),
        columns.to_segment_id.in_(wanted.to_segment_ids) if wanted.to_segment_ids else true(),
        columns.cause.in_([str(one) for one in wanted.causes]) if wanted.causes else true(),
    )


def alarms_at(webhook_id: str, now: datetime) -> ColumnElement[bool]:
    """Return the condition of who came to be at risk for a webhook with one publication."""
    of_webhook = webhook_alarms.c.webhook_id == webhook_id
    return and_(of_webhook, webhook_alarms.c.raised_at == now, webhook_alarms.c.run_id.is_not(None))


def departures_at(now: datetime) -> ColumnElement[bool]:
    """Return the condition of who left at one instant."""
    return customers_gone.c.gone_at == now
