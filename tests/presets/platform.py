"""How one platform writes down what happened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from tests.presets.events import Holds, Person, ShopEvents

Row = dict[str, Any]
Tables = dict[str, list[Row]]
# Beyond every order's number: rows of other kinds get numbers from here on.
BIG = 100_000
REGISTERED = datetime(2023, 6, 1, tzinfo=UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Platform:
    """How one platform stores what happened, and how it is to be read.

    Attributes
    ----------
    preset
        What it is read by.
    database
        Which one it runs on.
    schema
        Which file of `schemas` has its tables.
    holds
        What it can hold.
    write
        Turns events into rows, as the platform does.
    id_of
        The id that a person has there.
    settings
        Variables besides the preset's name.
    zone_is_known
        Whether its times are in UTC wherever the shop is.
    without
        Tables, and columns as `table.column`, that this one has not.
    variant
        What is chosen of the preset.
    lacking
        What the check is to name as not there.
    findings
        What a check has to say of it, by the platform's nature.
    """

    preset: str
    database: Literal["mysql", "postgres"]
    schema: str
    holds: Holds
    write: Callable[[ShopEvents], Tables]
    id_of: Callable[[Person], str]
    settings: Mapping[str, str] = field(default_factory=dict)
    zone_is_known: bool = False
    without: tuple[str, ...] = ()
    variant: str | None = None
    lacking: frozenset[str] = frozenset()
    findings: frozenset[str] = frozenset()


def plain_id(person: Person) -> str:
    """Return the id of a row's number."""
    return str(person.number)


def id_or_email(person: Person) -> str:
    """Return the row's number of an account, and a guest's e-mail."""
    return person.guest_id if person.guest else str(person.number)
