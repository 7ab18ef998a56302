"""A page of a list, as the documentation shows one."""

from typing import Any

from pydantic.config import JsonDict

from backend.api.customers.example import PROFILE
from backend.files.workbook_process import XLSX
from backend.results.customer_numbers import AVERAGED, SUMMED

COUNT = 214
CURSOR = "WyI1ZjBjMmE5YmUxZDM0Yzc3Iixb…"
SUMS: JsonDict = {str(one.shown_as): round(COUNT * one.example, 4) for one in SUMMED}
MEANS: JsonDict = {str(one.shown_as): one.example for one in AVERAGED}
PAGE: JsonDict = {
    "customers": [PROFILE],
    "total": COUNT,
    "left_out": 0,
    "sums": SUMS,
    "means": MEANS,
    "known": {str(one.shown_as): COUNT for one in AVERAGED},
    "currency": "GBP",
    "next_cursor": CURSOR,
    "run_id": PROFILE["run_id"],
    "as_of": PROFILE["as_of"],
}
BATCH: JsonDict = {
    "customers": [PROFILE],
    "missing": {"ids": ["999999"], "emails": []},
    "run_id": PROFILE["run_id"],
    "as_of": PROFILE["as_of"],
}
FILE_EXAMPLES: dict[str, Any] = {
    "content": {
        "text/csv": {
            "schema": {"type": "string"},
            "example": "customer_id,email,value_at_risk\r\n12345,customer@example.com,104.57\r\n",
        },
        XLSX: {"schema": {"type": "string", "format": "binary"}},
    }
}
