"""An example for every error, so that the documentation shows what will come."""

from http import HTTPStatus
from typing import Any

from backend.api.errors import PROBLEM, title
from backend.api.schemas import Problem

DETAILS = {
    401: "Send a valid key in the X-API-Key header.",
    403: "This route needs an admin key in the X-API-Key header.",
    404: "No customer has the id 12345.",
    409: "Run 5f0c2a9be1d34c77 is active; wait for it to finish.",
    422: "min_k is 9, above max_k, 3.",
    503: "The shop database does not answer; try again shortly.",
}


def problems(*statuses: int, **details: str) -> dict[int | str, dict[str, Any]]:
    """Describe the errors of a route; `details` (`_404=…`) replace an example's sentence."""
    return {
        status: {
            "model": Problem,
            "description": title(HTTPStatus(status)),
            "content": {
                PROBLEM: {"example": _example(status, details.get(f"_{status}"))},
            },
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
