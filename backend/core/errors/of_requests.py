"""What somebody asks for and does not get."""

from backend.core.errors.backend_error import BackendError


class NotAuthenticated(BackendError):
    """No key was sent, or a wrong one."""

    def __init__(self) -> None:
        super().__init__("Send a valid key in the X-API-Key header.")


class WrongSignature(BackendError):
    """What was sent is not signed with the secret that is shared with its sender."""

    def __init__(self, header: str) -> None:
        super().__init__(f"The signature in {header} is not one of this body.")


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


class TooMuchAtOnce(BackendError):
    """All places for what takes long are taken."""

    def __init__(self, places: int, retry_after_seconds: int) -> None:
        self.places = places
        self.retry_after_seconds = retry_after_seconds
        super().__init__(
            f"Files, batches, searches and fresh scores have {places} places (HEAVY_READS), "
            f"and all are taken; try again in {retry_after_seconds} seconds."
        )


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


class SupposedTooLate(BackendError):
    """An order is supposed later than a forecast says anything of."""

    def __init__(self, at: str, latest: str) -> None:
        self.at = at
        self.latest = latest
        super().__init__(f"An order at {at} is too far off: at most {latest} can be supposed.")


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


class SaidAgain(BackendError):
    """A query says several times what can be one thing alone."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} is said several times: say it once.")


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


class ExportOverdue(BackendError):
    """A list took too long as a file; what there is of it is not whole."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            f"The list took longer than {seconds:g} seconds, the most that a file may take "
            "(EXPORT_SECONDS)."
        )


class ExportRefused(BackendError):
    """A list cannot be written to a file; what was there stays."""

    def __init__(self, file: str, problem: str) -> None:
        self.file = file
        self.problem = problem
        super().__init__(f"{file} {problem}.")


class WorkbookNotMade(BackendError):
    """The process that makes a workbook ended before it was whole."""

    def __init__(self, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(
            f"The workbook could not be made: its process ended with {exit_code}. The same list as "
            "CSV needs no process of its own."
        )


class ImportRefused(BackendError):
    """A file cannot be imported; nothing of it is loaded."""

    def __init__(self, file: str, problem: str) -> None:
        self.file = file
        self.problem = problem
        super().__init__(f"{file} {problem}.")
