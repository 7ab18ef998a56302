"""What presets say of themselves: whose shops they read, and on which servers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from backend.core.errors import InvalidMapping
from backend.shop.mapping.layers import PRESET_FOLDER, read_toml
from backend.shop.mapping.mapping import LOGICAL_NAMES, ShopMapping

SERVERS: Mapping[str, str] = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}


@dataclass(frozen=True, slots=True)
class AboutPreset:
    """What a preset says of itself.

    Attributes
    ----------
    platform, database
        What it is a preset of, and which servers that runs on.
    in_utc
        Whether the platform's times that name no zone are in UTC.
    gives_way_to
        Presets that know the same shop better, where they find its orders.
    """

    platform: str
    database: str
    in_utc: bool
    gives_way_to: frozenset[str]

    def runs_on(self, dialect: str) -> bool:
        """Whether the platform keeps its tables in such a database."""
        return SERVERS.get(dialect, "?") in self.database


@cache
def about_preset(name: str) -> AboutPreset:
    """Read what a preset says of itself."""
    known = read_toml("preset", PRESET_FOLDER / f"{name}.toml")
    about, detection = known["about"], known.get("detection", {})
    return AboutPreset(
        platform=about["platform"],
        database=about["database"],
        in_utc="time_zone" in known or bool(detection.get("in_utc")),
        gives_way_to=frozenset(detection.get("gives_way_to", ())),
    )


def refuse_other_servers(mapping: ShopMapping, dialect: str) -> None:
    """See that a preset's own queries are in the language of the database.

    Raises
    ------
    InvalidMapping
        When the platform runs on other servers.
    """
    queries = {table.query for name in LOGICAL_NAMES if (table := mapping.table(name))}
    if mapping.preset is None or not queries & mapping.preset_queries:
        return
    about = about_preset(mapping.preset)
    if not about.runs_on(dialect):
        raise InvalidMapping(
            "preset",
            f"'{mapping.preset}' reads {about.database}, and this database is "
            f"{SERVERS.get(dialect, dialect)}; `check --detect` names the preset that fits",
        )
