"""The shape of a profile, made from the declared numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, create_model

from backend.results.customer_numbers import SHOWN
from backend.results.declared import Count, Flag, Instant, Kind, Label, Number, Quantity, Real


@dataclass(frozen=True, slots=True)
class Shape:
    """Where values belong that have dotted names: `archetype.id` in an object `archetype`.

    Attributes
    ----------
    parts
        Of values that stand beside each other in one object: its name, "" for the outer one; their
        names there; and where they are.
    """

    parts: tuple[tuple[str, tuple[str, ...], slice], ...]

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """Take the names of all values apart, once for however many customers."""
        split = [name.rpartition(".")[::2] for name in names]
        parts, start = [], 0
        for group, some in groupby(split, itemgetter(0)):
            inside = tuple(name for _, name in some)
            parts.append((group, inside, slice(start, start + len(inside))))
            start += len(inside)
        return cls(tuple(parts))

    def filled(self, values: Sequence[Any]) -> dict[str, Any]:
        """Put values, in the order of their names, where they belong."""
        shaped: dict[str, Any] = {}
        for group, names, part in self.parts:
            into = shaped.setdefault(group, {}) if group else shaped
            into.update(zip(names, values[part], strict=True))
        return shaped


OF_NUMBERS = Shape.of(str(one.shown_as) for one in SHOWN)


def with_numbers(
    person: type[BaseModel], groups: Mapping[str, str], *, all_there: bool = True
) -> Any:
    """Return a model with a person's fields and those of all shown numbers.

    Parameters
    ----------
    person
        What the shop knows.
    groups
        What an object of several numbers is, by its name.
    all_there
        Whether no field may be missing.
    """
    default = ... if all_there else None
    fields = OF_NUMBERS.filled([_field(one, default) for one in SHOWN])
    for group, said in groups.items():
        name = group.title() if all_there else f"Listed{group.title()}"
        model = create_model(name, __doc__=said, **fields[group])
        fields[group] = (model, Field(default, description=said))
    return create_model("Numbers", __base__=person, **fields)


def _field(one: Number, default: Any) -> Any:
    least, most = _range(one.kind)
    kind: Any = Annotated[json_type(one.kind), Field(ge=least, le=most)]
    described = Field(default, description=one.description)
    return (kind if one.null_when is None else kind | None, described)


def _range(kind: Kind) -> tuple[float | None, float | None]:
    least = 0 if isinstance(kind, Quantity | Count | Real) else None
    return least, kind.most if isinstance(kind, Quantity) else None


def json_type(kind: Kind) -> Any:
    """Return what JSON has of a kind of number."""
    match kind:
        case Quantity() | Real():
            return float
        case Count():
            return int
        case Label():
            return str
        case Instant():
            return datetime
        case Flag():
            return bool
