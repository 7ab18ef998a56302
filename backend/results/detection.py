"""Which presets fit a database, and by what evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.results.root import Result


@dataclass(frozen=True, slots=True)
class FittingPreset(Result):
    """A preset whose tables and columns a database has."""

    preset: str
    """Its name, for SHOP_PRESET."""
    platform: str
    """What it is a preset of."""
    variant: str | None
    """Which of its variants fits; null where it has none."""
    settings: Mapping[str, str]
    """Variables that read this database by it."""
    tables: tuple[str, ...]
    """Tables that it reads, as they are called here."""
    customers: int
    """How many customers it finds."""
    orders: int
    """How many orders it finds, of all statuses."""
    currencies: Mapping[str, int] = field(default_factory=dict)
    """Orders by currency, the commonest first."""
    zone_is_asked: bool = False
    """Whether its times name no zone, so that SHOP_TIME_ZONE decides."""


@dataclass(frozen=True, slots=True)
class Detection(Result):
    """What a database looks like."""

    fitting: tuple[FittingPreset, ...]
    """Presets that fit; one where it is clear which platform it is."""
