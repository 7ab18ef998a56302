"""What the digest says, and what is said of it."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from backend.core.glossary import Undelivered
from backend.wording.dates import moment

WORTH_DOING = "Worth doing"
MOST_AT_RISK = "Of those who went quiet, most at risk"
ABOUT_THE_DATA = "About the data"
SEE_WHO = "See who went quiet"
SEE_CUSTOMER = "See them"
READ_TODAY, READ_REPORT = "Read Today", "Read the whole report"
WHY_YOU = "You get this because your address is in DIGEST_TO of the Intelligence Backend."
WHY_NOT: Mapping[Undelivered, str] = {
    Undelivered.UNREACHABLE: "the mail server could not be reached, or fell silent",
    Undelivered.CERTIFICATE: "the mail server's certificate is not one that this machine trusts",
    Undelivered.NOT_PROTECTED: "the mail server does not offer STARTTLS, which SMTP_URL asks for",
    Undelivered.LOGIN: "the mail server refused the user and the password of SMTP_URL",
    Undelivered.REFUSED: "the mail server refused it",
    Undelivered.UNCLEAR: "the mail server fell silent when it had it: it may have arrived, and is "
    "not sent again",
    Undelivered.INTERRUPTED: "the process that sent it ended meanwhile: it may have arrived, so it "
    "is not sent again",
    Undelivered.SUPERSEDED: "a later run was published before it could be",
    Undelivered.UNFIT: "it could not be written; the log says why",
}


def at_risk(money: str) -> str:
    """Say what is at risk with one customer."""
    return f"{money} at risk"


def why_not(cause: Undelivered, reply: int | None) -> str:
    """Say what was in the way, with the mail server's code where it gave one."""
    return WHY_NOT[cause] if reply is None else f"{WHY_NOT[cause]} (code {reply})"


def sent(at: datetime, zone: tzinfo) -> str:
    """Say when the digest was sent."""
    return f"The digest of this run was sent on {moment(at, zone)}."


def being_sent() -> str:
    """Say that it is under way."""
    return "The digest of this run is being sent."


def not_sent(cause: Undelivered, reply: int | None) -> str:
    """Say why no digest was sent."""
    return f"The digest of this run was not sent: {why_not(cause, reply)}."


def not_yet(cause: Undelivered, reply: int | None, again_at: datetime, zone: tzinfo) -> str:
    """Say why the digest waits, and for when."""
    told = f"The digest of this run was not sent yet: {why_not(cause, reply)}."
    return f"{told} It is tried again at {moment(again_at, zone)}."
