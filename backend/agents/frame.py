"""What every answer says of itself: the run, the currency, and what its numbers mean."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import Field

from backend import store
from backend.agents.written import DATA_ALONE
from backend.api.schema_root import Schema
from backend.api.state import ApiState
from backend.database.engine import transaction
from backend.results.customer_numbers import SHOWN
from backend.store.read import PublishedSegments

MEANINGS = {str(one.shown_as): one.description for one in SHOWN}
"""What each number of a customer means, by its name in a profile."""


class Answer(Schema):
    """What a tool says."""

    run_id: str | None = Field(description="The run that is served; null before the first")
    as_of: datetime | None = Field(description="The instant that its numbers describe")
    currency: str | None = Field(description="Of all amounts; null where the shop tells none")
    meanings: dict[str, str] = Field(
        description="What the numbers here mean; a.b is b, wherever it stands beneath a"
    )
    note: str = DATA_ALONE


async def frame(state: ApiState, numbers: Iterable[str] = ()) -> dict[str, Any]:
    """Return what an answer has of every `Answer`; `numbers` are those that it explains."""
    async with transaction(state.engine) as connection:
        return frame_of(await store.read_segments(connection), numbers)


def frame_of(published: PublishedSegments, numbers: Iterable[str] = ()) -> dict[str, Any]:
    """Return the same of segments that are read already."""
    return {
        "run_id": published.run_id,
        "as_of": published.as_of,
        "currency": published.currency,
        "meanings": {name: MEANINGS[name] for name in numbers if name in MEANINGS},
    }
