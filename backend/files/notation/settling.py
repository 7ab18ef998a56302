"""One notation for a whole file, settled by all of its dates and amounts before any is loaded."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from backend.core.currency_decimals import decimals_of
from backend.files.notation.amount_texts import AmountText, DecimalMark
from backend.files.notation.date_texts import DateOrder, DateText

SAMPLES = 3
Choice = TypeVar("Choice", DateOrder, DecimalMark)
Reading = datetime | Decimal


@dataclass(frozen=True, slots=True)
class Notation:
    """How a file writes dates and amounts."""

    dates: DateOrder
    decimal: DecimalMark


@dataclass(frozen=True, slots=True)
class ReadPlace(Generic[Choice]):
    """Where something stands that can be read in several ways, or in one alone."""

    line: int
    column: str
    text: str
    readings: Mapping[Choice, Reading]


@dataclass(frozen=True, slots=True)
class Unsettled(Generic[Choice]):
    """A notation that a file does not tell: what it could be, and where that shows."""

    choices: tuple[Choice, ...]
    places: tuple[ReadPlace[Choice], ...]


@dataclass(slots=True)
class ChoiceEvidence(Generic[Choice]):
    """What a file's values say of one choice.

    Attributes
    ----------
    read
        How many can be read in some way.
    fits
        How many can be read so, by choice.
    differing
        Up to three places where two choices give different values, by the two.
    usual
        What is usual at places that differ, by the two; None among it where nothing is.
    decided
        Up to three places that can be read in one way alone, by that way.
    """

    read: int = 0
    fits: Counter[Choice] = field(default_factory=Counter)
    differing: dict[tuple[Choice, Choice], list[ReadPlace[Choice]]] = field(default_factory=dict)
    usual: dict[tuple[Choice, Choice], set[Choice | None]] = field(default_factory=dict)
    decided: dict[Choice, list[ReadPlace[Choice]]] = field(default_factory=dict)

    def add(self, place: ReadPlace[Choice], usual: Choice | None) -> None:
        """Take what one value says."""
        self.read += 1
        self.fits.update(list(place.readings))
        choices = list(place.readings)
        if len(choices) == 1:
            _keep(self.decided.setdefault(choices[0], []), place)
        for index, first in enumerate(choices):
            for second in choices[index + 1 :]:
                if place.readings[first] != place.readings[second]:
                    pair = (first, second)
                    _keep(self.differing.setdefault(pair, []), place)
                    self.usual.setdefault(pair, set()).add(usual)

    @property
    def depends(self) -> bool:
        """Whether any value depends on the choice."""
        return bool(self.differing or self.decided)

    def settled(self, preferred: Choice) -> "Choice | Unsettled[Choice]":
        """Return the one choice under which every value can be read, or what is unsettled."""
        if self.read == 0:
            return preferred
        choices = [choice for choice in type(preferred) if self.fits[choice] == self.read]
        if not choices:
            return self._contradicted()
        pairs = [pair for pair in self.differing if set(pair) <= set(choices)]
        if not pairs:
            return self._unless_unusual(preferred if preferred in choices else choices[0])
        usual = set().union(*(self.usual[pair] for pair in pairs))
        only = usual.pop() if len(usual) == 1 else None
        if only in choices:
            return self._unless_unusual(only)
        pair = max(pairs, key=lambda one: len(self.differing[one]))
        return Unsettled(pair, tuple(self.differing[pair]))

    def _unless_unusual(self, choice: Choice) -> "Choice | Unsettled[Choice]":
        """Return a choice, unless a value would then be read in a way that nobody writes it."""
        for pair, usual in self.usual.items():
            if choice in pair and usual - {None, choice}:
                return Unsettled(pair, tuple(self.differing[pair]))
        return choice

    def _contradicted(self) -> "Unsettled[Choice]":
        """Show one place that decides for each of what cannot be at once."""
        places = [places[0] for places in self.decided.values()]
        places += [one for several in self.decided.values() for one in several[1:]]
        choices = self.decided if len(self.decided) > 1 else self.fits
        return Unsettled(tuple(choices), tuple(places[:SAMPLES]))


def _keep(places: list[ReadPlace[Choice]], place: ReadPlace[Choice]) -> None:
    if len(places) < SAMPLES:
        places.append(place)


@dataclass(slots=True)
class NotationEvidence:
    """What is known of a file's notation so far."""

    dates: ChoiceEvidence[DateOrder] = field(default_factory=ChoiceEvidence)
    amounts: ChoiceEvidence[DecimalMark] = field(default_factory=ChoiceEvidence)

    def add_date(self, line: int, column: str, text: str, found: DateText) -> None:
        """Take one date."""
        readings = {order: moment.local for order, moment in found.readings.items()}
        self.dates.add(ReadPlace(line, column, text, readings), found.usual)

    def add_amount(
        self, line: int, column: str, text: str, found: AmountText, currency: str | None
    ) -> None:
        """Take one amount; of a currency without coins, a mark before three digits groups."""
        readings = found.readings
        if not readings:
            return
        usual = None
        if len(set(readings.values())) > 1 and currency and decimals_of(currency) == 0:
            usual = max(readings, key=lambda mark: abs(readings[mark]))
        self.amounts.add(ReadPlace(line, column, text, readings), usual)
