"""Links from a sentence to its people: a list's conditions as the address of the room Customers."""

from datetime import datetime
from urllib.parse import urlencode

from backend.results.customer_filter import CustomerFilter
from backend.web.entrance import APP


def customers_link(chosen: CustomerFilter, *, sort: str | None = None) -> str:
    """Return the address of a list, in the names that the API gives to its conditions too.

    Parameters
    ----------
    chosen
        Who is in the list.
    sort
        In which order, such as "-churn_risk"; None: as lists are sorted by themselves.
    """
    asked = [(one.name, _written(value)) for one, value in chosen.given()]
    if sort is not None:
        asked.append(("sort", sort))
    return f"{APP}/customers?{urlencode(asked)}" if asked else f"{APP}/customers"


def _written(value: object) -> str:
    match value:
        case tuple():
            return ",".join(map(str, value))
        case datetime():
            return value.isoformat()
    return str(value)
