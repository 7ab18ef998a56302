"""A customer, as the documentation shows one."""

from pydantic.config import JsonDict

from backend.api.customers.shape import nested
from backend.results.customer_numbers import SHOWN

PROFILE: JsonDict = {
    "customer_id": "12345",
    "email": "customer@example.com",
    "first_name": "Ada",
    "last_name": "Example",
    **nested({str(one.shown_as): one.example for one in SHOWN}),
}
