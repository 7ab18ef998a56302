"""How long each kind of caller waits for a database."""

from dataclasses import dataclass

LOCK_SECONDS = 2.0
POOL_SECONDS = 2.0
SERVED_LOCK_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long a caller waits for a database, seconds; 0: as long as it takes.

    Attributes
    ----------
    statement_seconds
        For a transaction as a whole, connecting included: a server that hangs answers nothing,
        so the caller holds this bound. The server holds it for each statement too.
    lock_seconds
        For a lock that somebody else holds. The server's alone, so that through a pooler, which
        has no session to keep it, `statement_seconds` ends the wait.
    pool_seconds
        For a connection, while others of this process have them all.
    """

    statement_seconds: float = 0
    lock_seconds: float = 0
    pool_seconds: float = 30

    @property
    def deadline_seconds(self) -> float | None:
        """What `asyncio.timeout` is told."""
        return self.statement_seconds or None


# Runs, commands, migrations: what they wait for is worth it, or bounded by themselves.
PATIENT = Bounds()
# What a run writes is served meanwhile: who reads it queues behind a lock that waits.
PATIENT_WITH_READERS = Bounds(lock_seconds=SERVED_LOCK_SECONDS)


def hurried(statement_seconds: float) -> Bounds:
    """Return the bounds of somebody who is waited for: a request, a look at health, a lease."""
    return Bounds(
        statement_seconds=statement_seconds,
        lock_seconds=min(LOCK_SECONDS, statement_seconds or LOCK_SECONDS),
        pool_seconds=POOL_SECONDS,
    )
