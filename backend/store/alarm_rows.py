"""Who is at risk for which webhook: kept between runs, so that each rise is told once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select, update

from backend.core.arrays import BoolArray, FloatArray, IntArray
from backend.core.customer_id import UNKNOWN, CustomerIds, as_text
from backend.database.engine import AsyncConnection
from backend.results.declared import CHANCE
from backend.results.origins import value_at_risk
from backend.results.publishing import CustomerColumns
from backend.store.tables import customer_intelligence, webhook_alarms, webhooks
from backend.store.told_rows import alarms_at
from backend.webhooks.alarms import alarms
from backend.webhooks.webhook import Webhook

IDS_PER_STATEMENT = 500
ROWS_PER_STATEMENT = 10_000


@dataclass(frozen=True, slots=True)
class PublishedRisks:
    """Churn risks as they are served; arrays of shape (customers,).

    Attributes
    ----------
    customer_id
        As text.
    churn_risk
        In [0, 1]; NaN where unknown.
    """

    customer_id: NDArray[Any]
    churn_risk: FloatArray

    def of(self, customer_ids: NDArray[Any]) -> FloatArray:
        """Return what was published of these, ascending; NaN of whom nothing was."""
        beside = np.full(len(customer_ids), np.nan)
        place = CustomerIds(customer_ids).places_of(self.customer_id)
        stays = place != UNKNOWN
        beside[place[stays]] = self.churn_risk[stays]
        return beside


async def read_published_risks(
    connection: AsyncConnection, at_least: float = 0.0
) -> PublishedRisks:
    """Read what is served; of who has less of a risk nothing where a least one is given."""
    columns = customer_intelligence.c.customer_id, customer_intelligence.c.churn_risk
    asked = select(*columns)
    if at_least:
        asked = asked.where(customer_intelligence.c.churn_risk >= at_least)
    rows = (await connection.execute(asked)).all()
    ids = np.array([str(row[0]) for row in rows], dtype=object)
    risks = np.array([np.nan if row[1] is None else float(row[1]) for row in rows], dtype=float)
    return PublishedRisks(ids, risks)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRisks:
    """Customers whose risks are published.

    Attributes
    ----------
    customers
        In columns.
    run_id
        The run that says so.
    at
        When.
    """

    customers: CustomerColumns
    run_id: str
    at: datetime

    @property
    def churn_risk(self) -> FloatArray:
        """Return the risks with the digits that are published."""
        return np.round(self.customers.churn_risk, CHANCE.places)


async def raise_alarms(
    connection: AsyncConnection, webhook: Webhook, before: PublishedRisks | None, told: NewRisks
) -> Sequence[int]:
    """Note who rose to a webhook's limit, and who fell below the lower one, of all customers.

    What was served when a webhook is first told is what rises are counted from; where nothing was,
    it is what this run publishes.

    Parameters
    ----------
    connection
        In the transaction that publishes.
    webhook
        Whose limits.
    before
        What was served.
    told
        What is published: of who is not among them it is forgotten that they were at risk.

    Returns
    -------
    The ids of the rows of who rose, ascending.
    """
    risk, ids = told.churn_risk, told.customers.customer_id
    was = np.full(len(risk), np.nan) if before is None else before.of(ids)
    if not webhook.is_seeded:
        start = was if before is not None and len(before.customer_id) else risk
        await _seed(connection, webhook, PublishedRisks(as_text(ids), start), told.at)
    raised = await _raised(connection, webhook)
    place = CustomerIds(ids).places_of(raised)
    await _settle(connection, webhook, raised[place == UNKNOWN])
    return await _note(connection, webhook, told, was, place)


async def raise_alarms_of_some(
    connection: AsyncConnection, webhook: Webhook, before: PublishedRisks, told: NewRisks
) -> Sequence[int]:
    """Do the same of customers who are published between runs: of others nothing changes.

    Parameters
    ----------
    connection, webhook
        As of `raise_alarms`.
    before
        What was served of these, in the same order.
    told
        What is published of them.
    """
    if not webhook.is_seeded:
        limit = webhook.risk.at_risk_from
        await _seed(connection, webhook, await read_published_risks(connection, limit), told.at)
    raised = await _raised(connection, webhook)
    place = CustomerIds(told.customers.customer_id).places_of(raised)
    return await _note(connection, webhook, told, before.churn_risk, place)


async def _note(
    connection: AsyncConnection,
    webhook: Webhook,
    told: NewRisks,
    was: FloatArray,
    raised: IntArray,
) -> Sequence[int]:
    is_raised = np.zeros(len(was), dtype=bool)
    is_raised[raised[raised != UNKNOWN]] = True
    found = alarms(told.churn_risk, is_raised, webhook.risk)
    await _insert(connection, webhook, told, found.risen, was)
    await _settle(connection, webhook, as_text(told.customers.customer_id[found.settled]))
    rows = select(webhook_alarms.c.id).where(alarms_at(webhook.id, told.at))
    return (await connection.scalars(rows.order_by(webhook_alarms.c.id))).all()


async def _seed(
    connection: AsyncConnection, webhook: Webhook, start: PublishedRisks, now: datetime
) -> None:
    """Note who was at risk before a webhook was first told: nobody is told of them."""
    made = update(webhooks).where(webhooks.c.id == webhook.id)
    await connection.execute(made.values(is_seeded=1))
    at_risk = start.churn_risk >= webhook.risk.at_risk_from
    ids = start.customer_id[at_risk].tolist()
    seeded = [
        {**_alarm(webhook, one, number, now), "run_id": None}
        for one, number in zip(ids, start.churn_risk[at_risk].tolist(), strict=True)
    ]
    await _write(connection, seeded)


async def _raised(connection: AsyncConnection, webhook: Webhook) -> NDArray[Any]:
    """Return whose alarm is raised, ids as text."""
    raised = (webhook_alarms.c.webhook_id == webhook.id, webhook_alarms.c.is_raised == 1)
    texts = await connection.scalars(select(webhook_alarms.c.customer_id).where(*raised))
    return np.array(texts.all(), dtype=object)


async def _insert(
    connection: AsyncConnection,
    webhook: Webhook,
    told: NewRisks,
    risen: BoolArray,
    was: FloatArray,
) -> None:
    rising = told.customers.rows(risen)
    values = value_at_risk(rising.churn_risk, rising.no_order_chance, rising.predicted_value)
    each = zip(
        as_text(rising.customer_id).tolist(),
        told.churn_risk[risen].tolist(),
        was[risen].tolist(),
        values.tolist(),
        strict=True,
    )
    rows = [
        {
            **_alarm(webhook, one, number, told.at),
            "run_id": told.run_id,
            "churn_risk_before": _known(before, 4),
            "value_at_risk": _known(value, 2),
        }
        for one, number, before, value in each
    ]
    await _write(connection, rows)


def _alarm(webhook: Webhook, customer_id: str, risk: float, now: datetime) -> dict[str, Any]:
    return {
        "webhook_id": webhook.id,
        "customer_id": customer_id,
        "raised_at": now,
        "is_raised": 1,
        "churn_risk": _known(risk, 4),
        "churn_risk_before": None,
        "value_at_risk": None,
    }


def _known(value: float, places: int) -> Decimal | None:
    return None if np.isnan(value) else Decimal(f"{value:.{places}f}")


async def _write(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        await connection.execute(insert(webhook_alarms), rows[start : start + ROWS_PER_STATEMENT])


async def _settle(
    connection: AsyncConnection, webhook: Webhook, customer_ids: NDArray[Any]
) -> None:
    texts = customer_ids.tolist()
    raised = (webhook_alarms.c.webhook_id == webhook.id, webhook_alarms.c.is_raised == 1)
    for start in range(0, len(texts), IDS_PER_STATEMENT):
        some = webhook_alarms.c.customer_id.in_(texts[start : start + IDS_PER_STATEMENT])
        await connection.execute(update(webhook_alarms).where(*raised, some).values(is_raised=0))


async def forget_alarms(connection: AsyncConnection, before: datetime) -> None:
    """Delete what was told before an instant of who is at risk no longer."""
    settled = (webhook_alarms.c.is_raised == 0, webhook_alarms.c.raised_at < before)
    await connection.execute(delete(webhook_alarms).where(*settled))
