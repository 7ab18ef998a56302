"""What a database or a table does not do."""

from collections.abc import Mapping, Sequence

from backend.core.errors.backend_error import BackendError


class DatabaseUnavailable(BackendError):
    """A database does not answer, or not now: what passes by itself.

    Parameters
    ----------
    database
        What it is called: "shop" or "intelligence".
    kind
        Which cause it is, in a word that stays the same.
    says, do
        What it does, and what to do about it.
    words
        The cause as the database or its driver puts it, without secrets or values.
    plain_do
        What to do without the names that `do` holds; empty where it holds none.
    """

    def __init__(
        self,
        database: str,
        kind: str = "unreachable",
        says: str = "does not answer",
        do: str = "try again shortly",
        words: str = "",
        plain_do: str = "",
    ) -> None:
        self.database = database
        self.kind = kind
        self._plain = f"The {database} database {says}; {plain_do or do}."
        super().__init__(
            f"The {database} database {says} ({words}); {do}." if words else self.plain
        )

    @property
    def plain(self) -> str:
        """The sentence without the database's own words, which name hosts, users and tables."""
        return self._plain


class DatabaseRefuses(DatabaseUnavailable):
    """A database refuses what no second try mends: a password, a right, a certificate, …"""


class NotReady(BackendError):
    """Requests cannot be answered now; the facts say how each database is."""

    def __init__(self, problem: str, parts: Mapping[str, object]) -> None:
        vars(self).update(parts)
        super().__init__(problem)


class TablesInTheWay(BackendError):
    """Tables that are not ours have the names of ours; nothing of theirs is touched."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        are = "are there and not ours" if len(names) > 1 else "is there and not ours"
        super().__init__(
            f"{', '.join(names)} {are}: rename what has a name of ours, or give the service a "
            "database of its own with INTELLIGENCE_DATABASE_URL."
        )


class TablesTooNew(BackendError):
    """Our tables were made by a newer version than this one."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        super().__init__(
            f"Our tables have the version {revision}, which this program does not know: start the "
            "newer version of the program, or let that one go back with alembic downgrade first."
        )


class TablesTooOld(BackendError):
    """Our tables are not there, or not as this version has them: then `found` is theirs."""

    def __init__(self, found: str | None = None) -> None:
        self.found = found
        super().__init__(
            "Our tables are not all there, or not as this version needs them: python -m backend "
            "migrate makes them; so does whoever does the runs, unless AUTO_MIGRATE=false."
        )


class TablesBusy(BackendError):
    """Others held our tables longer than their change may wait."""

    def __init__(self, obstacle: str, seconds: float) -> None:
        self.obstacle = obstacle
        self.seconds = seconds
        super().__init__(
            f"Our tables could not be changed within {seconds:,.0f} seconds: {obstacle}. Nothing "
            "was changed; start again later."
        )


class TablesHeld(BackendError):
    """Somebody's view reads a column of ours whose type has to change."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(
            "The shop's customer ids are of another kind now, and a view keeps ours from becoming "
            f"that ({problem}): drop it, run again, and make it anew."
        )


class TextNotWritable(BackendError):
    """A text and a database's character set do not fit: none of it can be written, or was."""

    def __init__(self, database: str) -> None:
        self.database = database
        super().__init__(
            f"The {database} database's character set cannot write this text, or what it holds is "
            "none in it."
        )


class FormatOfTheFuture(BackendError):
    """A newer version stored a result in a format that this one does not know."""

    def __init__(self, what: str, found: str, newest: int) -> None:
        self.what = what
        self.found = found
        self.newest = newest
        super().__init__(
            f"The stored {what} is of format {found}, and this version knows up to {newest}: "
            "a newer one wrote it. Start that version here too."
        )


class DamagedResult(BackendError):
    """What is stored of a result cannot be read: somebody or something changed it."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"The stored {what} cannot be read: it was changed after it was stored. The next run "
            "stores its own."
        )


class TombstonesUnreadable(BackendError):
    """Customers were erased under a key that is not known any more: none of them is recognised."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(
            f"{count:,} tombstones of erased customers were made with a SECRET_KEY (or, where that "
            "was unset, an ADMIN_API_KEY) that is no longer set, and a run would publish these "
            "customers again. Set it behind the new one, SECRET_KEY=new,old, until a run has "
            "ended; or, where it is lost, erase them anew and "
            "DELETE /api/admin/tombstones/unreadable."
        )
