"""A run and what it found, as the documentation shows them."""

import json
from pathlib import Path
from typing import Any

from pydantic.config import JsonDict

NEXT_CURSOR = "WyIyMDExLTEyLTEwVDAyOjAwO…"
RUN: JsonDict = {
    "run_id": "5f0c2a9be1d34c77",
    "state": "running",
    "stage": "forecast",
    "share_done": 0.42,
    "counts": {"customers": 24000, "orders": 69659},
    "seconds": 11.3,
    "as_of": None,
    "queued_at": "2011-12-10T02:00:00Z",
    "started_at": "2011-12-10T02:00:01Z",
    "finished_at": None,
    "error": None,
    "published": False,
    "report_url": None,
    "report_page_url": None,
}


READINESS: JsonDict = {
    "ready": True,
    "findings": [
        {
            "code": "null_customer",
            "level": "warning",
            "sentence": "1,427 of 25,900 orders (5.5%) have no customer and count for nobody.",
            "facts": {"orders": 1427, "share": 0.0551},
            "settings": {},
        }
    ],
}


READINESS_EXAMPLE: dict[str, Any] = {
    "description": "What in the shop's data may have spoilt the results",
    "content": {"application/json": {"example": READINESS}},
}


# One of each thing that a report has.
REPORT = json.loads(Path(__file__).with_name("report_example.json").read_text("utf-8"))

REPORT_EXAMPLE: dict[str, Any] = {
    "description": "What the run read, learnt and measured of itself",
    "content": {"application/json": {"example": REPORT}},
}


PAGE_EXAMPLE: dict[str, Any] = {
    "description": "The same for a person to read: one file that loads nothing",
    "content": {"text/html": {"example": "<!doctype html><title>Run 5f0c2a9be1d34c77</title>…"}},
}
