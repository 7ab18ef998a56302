"""Bodies: JSON whatever their content type says, read once the key has opened the door."""

from typing import Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

COMPONENT = "#/components/schemas/{model}"


def sent(model: type[BaseModel]) -> Any:
    """Read a route's body, which cron's plain `curl -d` calls a form; none is an empty object.

    The framework's own way would refuse that, and parse before the key is looked at.
    """

    async def read(request: Request) -> BaseModel:
        body = await request.body()
        try:
            return model.model_validate_json(body.strip() or b"{}")
        except ValidationError as error:
            wrong = [{**item, "loc": ("body", *item["loc"])} for item in error.errors()]
            raise RequestValidationError(wrong) from None

    return Depends(read)


def body_of(model: type[BaseModel], *, required: bool) -> dict[str, Any]:
    """Describe what `sent` reads: `openapi_extra` of the route."""
    schema = model.model_json_schema(ref_template=COMPONENT)
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": required, "content": content}}
