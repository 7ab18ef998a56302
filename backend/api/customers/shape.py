"""The shape of a profile, made from the declared numbers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model

from backend.results.customer_numbers import SHOWN
from backend.results.declared import Count, Flag, Instant, Kind, Label, Number, Quantity, Real


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Put values by dotted name into objects of one level: `archetype.id` into `archetype`."""
    shaped: dict[str, Any] = {}
    for name, value in values.items():
        group, _, rest = name.rpartition(".")
        (shaped.setdefault(group, {}) if group else shaped)[rest] = value
    return shaped


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
    fields = nested({str(one.shown_as): _field(one, default) for one in SHOWN})
    for group, said in groups.items():
        name = group.title() if all_there else f"Listed{group.title()}"
        model = create_model(name, __doc__=said, **fields[group])
        fields[group] = (model, Field(default, description=said))
    return create_model("Numbers", __base__=person, **fields)


def _field(one: Number, default: Any) -> Any:
    least, most = _range(one.kind)
    kind: Any = Annotated[_json_type(one.kind), Field(ge=least, le=most)]
    described = Field(default, description=one.description)
    return (kind if one.null_when is None else kind | None, described)


def _range(kind: Kind) -> tuple[float | None, float | None]:
    least = 0 if isinstance(kind, Quantity | Count | Real) else None
    return least, kind.most if isinstance(kind, Quantity) else None


def _json_type(kind: Kind) -> Any:
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
