"""One state of a PostgreSQL database, seen by several sessions on several machines."""

from sqlalchemy import text

from backend.database.async_engines import AsyncConnection

# Whoever shares its snapshot waits for those who read by it, and is not at work meanwhile.
MAY_IDLE = "SET LOCAL idle_in_transaction_session_timeout = 0"


def shares_snapshots(connection: AsyncConnection) -> bool:
    """Tell whether sessions of this database can see the same state."""
    return connection.dialect.name == "postgresql"


async def share_snapshot(connection: AsyncConnection) -> str | None:
    """Let other sessions see what this one does, for as long as its transaction lasts.

    Parameters
    ----------
    connection
        Within a `snapshot`.

    Returns
    -------
    By what they join; None where the database has no such thing.
    """
    if not shares_snapshots(connection):
        return None
    await connection.execute(text(MAY_IDLE))
    return str(await connection.scalar(text("SELECT pg_export_snapshot()")))


async def join_snapshot(connection: AsyncConnection, shared: str) -> None:
    """See what the session sees that shared its snapshot.

    Parameters
    ----------
    connection
        Within a `snapshot` in which nothing was asked yet.
    shared
        As `share_snapshot` returned it.
    """
    await connection.execute(text(f"SET TRANSACTION SNAPSHOT '{_checked(shared)}'"))


def _checked(shared: str) -> str:
    """Refuse what is no snapshot's name: the statement takes no parameters."""
    if not all(part.isalnum() for part in shared.split("-")):
        raise ValueError(f"no snapshot is called {shared!r}")
    return shared
