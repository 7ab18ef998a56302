"""An example for every error, so that the documentation shows what will come."""

from http import HTTPStatus
from typing import Any

from backend.api.problems import PROBLEM, title
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
            "description": title(HTTPStatus(status)),
            "content": {
                PROBLEM: {
                    "schema": Problem.model_json_schema(),
                    "example": _example(status, details.get(f"_{status}")),
                },
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


REPORT_EXAMPLE: dict[str, Any] = {
    "description": "What the run read, learnt and measured of itself",
    "content": {
        "application/json": {
            "example": {
                "run_id": "5f0c2a9be1d34c77",
                "as_of": "2011-12-10T00:00:00+00:00",
                "horizons": {"prediction_days": 365, "churn_days": 180},
                "customers": {"total": 4372, "with_orders": 4326},
                "orders": {"counted": 18374, "left_out": {"refunded": 3994}},
                "forecast": {"status": "scored"},
                "clustering": {"k": 9, "upper_bound": 12},
                "segments": [],
                "moves": {"total": 0, "appeared": 4372, "gone": 0, "by_cause": {}, "flows": []},
                "notes": ["3,994 orders left out: refunded."],
            }
        }
    },
}

PAGE_EXAMPLE: dict[str, Any] = {
    "description": "The same for a person to read: one file that loads nothing",
    "content": {"text/html": {"example": "<!doctype html><title>Run 5f0c2a9be1d34c77</title>…"}},
}
