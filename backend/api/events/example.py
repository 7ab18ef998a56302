"""An event and its answer, as JSON."""

from pydantic.config import JsonDict

EVENT: JsonDict = {"event_id": "order-1001-paid", "customer_ids": ["12345"]}
ACCEPTED: JsonDict = {"repeated": False, "customers": 1, "unknown": 0, "guests": 0}
