"""How long each kind of caller waits for a database."""

from dataclasses import dataclass, replace

LOCK_SECONDS = 1.0  # after two seconds for a connection, an answer within three
POOL_SECONDS = 2.0
SERVED_LOCK_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long a caller waits for a database, seconds; 0: as long as it takes.

    Attributes
    ----------
    transaction_seconds
        For a transaction as a whole, connecting included. The caller holds this bound: a server
        that hangs says nothing, not even that it ends a statement.
    statement_seconds
        For one statement. The server holds it, so that a statement ends whose caller is gone.
    lock_seconds
        For a lock that somebody else holds. The server holds it; a pooler in transaction mode
        keeps no session that could be told, and the others end the wait.
    pool_seconds
        For a connection, while others of this process have them all.
    """

    transaction_seconds: float = 0
    statement_seconds: float = 0
    lock_seconds: float = 0
    pool_seconds: float = 30


# Commands and migrations: what they wait for is worth it, or they bound it themselves.
PATIENT = Bounds()


def hurried(seconds: float) -> Bounds:
    """Return the bounds of somebody who is waited for: a request, a look at health, a lease."""
    return Bounds(
        transaction_seconds=seconds,
        statement_seconds=seconds,
        lock_seconds=min(LOCK_SECONDS, seconds or LOCK_SECONDS),
        pool_seconds=min(POOL_SECONDS, seconds or POOL_SECONDS),
    )


def file_reads(seconds: float) -> Bounds:
    """Return the bounds of a list that is read as a file, row by row; it bounds itself as a whole.

    MySQL counts the time that its reader takes to a statement.
    """
    return replace(hurried(seconds), transaction_seconds=0)


def run_reads(statement_seconds: float) -> Bounds:
    """Return the bounds of a run that reads the shop: it waits for whoever holds a table."""
    return Bounds(statement_seconds=statement_seconds)


def run_writes(statement_seconds: float) -> Bounds:
    """Return the bounds of a run that publishes: readers queue behind a lock it waits for."""
    return Bounds(statement_seconds=statement_seconds, lock_seconds=SERVED_LOCK_SECONDS)
