"""What a check found, in words and as data."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    code
        What was looked at, the same in every version.
    level
        "error" where results would be wrong, "warning" where they may be, else "ok".
    sentence
        What was found, and what to do about it.
    facts
        The numbers behind it; never a person's data.
    """

    code: str
    level: Level
    sentence: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Readiness:
    """All findings about a shop."""

    findings: Sequence[Finding]

    @property
    def is_ready(self) -> bool:
        """Whether nothing would make results wrong."""
        return all(finding.level != "error" for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {"ready": self.is_ready, "findings": [asdict(one) for one in self.findings]}
