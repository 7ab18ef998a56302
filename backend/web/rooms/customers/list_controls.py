"""The conditions of a list as controls of a form: each that is declared, by itself. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.core.glossary import HeldOut, Status
from backend.results.customer_filter import CONDITIONS, GROUP, Comparison, Condition
from backend.results.customer_numbers import NUMBERS
from backend.results.declared import Count, Quantity
from backend.results.segment import Segment
from backend.web.list_address import ListAddress
from backend.wording import customers_room_sentences as words

CHOICES, ONE_OF = "choices", "one"
INCLUDED = HeldOut.INCLUDE
LENGTH_OF_A_DAY = len("2011-12-09")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several that may be chosen together."""

    value: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One condition.

    Attributes
    ----------
    name
        Of the API's parameter, and of the field.
    label
        What people read.
    kind
        Of the input: "number", "date" or "text"; or "choices", or "one" of them.
    value
        As it was written; "" where nothing was.
    most, step
        Of a number: its highest, "" for none, and what it goes by.
    choices
        What may be chosen, of `kind` "choices" or "one".
    """

    name: str
    label: str
    kind: str
    value: str
    most: str = ""
    step: str = "any"
    choices: Sequence[Choice] = ()


def controls(address: ListAddress, segments: Sequence[Segment]) -> list[Control]:
    """Make a control of each condition, filled with what the address says of it.

    Parameters
    ----------
    address
        What is asked for.
    segments
        Of the published run, groups among them.
    """
    return [_control(one, address, segments) for one in CONDITIONS]


def _control(one: Condition, address: ListAddress, segments: Sequence[Segment]) -> Control:
    label, value = words.condition(one.name, one.meaning), address.last(one.name)
    if one.comparison is Comparison.ONE_OF:
        chosen = address.words(one.name)
        choices = _choices(_known(one, segments), chosen)
        return Control(name=one.name, label=label, kind=CHOICES, value="", choices=choices)
    if one.comparison is Comparison.HELD_OUT:
        choices = _choices(((held, words.held_out(held)) for held in HeldOut), [value or INCLUDED])
        return Control(name=one.name, label=label, kind=ONE_OF, value=value, choices=choices)
    if one.comparison in {Comparison.BEFORE, Comparison.SINCE}:
        # What says a time of the day too would be lost in a field for days.
        kind = "date" if len(value) in {0, LENGTH_OF_A_DAY} else "text"
        return Control(name=one.name, label=label, kind=kind, value=value)
    kind_of_number = next(number.kind for number in NUMBERS if number.name == one.of)
    most = kind_of_number.most if isinstance(kind_of_number, Quantity) else None
    return Control(
        name=one.name,
        label=label,
        kind="number",
        value=value,
        most="" if most is None else f"{most:g}",
        step="1" if isinstance(kind_of_number, Count) else "any",
    )


def _known(one: Condition, segments: Sequence[Segment]) -> list[tuple[str, str]]:
    """Return what a customer may be one of, by what a list is asked with and by name."""
    if one.of == "status":
        return [(status, words.status(status)) for status in Status]
    return [(part.id, part.name) for part in segments if part.is_group is (one.of == GROUP)]


def _choices(known: Iterable[tuple[str, str]], chosen: Sequence[str]) -> list[Choice]:
    """Offer what is known, and what was chosen that is not: a list says all that it is of."""
    offered = dict(known)
    offered |= {one: one for one in chosen if one not in offered}
    return [
        Choice(value=value, name=name, is_chosen=value in chosen) for value, name in offered.items()
    ]
