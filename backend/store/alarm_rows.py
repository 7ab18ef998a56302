"""Who is at risk for which webhook: kept between runs, so that each rise is told once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select, update

from backend.core.arrays import BoolArray, FloatArray
from backend.core.customer_id import UNKNOWN, CustomerIds, as_text
from backend.database.engine import AsyncConnection
from backend.results.declared import CHANCE
from backend.results.origins import value_at_risk
from backend.store.publication import Publication
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


async def read_published_risks(connection: AsyncConnection) -> PublishedRisks:
    """Read what is served."""
    columns = customer_intelligence.c.customer_id, customer_intelligence.c.churn_risk
    rows = (await connection.execute(select(*columns))).all()
    ids = np.array([str(row[0]) for row in rows], dtype=object)
    risks = np.array([np.nan if row[1] is None else float(row[1]) for row in rows], dtype=float)
    return PublishedRisks(ids, risks)


async def raise_alarms(
    connection: AsyncConnection,
    webhook: Webhook,
    before: PublishedRisks | None,
    publication: Publication,
    now: datetime,
) -> Sequence[int]:
    """Note who rose to a webhook's limit, and who fell below the lower one.

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
    publication
        What is published.
    now
        When.

    Returns
    -------
    The ids of the rows of who rose, ascending.
    """
    customers = publication.customers
    risk = np.round(customers.churn_risk, CHANCE.places)
    was = np.full(len(risk), np.nan) if before is None else before.of(customers.customer_id)
    if not webhook.is_seeded:
        start = was if before is not None and len(before.customer_id) else risk
        await _seed(connection, webhook, publication, start, now)
    is_raised = await _raised(connection, webhook, customers.customer_id)
    found = alarms(risk, is_raised, webhook.risk)
    await _insert(connection, webhook, publication, found.risen, risk, was, now)
    await _settle(connection, webhook, as_text(customers.customer_id[found.settled]))
    rows = select(webhook_alarms.c.id).where(alarms_at(webhook.id, now))
    return (await connection.scalars(rows.order_by(webhook_alarms.c.id))).all()


async def _seed(
    connection: AsyncConnection,
    webhook: Webhook,
    publication: Publication,
    risk: FloatArray,
    now: datetime,
) -> None:
    """Note who was at risk before a webhook was first told: nobody is told of them."""
    made = update(webhooks).where(webhooks.c.id == webhook.id)
    await connection.execute(made.values(is_seeded=1))
    at_risk = risk >= webhook.risk.at_risk_from
    ids = as_text(publication.customers.customer_id[at_risk]).tolist()
    seeded = [
        {**_alarm(webhook, one, number, now), "run_id": None}
        for one, number in zip(ids, risk[at_risk].tolist(), strict=True)
    ]
    await _write(connection, seeded)


async def _raised(
    connection: AsyncConnection, webhook: Webhook, customer_ids: NDArray[Any]
) -> BoolArray:
    """Return whose alarm is raised; of who is in the shop no longer it is forgotten."""
    raised = (webhook_alarms.c.webhook_id == webhook.id, webhook_alarms.c.is_raised == 1)
    texts = (await connection.scalars(select(webhook_alarms.c.customer_id).where(*raised))).all()
    known = np.array(texts, dtype=object)
    place = CustomerIds(customer_ids).places_of(known)
    await _settle(connection, webhook, known[place == UNKNOWN])
    is_raised = np.zeros(len(customer_ids), dtype=bool)
    is_raised[place[place != UNKNOWN]] = True
    return is_raised


async def _insert(
    connection: AsyncConnection,
    webhook: Webhook,
    publication: Publication,
    risen: BoolArray,
    risk: FloatArray,
    was: FloatArray,
    now: datetime,
) -> None:
    rising = publication.customers.rows(risen)
    values = value_at_risk(rising.churn_risk, rising.no_order_chance, rising.predicted_value)
    told = zip(
        as_text(rising.customer_id).tolist(),
        risk[risen].tolist(),
        was[risen].tolist(),
        values.tolist(),
        strict=True,
    )
    rows = [
        {
            **_alarm(webhook, one, number, now),
            "run_id": publication.run_id,
            "churn_risk_before": _known(before, 4),
            "value_at_risk": _known(value, 2),
        }
        for one, number, before, value in told
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
