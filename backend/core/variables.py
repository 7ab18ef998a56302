"""How an environment variable is declared: its meaning, what is expected, whether it is secret."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr
from pydantic.config import JsonDict


def none_if_empty(value: object) -> object:
    """Take an empty variable for one that is not set."""
    return None if isinstance(value, str) and not value.strip() else value


Optional = Annotated[str | None, BeforeValidator(none_if_empty)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(none_if_empty)]


def variable(
    meaning: str, expected: str, default: Any = ..., *, secret: bool = False, **limits: Any
) -> Any:
    """Describe one variable. `limits` are pydantic's own (ge, le, …)."""
    extra: JsonDict = {"expected": expected, "secret": secret}
    return Field(default, description=meaning, json_schema_extra=extra, **limits)


def days(meaning: str, default: int) -> Any:
    """Describe a number of days."""
    return variable(meaning, "a whole number of days from 1 to 3650", default, ge=1, le=3650)


def seconds(meaning: str, default: float) -> Any:
    """Describe a bound of a wait; 0 is none."""
    expected = "seconds from 0 to 86400; 0 for as long as it takes"
    return variable(meaning, expected, default, ge=0, le=86_400)


def briefly(meaning: str, default: float) -> Any:
    """Describe how old something may be that is not asked for each time."""
    return variable(meaning, "seconds from 0 to 30", default, ge=0, le=30)


def whole_seconds(meaning: str, default: int, *, most: int) -> Any:
    """Describe a bound that is always there."""
    return variable(meaning, f"a whole number of seconds from 1 to {most}", default, ge=1, le=most)


def flag(meaning: str, default: bool) -> Any:
    """Describe a yes or no."""
    return variable(meaning, "true or false", default)
