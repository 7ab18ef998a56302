"""What a tool is, and how little its description may cost whoever reads all of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import getdoc
from typing import Any, TypeVar

from pydantic import BaseModel

from backend.agents.caller import Caller
from backend.agents.frame import Answer
from backend.api.keys import Role

Arguments = TypeVar("Arguments", bound=BaseModel)
Work = Callable[[Caller, Any], Awaitable[BaseModel]]
Json = dict[str, Any]
# What is checked, and whoever calls need not read: each description costs its reader.
NEEDLESS = {"pattern", "minLength", "maxLength", "maxItems"}
# Of these their kind and bounds say all; of a text an example shows how it is written.
NUMBERS = {"number", "integer"}
A_LARGE_BOUND = 10**6
OF_ALL = frozenset(Answer.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Something that an agent can ask for.

    Attributes
    ----------
    name, description
        As the agent reads them.
    arguments, answer
        What it takes and gives.
    work
        Does it.
    opens_with
        The least that a key must open, for the tool to exist.
    reads_only
        Whether nothing changes by it.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    answer: type[BaseModel]
    work: Work
    opens_with: Role
    reads_only: bool

    @property
    def takes(self) -> Json:
        """The schema of its arguments, whole."""
        schema: Json = compact(self.arguments.model_json_schema())
        return {name: one for name, one in schema.items() if name != "description"}

    @property
    def gives(self) -> Json:
        """The schema of its answer, as far as its outermost names: the rest is told by answers.

        What all answers say of themselves is in none of the schemas: said nine times, it was a
        seventh of what all tools cost.
        """
        whole = self.answer.model_json_schema(mode="serialization")
        own = {name: one for name, one in whole["properties"].items() if name not in OF_ALL}
        named = {name: _kind(one, whole) for name, one in own.items()}
        return {"type": "object", "properties": named}


def tool(
    *,
    takes: type[BaseModel],
    gives: type[BaseModel],
    opens_with: Role = Role.READS_NUMBERS,
    reads_only: bool = True,
) -> Callable[[Work], Tool]:
    """Make a tool of a coroutine function: its name and its docstring are the tool's."""

    def made(work: Work) -> Tool:
        return Tool(
            name=getattr(work, "__name__", ""),
            description=" ".join((getdoc(work) or "").split()),
            arguments=takes,
            answer=gives,
            work=work,
            opens_with=opens_with,
            reads_only=reads_only,
        )

    return made


def compact(schema: Any) -> Any:
    """Leave out of a schema what tells a caller nothing."""
    if isinstance(schema, list):
        return [compact(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: one for name, one in schema.items() if not _is_needless(name, one)}
    if (alone := _but_null(kept.get("anyOf"))) is not None:
        kept = {**alone, **{name: kept[name] for name in kept if name != "anyOf"}}
    if kept.get("type") in NUMBERS:
        kept.pop("examples", None)
    return {name: compact(one) for name, one in kept.items() if not _is_needless(name, one)}


def _is_needless(name: str, value: Any) -> bool:
    match name, value:
        case "title", str():
            return True
        case "default", None | []:
            return True
        case "maximum", bound:
            return isinstance(bound, int | float) and bound > A_LARGE_BOUND
    return name in NEEDLESS and not isinstance(value, dict)


def _but_null(choices: Any) -> Json | None:
    """Return the only choice beside null."""
    others = [one for one in choices or [] if one.get("type") != "null"]
    return others[0] if choices and len(others) == 1 else None


def _kind(one: Json, whole: Json) -> Json:
    """Return what a name holds, without what is inside it."""
    target = one.get("$ref", "").rpartition("/")[2]
    found = whole.get("$defs", {}).get(target, one)
    if "type" in found:
        return {"type": found["type"]}
    kinds = [_kind(choice, whole).get("type") for choice in found.get("anyOf", [])]
    return {"type": kinds} if kinds and all(kinds) else {}
