"""Files that people have, and what is not loaded of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.core.errors.backend_error import BackendError
from backend.core.errors.of_requests import ImportRefused


@dataclass(frozen=True, slots=True)
class AmbiguousPlace:
    """Something in a file that can be read in several ways, or only in one that others exclude.

    Attributes
    ----------
    line, column, text
        Where it stands, and what.
    readings
        What it means, by the option's value that says so; a value without one cannot read it.
    """

    line: int
    column: str
    text: str
    readings: Mapping[str, str]


class AmbiguousFile(ImportRefused):
    """A file's dates or amounts can be read in several ways; nothing is loaded."""

    def __init__(
        self, file: str, option: str, choices: Sequence[str], places: Sequence[AmbiguousPlace]
    ) -> None:
        self.option = option
        self.choices = choices
        self.places = places
        shown = "".join(f"\n  {_shown(place, option, choices)}" for place in places)
        super().__init__(file, f"can be read in several ways: say which with {option}{shown}")


def _shown(place: AmbiguousPlace, option: str, choices: Sequence[str]) -> str:
    meanings = (
        f"{place.readings.get(choice, 'nothing')} with {option} {choice}" for choice in choices
    )
    return f"line {place.line}, {place.column}: {place.text} is {', '.join(meanings)}"


class TooLittleTaken(BackendError):
    """Of a file nothing could be taken, or less than must be; nothing is loaded.

    Attributes
    ----------
    file
        The first such table.
    taken, read
        How many orders, customers or lines of how many.
    """

    def __init__(self, file: str, taken: int, read: int) -> None:
        self.file = file
        self.taken = taken
        self.read = read
        hint = " Load what can be read with --accept-partial." if taken else ""
        super().__init__(
            f"Nothing is loaded: {taken:,} of {read:,} in {file} make sense, fewer than 95 %.{hint}"
        )
