"""Results as clients read them."""

from typing import Any

from pydantic import TypeAdapter

from backend.results.root import Result


def in_json(result: Result) -> Any:
    """Return a result as the JSON values that the API answers with."""
    return TypeAdapter(type(result)).dump_python(result, mode="json")
