"""Who calls a tool, and what they may see."""

from dataclasses import dataclass

from backend.api.keys import Role
from backend.api.state import ApiState


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An agent, as its key lets it in.

    Attributes
    ----------
    state
        What the process serves from.
    role
        What the key opens.
    key
        What the key is called in the audit: its fingerprint.
    shows_people
        Whether the settings let agents see e-mails and names at all.
    """

    state: ApiState
    role: Role
    key: str
    shows_people: bool

    @property
    def sees_people(self) -> bool:
        """Whether answers have e-mails and names."""
        return self.shows_people and self.role >= Role.READS
