"""What is wrong with a setting of a mapping, in words for who wrote it."""

import difflib
from collections.abc import Mapping

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from backend.shop.mapping.mapping import (
    LOGICAL_NAMES,
    Currency,
    LogicalTable,
    ShopMapping,
    StatusLists,
)

GROUPS: Mapping[str, type[BaseModel]] = {
    **dict.fromkeys(LOGICAL_NAMES, LogicalTable),
    "statuses": StatusLists,
    "currency": Currency,
}
# What nobody writes: it follows from the rest, or is found in the database.
DERIVED = (
    "notes",
    "functions",
    "preset_queries",
    "line_items_may_be_missing",
    "unnamed",
    "on_search_path",
    "absent",
    "absent_columns",
    "network_tables",
    "statuses_stored",
    "variants",
    "found",
)


def said_of(path: tuple[str, ...], problem: ErrorDetails) -> str:
    """Say what a setting holds and what is expected, in our words and not in pydantic's.

    Parameters
    ----------
    path
        Where in the mapping the setting stands.
    problem
        What pydantic says of it.
    """
    if problem["type"] == "value_error":
        return problem["msg"].removeprefix("Value error, ")
    settings, expected = _described(path)
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], settings, n=1)
        hint = f" (is {near[0]} meant?)" if near else ""
        return f"is not known{hint}; there are {', '.join(settings)}"
    return f"holds {problem['input']!r}; expected {expected}"


def _described(path: tuple[str, ...]) -> tuple[list[str], str]:
    """Return the settings beside the one at this place, and what it is expected to hold."""
    model: type[BaseModel] = ShopMapping
    expected = ""
    for part in path:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if part not in fields:
            break
        expected = fields[part].description or ""
        model = GROUPS.get(part, model)
    return [name for name in _names(model) if name not in DERIVED], expected


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
