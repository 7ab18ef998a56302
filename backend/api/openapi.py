"""What the framework leaves out of the description of the API that clients are generated from."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from backend.api.bodies import COMPONENT
from backend.api.links import links_of
from backend.api.middleware import HEADER as REQUEST_ID
from backend.api.problem_answers import Problem

Schema = dict[str, Any]

REQUEST_ID_HEADER: Schema = {
    "description": "Also on every line that the log has of this request",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
}
TAGS = (
    ("customers", "Who they are, which segment they are in, what they will be worth."),
    ("segments", "Who behaves alike."),
    ("runs", "What a run found, and how good it is."),
    ("admin", "For those who run the shop: runs, reports, names of segments, erasing."),
    ("health", "Whether the service can work."),
)


def operation_id(route: APIRoute) -> str:
    """Call an operation what its function is called: `get_customer`."""
    return route.name


def describe(app: FastAPI) -> None:
    """Add what the framework leaves out: the component of all errors, tags, server, nulls."""
    app.openapi_tags = [{"name": name, "description": text} for name, text in TAGS]
    app.servers = [{"url": "/", "description": "Where this description was read"}]
    app.license_info = {"name": "MIT", "identifier": "MIT"}
    app.contact = {"name": "The maintainers of Intelligence Backend"}
    generated = app.openapi
    described: Schema = {}

    def openapi() -> Schema:
        nonlocal described
        if described is not generated():
            described = generated()
            _complete(described)
        return described

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(described: Schema) -> None:
    schemas = described["components"]["schemas"]
    schemas.setdefault("Problem", Problem.model_json_schema())
    for operation in _operations(described):
        _complete_answers(operation)
    for content in _sent_contents(described):
        _move_to_components(content, schemas)
    for schema in (*schemas.values(), *_contents(described)):
        _restore_nulls(schema.get("example"), schema.get("schema", schema), schemas)


def _operations(described: Schema) -> Iterator[Schema]:
    for operations in described["paths"].values():
        yield from operations.values()


def _complete_answers(operation: Schema) -> None:
    """Say what all answers carry, and where they lead."""
    for status, answer in operation["responses"].items():
        answer.setdefault("headers", {})[REQUEST_ID] = REQUEST_ID_HEADER
        if links := links_of(operation["operationId"], status):
            answer["links"] = links


def _sent_contents(described: Schema) -> Iterator[Schema]:
    """Return what every operation may be sent."""
    for operation in _operations(described):
        yield from operation.get("requestBody", {}).get("content", {}).values()


def _move_to_components(content: Schema, schemas: Schema) -> None:
    """Give a schema that a route wrote in its place, and those in it, the names clients use."""
    for name, schema in content["schema"].pop("$defs", {}).items():
        schemas.setdefault(name, schema)
    if name := content["schema"].get("title"):
        schemas[name] = content["schema"]
        content["schema"] = {"$ref": COMPONENT.format(model=name)}


def _contents(described: Schema) -> Iterator[Schema]:
    """Return what every answer of every operation may hold."""
    for operation in _operations(described):
        for answer in operation["responses"].values():
            yield from answer.get("content", {}).values()


def _restore_nulls(example: Any, schema: Schema, schemas: Schema) -> None:
    """Put the nulls back into an example that the framework drops from everything it writes."""
    schema = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    if isinstance(example, list):
        for item in example:
            _restore_nulls(item, schema.get("items", {}), schemas)
    if isinstance(example, dict):
        for name in schema.get("required", ()):
            example.setdefault(name, None)
        for name, of_member in schema.get("properties", {}).items():
            _restore_nulls(example.get(name), of_member, schemas)
