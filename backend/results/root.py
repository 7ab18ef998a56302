"""The root of all results, and how their fields are written."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any

from annotated_types import Ge, Le

from backend.core.field_docs import field_docs

Share = Annotated[float, Ge(0), Le(1)]
"""A share or a probability, in [0, 1]."""

# Names in JSON that cannot be names in Python.
_IN_JSON: Mapping[str, str] = MappingProxyType(
    {"from_": "from", "not_enough_history": "not enough history"}
)


def _name_in_json(field: str) -> str:
    return _IN_JSON.get(field, field)


def _describe(schema: dict[str, Any], result: type) -> None:
    """Put what is written beneath the fields into the schema, when somebody asks for it.

    Pydantic can do so itself, but while types are built: that took a tenth of a second of every
    start (110 of 125 ms).
    """
    for field, text in field_docs(result).items():
        schema["properties"][_name_in_json(field)]["description"] = text


class Result:
    """What a wall lets through: a frozen dataclass whose fields are documented beneath them.

    Pydantic, which is not needed here, finds in the configuration how a result becomes JSON, comes
    from it, and is described; it builds what it needs for that when a result first does, not while
    the service starts.
    """

    __slots__ = ()
    __pydantic_config__ = {  # noqa: RUF012, pydantic wants a plain dict
        "alias_generator": _name_in_json,
        "validate_by_name": True,
        "validate_by_alias": True,
        "serialize_by_alias": True,
        "json_schema_extra": _describe,
        "defer_build": True,
    }


class _WithOffset:
    """Writes an instant with its offset, "+00:00" in UTC, where pydantic would write "Z"."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {
            **handler(source),
            "serialization": {
                "type": "function-plain",
                "function": datetime.isoformat,
                "when_used": "json",
            },
        }

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        return handler({"type": "datetime"})


InstantWithOffset = Annotated[datetime, _WithOffset()]
"""An aware instant; JSON has it in ISO 8601 with its offset, as reports always had."""
