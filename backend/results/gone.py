"""Who left: what followers of the service have to forget."""

from dataclasses import dataclass
from datetime import datetime

from backend.core.glossary import Departure
from backend.results.root import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneCustomer(Result):
    """One customer who is known no longer."""

    id: int
    """Ascending: who left later has a greater one."""
    customer_id: str
    """The shop's id, as text."""
    cause: Departure
    """deleted: the shop has them no longer; merged: they are part of another customer there;
    erased: somebody erased them here."""
    gone_at: datetime
    """When it was noticed: at a run's publication, or when they were erased."""
