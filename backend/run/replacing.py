"""Whether what a run found may replace what is served unasked."""

import numpy as np

from backend.core.customer_id import UNKNOWN, CustomerIds
from backend.core.glossary import NO_ORDERS
from backend.run.run_context import RunContext
from backend.run.standing import Standing
from backend.shop.seen import Seen
from backend.store.run_row import NotPublished

# A shop that loses more than half of its customers overnight has lost a table, a filter or a join.
MOST_LOST = 0.5


def not_published(context: RunContext, seen: Seen, standing: Standing) -> NotPublished | None:
    """Return why a run must not replace what is served; None where it may.

    Only a run that was left to decide so itself is kept from it; who asks for "always" gets it.
    """
    if context.run.request.publish != "auto":
        return None
    if standing.as_of is not None and context.as_of < standing.as_of:
        return "older_than_served"
    if _read_nothing(seen, standing):
        return "nothing_read"
    return "lost_customers" if share_lost(seen, standing) > MOST_LOST else None


def _read_nothing(seen: Seen, standing: Standing) -> bool:
    """Whether there is no customer, or no order though what is served knows of some."""
    had_orders = bool((standing.segment_ids != NO_ORDERS).any())
    read = seen.columns
    return len(read.customer_ids) == 0 or (len(read.created_at) == 0 and had_orders)


def share_lost(seen: Seen, standing: Standing) -> float:
    """Return the share of those served that the shop has no more, of whatever type its ids are."""
    served = standing.customer_ids
    places = CustomerIds(seen.columns.customer_ids).places_of(served)
    return float(np.mean(places == UNKNOWN)) if len(served) else 0.0
