"""Bodies: JSON whatever their content type says, read once the key has opened the door."""

from json import JSONDecodeError
from typing import Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from backend.api.bounded_request import parse_json

Model = TypeVar("Model", bound=BaseModel)
COMPONENT = "#/components/schemas/{model}"


def sent(model: type[BaseModel]) -> Any:
    """Read a route's body, which cron's plain `curl -d` calls a form; none is an empty object.

    The framework's own way would refuse that.
    """

    async def read(request: Request) -> BaseModel:
        return read_as(model, await request.body())

    return Depends(read)


def read_as(model: type[Model], body: bytes) -> Model:
    """Read a body as what it is to be.

    Raises
    ------
    RequestValidationError
        Says where it is not.
    """
    try:
        return model.model_validate(parse_json(body.strip() or b"{}"))
    except JSONDecodeError as error:
        wrong: list[Any] = [{"loc": ("body", error.pos), "msg": "JSON decode error"}]
        raise RequestValidationError(wrong) from None
    except ValidationError as error:
        wrong = [{**item, "loc": ("body", *item["loc"])} for item in error.errors()]
        raise RequestValidationError(wrong) from None


def body_of(model: type[BaseModel], *, required: bool) -> dict[str, Any]:
    """Describe what `sent` reads: `openapi_extra` of the route."""
    schema = model.model_json_schema(ref_template=COMPONENT)
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": required, "content": content}}
