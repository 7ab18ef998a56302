"""What people are told who meet an error."""

from collections.abc import Sequence
from http import HTTPStatus

BACK = "Back to Today"
NO_RUN = "Nothing has been learnt of this shop yet"
NO_RUN_HOW = (
    "Start a run under Runs, with an admin key, or by python -m backend cluster. It reads the "
    "shop's orders, and these pages then say what they tell."
)
AGAIN = "One moment"
GO_ON = "Go on"
NOTE_THE_ID = "Whoever looks after the service finds it in the log under"
NEEDS_ADMIN = "This needs an admin key: sign out, and sign in with one."
ANOTHER_SITE = (
    "This form was sent by another site, so nothing was done. "
    "Open the page here, and send it again."
)
UNEXPECTED = (
    "Something went wrong here. Try again; where it stays, tell whoever looks after the service."
)
TITLES = {
    HTTPStatus.FORBIDDEN: "Not with this key",
    HTTPStatus.NOT_FOUND: "There is no such page",
    HTTPStatus.TOO_MANY_REQUESTS: "Too much at once",
    HTTPStatus.UNPROCESSABLE_ENTITY: "That cannot be asked for",
    HTTPStatus.INTERNAL_SERVER_ERROR: "That did not work",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not at the moment",
}
OTHER = "That did not work"
SENTENCES = {
    HTTPStatus.NOT_FOUND: "Nothing is to be found at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Nothing at this address takes what was sent.",
}


def title(status: HTTPStatus) -> str:
    """Name an error."""
    return TITLES.get(status, OTHER)


def of_status(status: HTTPStatus) -> str:
    """Say what a status means that nothing else is known of."""
    return SENTENCES.get(status, f"{status.phrase}.")


def not_understood(wrong: Sequence[tuple[str, str]]) -> str:
    """Say what of what was asked does not fit, each with where it stands."""
    return "; ".join(f"{where}: {problem}" for where, problem in wrong) + "."
