"""Who did what: one entry of the audit."""

from dataclasses import dataclass
from datetime import datetime

from backend.core.glossary import Action
from backend.results.root import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry(Result):
    """One thing that somebody did."""

    id: int
    """Ascending: what came later has a greater one."""
    at: datetime
    """When."""
    key: str
    """Fingerprint of the key that was sent; `command` for the command line."""
    action: Action
    """What."""
    subject: str | None
    """Id of the run or the segment that it was done to; of a list what was asked for, as far as 100
    letters go; null where that was a person."""
