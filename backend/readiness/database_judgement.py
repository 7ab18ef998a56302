"""What a check found of the databases themselves: our tables, a pooler, and who may do what."""

from collections.abc import Mapping
from dataclasses import dataclass

from backend.readiness.judgement import Judgement
from backend.results.readiness import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class OurTables(Judgement):
    """Whether our tables can be written; None where they can, else what keeps us from it."""

    refused: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusableTables(Judgement):
    """Our own tables cannot be brought to this version, and what its error says."""

    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolerInFront(Judgement):
    """A pooler gives each transaction another session of the database."""

    @property
    def settings(self) -> Mapping[str, str]:
        return {"DATABASE_POOLER": "transaction"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopUser(Judgement):
    """Tables of the shop that the user that reads them may change."""

    writable: tuple[str, ...]

    @property
    def facts(self) -> Facts:
        return {"tables": list(self.writable)} if self.writable else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopUserPowers(Judgement):
    """What the user that reads the shop may do beyond reading and writing its tables."""

    powers: tuple[str, ...]

    @property
    def facts(self) -> Facts:
        return {"powers": list(self.powers)} if self.powers else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopFile(Judgement):
    """Who may write the file that the shop is.

    Attributes
    ----------
    by_service
        The user that this process runs as.
    by_everybody
        Whoever is on the machine.
    """

    by_service: bool
    by_everybody: bool

    @property
    def facts(self) -> Facts:
        return {"written_by_service": self.by_service, "written_by_everybody": self.by_everybody}
