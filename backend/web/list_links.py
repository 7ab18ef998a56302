"""Links from a sentence to its people: a list of customers, or those who moved, as an address."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from backend.core.glossary import Cause
from backend.results.customer_filter import CustomerFilter
from backend.store.net_moves import NOWHERE
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


def new_customers_link(month: date) -> str:
    """Return the address of who ordered first in a month, told by its first day.

    Addresses name days of the shop's time zone, in which its months are told too.
    """
    begins = month.replace(day=1)
    ends = (begins + timedelta(days=31)).replace(day=1)
    asked = {"first_ordered_since": begins, "first_ordered_before": ends}
    return f"{APP}/customers?{urlencode(asked)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesAsked:
    """What an address of the room Moves asks for; None: what is shown there by itself.

    Attributes
    ----------
    run, before
        Between which runs, by id.
    start, end
        Who went from where to where, as `NetMoveFilter` has it.
    cause
        Why.
    """

    run: str | None = None
    before: str | None = None
    start: str | None = None
    end: str | None = None
    cause: Cause | None = None

    def way(self, start: str | None, end: str | None) -> "MovesAsked":
        """Ask for who went one way, None being nowhere, between the same runs."""
        return replace(self, start=start or NOWHERE, end=end or NOWHERE)


def moves_link(asked: MovesAsked) -> str:
    """Return the address of who moved."""
    told = {
        "run": asked.run,
        "before": asked.before,
        "cause": asked.cause and str(asked.cause),
        "from": asked.start,
        "to": asked.end,
    }
    given = {name: value for name, value in told.items() if value}
    path = f"{APP}/moves?{urlencode(given)}" if given else f"{APP}/moves"
    return f"{path}#who" if asked.start or asked.end else path


def _written(value: object) -> str:
    match value:
        case tuple():
            return ",".join(map(str, value))
        case datetime():
            return value.isoformat()
    return str(value)
