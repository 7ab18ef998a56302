"""What keeps a run from beginning, ending well, or being told of."""

from backend.core.errors.backend_error import BackendError


class RunNotFound(BackendError):
    """No run has this id."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"No run has the id {run_id}.")


class NoRunPublished(BackendError):
    """The latest run that was published is asked for, and none ever was."""

    def __init__(self) -> None:
        super().__init__("No run has been published yet.")


class NoScoringModel(BackendError):
    """Customers are to be scored between runs, and the run that is served has left no model."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(
            f"Run {run_id} was published by a version that left nothing to score customers by; "
            "the next run does."
        )


class ReportNotReady(BackendError):
    """The run has not ended, or failed, and so has no report."""

    def __init__(self, run_id: str, state: str) -> None:
        self.run_id = run_id
        self.state = state
        super().__init__(f"Run {run_id} is {state}; only runs that succeeded have a report.")


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


class LeaseLost(BackendError):
    """The run belongs to another worker now, or was marked failed meanwhile."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"The lease on run {run_id} was lost; nothing was published.")


class NoRoomToSpill(BackendError):
    """What a run aggregates is larger than its memory and the disk beside it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        super().__init__(
            f"The folder for temporary files, {folder}, has no room left for the order lines that "
            "the run aggregates; free some, or let TMPDIR name another folder."
        )


class PartFailed(BackendError):
    """A process, or a worker on another machine, could not do its part of a run."""

    def __init__(self, sentence: str) -> None:
        # As it was raised elsewhere: what crosses to another process is this one argument.
        super().__init__(sentence)


class WorkersAway(BackendError):
    """The scheduler that a run is spread by, or all of its workers, went away or never came."""

    def __init__(self, address: str, problem: str) -> None:
        self.address = address
        self.problem = problem
        super().__init__(
            f"The run was spread over the workers of {address}, {problem}; nothing was published."
        )


class RunFailed(BackendError):
    """A run ended without publishing; what was published before stays."""

    def __init__(self, run_id: str, reason: str) -> None:
        self.run_id = run_id
        self.reason = reason
        super().__init__(f"Run {run_id} failed: {reason}")


class NothingPublished(BackendError):
    """A run ended well, and what it found replaced nothing; what was published before stays."""

    def __init__(self, run_id: str, sentence: str) -> None:
        self.run_id = run_id
        super().__init__(f"Run {run_id}: {sentence}")


class Stopped(BackendError):
    """A command was asked to end before it was done."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"The command was asked to end.{detail}")
