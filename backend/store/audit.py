"""Who did what, and when. Rows are appended, and nothing here changes or deletes one."""

from datetime import datetime

from sqlalchemy import insert, select

from backend.core.glossary import Action
from backend.database.engine import AsyncConnection
from backend.results.audit_entry import AuditEntry
from backend.store.tables import audit

# Who starts a run on the machine itself sends no key.
COMMAND = "command"


async def record(
    connection: AsyncConnection,
    key: str,
    action: Action,
    subject: str | None = None,
    *,
    now: datetime,
) -> None:
    """Append that somebody did something.

    Parameters
    ----------
    connection
        In the transaction that does it, where it is one.
    key
        Fingerprint of the key that was sent.
    action
        What was done.
    subject
        Id of the run or segment it was done to, or what list was asked for; never a customer's.
    now
        The time.
    """
    row = {"at": now, "key": key, "action": str(action), "subject": subject}
    await connection.execute(insert(audit).values(row))


async def read_audit(
    connection: AsyncConnection, *, limit: int, after: int | None = None
) -> list[AuditEntry]:
    """Return what was done, the newest first; with `after`, what came since, the oldest first."""
    order = audit.c.id.desc() if after is None else audit.c.id
    statement = select(audit).order_by(order).limit(limit)
    if after is not None:
        statement = statement.where(audit.c.id > after)
    rows = (await connection.execute(statement)).mappings()
    return [AuditEntry(**{**row, "action": Action(row["action"])}) for row in rows]
