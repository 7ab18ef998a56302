"""Everything raised on purpose.

    BackendError
    ├── InvalidConfiguration     a variable is missing, empty or wrong
    ├── InvalidMapping           the shop mapping names what cannot be used
    ├── DatabaseUnavailable      a database does not answer, or not now
    │   └── DatabaseRefuses      it will not before somebody changes something
    ├── NotReady                 a look at the databases found that requests cannot be answered
    ├── TablesInTheWay           somebody else's tables have the names of ours
    ├── TablesTooNew             a newer version than this one made our tables
    ├── TablesTooOld             our tables are not there yet, or not as this version has them
    ├── TablesBusy               others hold our tables while they are to be changed
    ├── TablesHeld               a view keeps our columns from changing their type
    ├── TextNotWritable          a text that a database's character set cannot write
    ├── NotAuthenticated         no key, or a wrong one
    ├── NotAllowed               a key that does not open this route
    ├── TooManyRequests          more was asked for than may be had in a while
    ├── BodyTooLarge             more was sent than the route takes
    ├── BodyTooSlow              what was sent did not arrive in time
    ├── PeopleMasked             a key that reads numbers asked for people
    ├── CustomerNotFound
    ├── SegmentNotFound
    ├── SegmentNameTaken         two segments never share a name
    ├── RunNotFound
    ├── ReportNotReady           the run has not ended well, or not yet
    ├── FormatOfTheFuture        a newer version of the service stored this
    ├── DamagedResult            what is stored cannot be read
    ├── TombstonesUnreadable     of erased customers, made with a key that is not known any more
    ├── RunAlreadyActive         one run at a time per database
    ├── RunAlreadyEnded          a run that has ended cannot be cancelled
    ├── RunBeingPublished        nor one whose results are being published
    ├── InvalidRunRequest        a run was asked for with nonsense
    ├── ExportRefused            a list cannot be written to a file
    ├── UnknownField             a profile has no field of this name
    ├── AskedTwice               an address says a condition, and its query says it again
    ├── CursorUnreadable         what is sent as a cursor is none of ours
    ├── CursorOfAnotherList      a cursor is sent with the conditions of another list
    ├── CursorExpired            the run that a cursor is of is no longer served
    ├── ImportRefused            a file cannot be imported; nothing of it is loaded
    ├── LeaseLost                another worker owns the run now
    ├── PortTaken                a server cannot have its address
    ├── RunFailed                a run ended without publishing
    ├── NothingPublished         a run ended well, and replaced nothing
    └── Stopped                  a command was asked to end

An error is a noun, holds the facts a handler needs, and knows no HTTP. Its text is a sentence for
a person.
"""

from collections.abc import Mapping, Sequence


class BackendError(Exception):
    """Root of all errors raised on purpose."""


class InvalidConfiguration(BackendError):
    """An environment variable is missing, empty or wrong."""

    def __init__(self, variable: str, held: str, expected: str) -> None:
        self.variable = variable
        self.held = held
        self.expected = expected
        super().__init__(f"{variable} {held}; expected {expected}.")


class InvalidMapping(BackendError):
    """The shop mapping names something that cannot be used."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"The shop mapping's {field} {problem}.")


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
            "Our tables are not yet as this version needs them; where AUTO_MIGRATE=false, run "
            "python -m backend migrate."
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
    """A text that a database's character set cannot write, and that it therefore does not hold."""

    def __init__(self, database: str) -> None:
        self.database = database
        super().__init__(f"The {database} database's character set cannot write this text.")


class NotAuthenticated(BackendError):
    """No key was sent, or a wrong one."""

    def __init__(self) -> None:
        super().__init__("Send a valid key in the X-API-Key header.")


class NotAllowed(BackendError):
    """The key is valid but does not open this route."""

    def __init__(self) -> None:
        super().__init__("This route needs an admin key in the X-API-Key header.")


class TooManyRequests(BackendError):
    """More was asked for than may be had in a while."""

    def __init__(
        self, policy: str, quota: int, window_seconds: int, retry_after_seconds: int
    ) -> None:
        self.policy = policy
        self.quota = quota
        self.window_seconds = window_seconds
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"Too many requests; try again in {retry_after_seconds} seconds.")


class BodyTooLarge(BackendError):
    """More was sent than the route takes."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        super().__init__(
            f"The body is larger than {most_bytes:,} bytes, the most this route takes."
        )


class BodyTooSlow(BackendError):
    """What was sent did not arrive in time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"The body did not arrive within {seconds:g} seconds.")


class PeopleMasked(BackendError):
    """The key reads numbers, but neither e-mails nor names, and so cannot search by them."""

    def __init__(self) -> None:
        super().__init__(
            "This key reads numbers without e-mails and names, and search finds customers by "
            "these: ask by id, or with another key."
        )


class CustomerNotFound(BackendError):
    """No customer has this id."""

    def __init__(self, customer_id: str) -> None:
        self.customer_id = customer_id
        super().__init__(f"No customer has the id {customer_id}.")


class SegmentNotFound(BackendError):
    """The published run has no segment with this id."""

    def __init__(self, segment_id: str) -> None:
        self.segment_id = segment_id
        super().__init__(f"No segment has the id {segment_id}.")


class SegmentNameTaken(BackendError):
    """Another segment has this name; two never share one."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Another segment is already called {name}.")


class RunNotFound(BackendError):
    """No run has this id."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"No run has the id {run_id}.")


class ReportNotReady(BackendError):
    """The run has not ended, or failed, and so has no report."""

    def __init__(self, run_id: str, state: str) -> None:
        self.run_id = run_id
        self.state = state
        super().__init__(f"Run {run_id} is {state}; only runs that succeeded have a report.")


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


class RunAlreadyActive(BackendError):
    """One run may be active per database, and one is."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"Run {run_id} is active; wait for it to finish.")


class RunAlreadyEnded(BackendError):
    """A run that has succeeded or failed cannot be cancelled."""

    def __init__(self, run_id: str, state: str) -> None:
        self.run_id = run_id
        self.state = state
        super().__init__(f"Run {run_id} has {state} already; only an active run can be cancelled.")


class RunBeingPublished(BackendError):
    """A run whose results are being published cannot be cancelled any more."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(
            f"Run {run_id} is publishing its results and cannot be cancelled any more; its state "
            "says shortly how it ended."
        )


class InvalidRunRequest(BackendError):
    """A run was asked for with values that make no sense."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field} {problem}.")


class ExportRefused(BackendError):
    """A list cannot be written to a file; what was there stays."""

    def __init__(self, file: str, problem: str) -> None:
        self.file = file
        self.problem = problem
        super().__init__(f"{file} {problem}.")


class UnknownField(BackendError):
    """A list is to be sorted by, or to show, what a customer's profile does not have."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name or 'An empty text'} is no field of a customer's profile.")


class AskedTwice(BackendError):
    """The address of a list says a condition, and the query says it again."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"The address says which {name} it is: leave {name} out of the query.")


class CursorUnreadable(BackendError):
    """What is sent as a cursor is none that this service made."""

    def __init__(self) -> None:
        super().__init__(
            "cursor is not the next_cursor of a page, or was signed with another SECRET_KEY: begin "
            "again without it."
        )


class CursorOfAnotherList(BackendError):
    """A cursor carries its list's conditions; others beside it would be another list."""

    def __init__(self) -> None:
        super().__init__(
            "cursor is of another list: send it alone, or with the conditions and the sort that "
            "its first page was asked with."
        )


class CursorExpired(BackendError):
    """A later run is served: the list that the cursor is of is gone."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(
            f"Run {run_id}, which this cursor is of, is no longer served: begin the list again "
            "without cursor."
        )


class ImportRefused(BackendError):
    """A file cannot be imported; nothing of it is loaded."""

    def __init__(self, file: str, problem: str) -> None:
        self.file = file
        self.problem = problem
        super().__init__(f"{file} {problem}.")


class LeaseLost(BackendError):
    """The run belongs to another worker now, or was marked failed meanwhile."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"The lease on run {run_id} was lost; nothing was published.")


class RunFailed(BackendError):
    """A run ended without publishing; what was published before stays."""

    def __init__(self, run_id: str, reason: str) -> None:
        self.run_id = run_id
        self.reason = reason
        super().__init__(f"Run {run_id} failed: {reason}")


class PortTaken(BackendError):
    """A server cannot have the address that it should listen on."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host = host
        self.port = port
        self.reason = reason
        super().__init__(
            f"Nothing can be served on {host}:{port} ({reason}); end what listens there, or take "
            f"another port with --port."
        )


class NothingPublished(BackendError):
    """A run ended well, and what it found replaced nothing; what was published before stays."""

    def __init__(self, run_id: str, sentence: str) -> None:
        self.run_id = run_id
        super().__init__(f"Run {run_id}: {sentence}")


class Stopped(BackendError):
    """A command was asked to end before it was done."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"The command was asked to end.{detail}")
