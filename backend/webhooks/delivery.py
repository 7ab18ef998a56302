"""A delivery: one call to a webhook, however often it is tried."""

from dataclasses import dataclass
from datetime import datetime

from backend.core.glossary import DeliveryProblem, DeliveryState, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One call that is to be made, or was.

    Attributes
    ----------
    id
        Ascending: what happened later has a greater one.
    message_id
        The same in every attempt, however often.
    run_id, campaign_id
        What found it, and what it is about; None where no run or campaign is.
    happened_at
        When what it tells was so.
    facts
        What it says as JSON; None where it is about customers.
    first_id, last_id
        Of the rows it is about; of a campaign, places of those to be reached.
    people
        How many there were when it was written.
    due_at
        Not before.
    first_tried_at, tried_at
        The first and the last attempt; None before the first.
    status_code, problem
        What came of the last one.
    """

    id: int
    message_id: str
    webhook_id: str
    event: Event
    run_id: str | None
    campaign_id: str | None
    happened_at: datetime
    facts: str | None
    first_id: int | None
    last_id: int | None
    people: int
    batch: int
    batches: int
    state: DeliveryState
    due_at: datetime
    attempts: int
    first_tried_at: datetime | None
    tried_at: datetime | None
    status_code: int | None
    problem: DeliveryProblem | None
