"""A customer, as the documentation shows one."""

from pydantic.config import JsonDict

from backend.api.customers.shape import OF_NUMBERS
from backend.results.customer_numbers import SHOWN

PROFILE: JsonDict = {
    "customer_id": "12345",
    "email": "customer@example.com",
    "first_name": "Ada",
    "last_name": "Example",
    **OF_NUMBERS.filled([one.example for one in SHOWN]),
}

EXPORT: JsonDict = {
    "customer_id": "12345",
    "exported_at": "2011-12-10T08:00:00Z",
    "accounts": ["12345"],
    "erased_at": None,
    "person": {
        "customer_id": "12345",
        "email": "customer@example.com",
        "first_name": "Ada",
        "last_name": "Example",
    },
    "held": [
        {
            "table": "customer_intelligence",
            "values": [
                {
                    "name": "frequency",
                    "value": 15,
                    "meaning": "number of counted orders; unit: orders; null when: not_scored_yet",
                }
            ],
        }
    ],
}

FRESH: JsonDict = {
    "customers": [{**PROFILE, "updated_at": None, "changed_at": None}],
    "missing": ["999999"],
    "run_id": PROFILE["run_id"],
    "as_of": PROFILE["as_of"],
}

GONE: JsonDict = {
    "id": 1,
    "customer_id": "12345",
    "cause": "erased",
    "gone_at": "2011-12-10T08:00:00Z",
}
