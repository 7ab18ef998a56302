"""What routes say of their errors, so that the documentation shows what will come."""

from http import HTTPStatus
from typing import Any

from pydantic import ConfigDict, Field

from backend.api.problems import PROBLEM, title
from backend.api.schema_root import Schema
from backend.core.errors import TextNotWritable


class Problem(Schema):
    """An error, as RFC 9457 has it; further members are the error's facts."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})

    type: str = Field(description="about:blank: the status and the detail say it all")
    title: str = Field(description="The status in words")
    status: int = Field(description="The HTTP status")
    detail: str = Field(description="What is wrong and what is expected, in a sentence")
    instance: str = Field(description="The path that was asked")
    request_id: str | None = Field(description="Also in X-Request-ID and on every log line")


DETAILS = {
    401: "Send a valid key in the X-API-Key header.",
    403: "This route needs an admin key in the X-API-Key header.",
    404: "No customer has the id 12345.",
    408: "The body did not arrive within 20 seconds.",
    409: "Run 5f0c2a9be1d34c77 is active; wait for it to finish.",
    410: "Run 5f0c2a9be1d34c77, which this cursor is of, is no longer served: begin the list again "
    "without cursor.",
    413: "The body is larger than 65,536 bytes, the most this route takes.",
    422: "min_k is 9, above max_k, 3.",
    429: "Too many requests; try again in 37 seconds.",
    503: "The shop database does not answer (Connection refused); try again shortly.",
}


# Where a text is looked for that a database of another encoding cannot hold: it is nowhere.
UNWRITABLE = str(TextNotWritable("intelligence"))

PASSING = {429, 503}
RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which to try again",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}
PROBLEM_REFERENCE = {"$ref": "#/components/schemas/Problem"}


def problems(*statuses: int, **details: str) -> dict[int | str, dict[str, Any]]:
    """Describe the errors of a route; `details` (`_404=…`) replace an example's sentence."""
    return {
        status: {
            "description": title(HTTPStatus(status)),
            "content": {
                PROBLEM: {
                    "schema": PROBLEM_REFERENCE,
                    "example": _example(status, details.get(f"_{status}")),
                },
            },
            **({"headers": RETRY_AFTER} if status in PASSING else {}),
        }
        for status in statuses
    }


def _example(status: int, detail: str | None) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": title(HTTPStatus(status)),
        "status": status,
        "detail": detail or DETAILS[status],
        "instance": "/api/…",
        "request_id": "9f86d081884c7d65",
    }
