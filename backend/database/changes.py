"""What a database refuses is logged when that changes, not each time somebody meets it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from backend.core.clock import monotonic_seconds
from backend.core.errors import DatabaseUnavailable

# Where one statement is refused and the next is not, the state changes all the time.
QUIET_SECONDS = 60.0

log = logging.getLogger(__name__)


class StateOfDatabases:
    """The state of each database as this process last met it.

    Parameters
    ----------
    is_logged
        Whether its changes are: whoever goes on after a refusal logs it, whoever ends says it.
    """

    def __init__(self, *, is_logged: bool) -> None:
        self.is_logged = is_logged
        self._refused: dict[str, str] = {}
        self._logged: set[str] = set()
        self._logged_at: dict[tuple[str, str], float] = {}

    def refused(self, error: DatabaseUnavailable) -> None:
        """Log a refusal unless it is the one that was met before, or was logged a moment ago."""
        what = (error.database, error.kind)
        if not self.is_logged:
            return
        before = self._refused.get(error.database)
        self._refused[error.database] = error.kind
        now = monotonic_seconds()
        if before == error.kind or now < self._logged_at.get(what, -QUIET_SECONDS) + QUIET_SECONDS:
            return
        self._logged.add(error.database)
        self._logged_at[what] = now
        facts = {"database": error.database, "kind": error.kind, "reason": str(error)}
        log.warning("database refuses", extra=facts)

    def answered(self, database: str) -> None:
        """Log that a database answers again, if it was logged that it did not."""
        self._refused.pop(database, None)
        if database in self._logged:
            self._logged.discard(database)
            log.info("database answers again", extra={"database": database})


_changes = StateOfDatabases(is_logged=False)


def log_from_now_on() -> None:
    """Log changes: this process serves, or works, and goes on whatever a database does."""
    _changes.is_logged = True


@contextmanager
def told(database: str, *, may_be_locked: bool = False) -> Iterator[None]:
    """Take note of how the body fares with a database.

    Parameters
    ----------
    database
        Which.
    may_be_locked
        Whether the body reckons with a lock that others hold: then it tells nothing.
    """
    try:
        yield
    except DatabaseUnavailable as error:
        if not (may_be_locked and error.kind == "locked"):
            _changes.refused(error)
        raise
    answered(database)


def answered(database: str) -> None:
    """Take note that a database did what it was asked."""
    _changes.answered(database)
