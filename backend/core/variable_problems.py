"""What is wrong with a variable, in a sentence."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from backend.core.errors import InvalidConfiguration

UNUSABLE_KEY = "unusable_key"


def first_problem(
    fields: dict[str, FieldInfo], error: ValidationError, misspelt: Mapping[str, str]
) -> InvalidConfiguration:
    """Return the first thing that is wrong, in words that repeat no secret."""
    problem = error.errors(include_url=False, include_context=False)[0]
    name = str(problem["loc"][0])
    extra = fields[name].json_schema_extra
    facts: dict[str, Any] = extra if isinstance(extra, dict) else {}
    if problem["type"] == UNUSABLE_KEY:
        held = problem["msg"]
    else:
        held = _held(problem["type"], problem["input"], secret=bool(facts["secret"]))
    instead = [given for given, meant in misspelt.items() if meant == name.upper()]
    if instead and problem["type"] == "missing":
        held += f" (but {', '.join(instead)} is)"
    return InvalidConfiguration(name.upper(), held, str(facts["expected"]))


def _held(kind: str, value: object, *, secret: bool) -> str:
    if kind == "missing":
        return "is not set"
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    if not text.strip():
        return "is empty"
    if secret:
        scheme, separator, _ = text.partition("://")
        return (
            f"holds a value that begins with {scheme}://" if separator else "holds nothing usable"
        )
    return f"holds '{text}'"
