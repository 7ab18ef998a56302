"""What the numbers of an answer mean, from what is written beside its fields."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

NUMBERS = {"integer", "number"}
Json = Mapping[str, Any]


@cache
def meanings_of(answer: type[BaseModel]) -> Mapping[str, str]:
    """Return what each number of an answer means, by its name: `a.b` is b beneath a."""
    whole = answer.model_json_schema(mode="serialization", by_alias=True)
    return dict(_beneath("", whole, whole.get("$defs", {})))


def _beneath(above: str, part: Json, parts: Json) -> Iterator[tuple[str, str]]:
    for name, one in part.get("properties", {}).items():
        for kind in _kinds(one, parts):
            if kind.get("type") in NUMBERS and "description" in one:
                yield f"{above}{name}", one["description"]
            yield from _beneath(f"{name}.", kind, parts)


def _kinds(one: Json, parts: Json) -> Iterator[Json]:
    """Return what a field can be: each choice, what a list holds, what a mapping maps to."""
    if "$ref" in one:
        yield parts[one["$ref"].rpartition("/")[2]]
    elif "anyOf" in one:
        for choice in one["anyOf"]:
            yield from _kinds(choice, parts)
    elif "items" in one or isinstance(one.get("additionalProperties"), Mapping):
        yield from _kinds(one.get("items") or one["additionalProperties"], parts)
    else:
        yield one
