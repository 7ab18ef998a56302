"""What is held about one customer, row by row, each value with what it means."""

from dataclasses import dataclass

from backend.results.root import Result

Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldValue(Result):
    """One value of a row."""

    name: str
    """Of the column."""
    value: Plain
    """Instants in ISO 8601."""
    meaning: str
    """What it says, with its unit and when it is null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow(Result):
    """One row of ours about the customer."""

    table: str
    """Where it is."""
    values: tuple[HeldValue, ...]
    """All of it."""
