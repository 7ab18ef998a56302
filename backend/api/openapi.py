"""What the framework leaves out of the description of the API that clients are generated from."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from backend.api.problem_answers import Problem

TAGS = (
    ("customers", "Who they are, which segment they are in, what they will be worth."),
    ("segments", "Who behaves alike."),
    ("admin", "For those who run the shop: runs, reports, names of segments, erasing."),
    ("health", "Whether the service can work."),
)


def operation_id(route: APIRoute) -> str:
    """Call an operation what its function is called: `get_customer`."""
    return route.name


def describe(app: FastAPI) -> None:
    """Add the one component that all errors refer to, the tags, and where the API is."""
    app.openapi_tags = [{"name": name, "description": text} for name, text in TAGS]
    app.servers = [{"url": "/", "description": "Where this description was read"}]
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        schema = generated()
        schema["components"]["schemas"].setdefault("Problem", Problem.model_json_schema())
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
