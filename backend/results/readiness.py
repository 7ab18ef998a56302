"""What in a shop's data would spoil the results."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

from backend.results.root import Result

Level = Literal["ok", "warning", "error"]
Fact = int | float | str | Sequence[str] | Mapping[str, int | str | Mapping[str, int | str]]
Facts = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Finding(Result):
    """One thing that was looked at in the shop's data."""

    code: str
    """What was looked at, the same in every version."""
    level: Level
    """error where results would be wrong, warning where they may be, else ok."""
    sentence: str
    """What was found, and what to do about it."""
    facts: Facts = field(default_factory=dict)
    """The numbers behind it, by name; never a person's data."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """The variables that would settle it, and what to set them to; empty where none would."""


@dataclass(frozen=True, slots=True)
class Readiness(Result):
    """What in the shop's data may spoil results."""

    ready: bool
    """Whether nothing found makes results wrong."""
    findings: tuple[Finding, ...]
    """All that was looked at."""

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Self:
        """Sum up what was found."""
        found = tuple(findings)
        return cls(all(finding.level != "error" for finding in found), found)
