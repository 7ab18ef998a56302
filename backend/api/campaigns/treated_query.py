"""What those who are to be reached may be asked for."""

from typing import Literal

from pydantic import ConfigDict, Field

from backend.api.fields import Words
from backend.api.lists.example import CURSOR
from backend.api.lists.list_query import (
    DEFAULT_ROWS,
    MOST_ROWS,
    NAMES_OF_FIELDS,
    one_of,
    wanted_format,
)
from backend.api.schema_root import Schema

TreatedFormat = Literal["json", "csv"]


class TreatedQuery(Schema):
    """Which of their fields, how many, and after whom."""

    model_config = ConfigDict(extra="forbid", defer_build=False)

    fields: Words = Field(
        default=[],
        json_schema_extra=one_of(NAMES_OF_FIELDS),
        description="Only these of a profile's fields, and customer_id; several by comma",
        examples=[["email", "archetype.id", "value_at_risk"]],
    )
    limit: int = Field(
        default=DEFAULT_ROWS,
        ge=1,
        le=MOST_ROWS,
        description="At most so many in a page",
        examples=[100],
    )
    cursor: str | None = Field(
        default=None,
        description="The next_cursor of the page before: go on after it",
        examples=[CURSOR],
    )
    format: TreatedFormat | None = Field(
        default=None,
        description="csv: all of them as a file, whatever Accept says",
        examples=["csv"],
    )

    def wanted(self, accept: str | None) -> str:
        """Return what is asked for, by `format` or, where that says nothing, by Accept."""
        return self.format or wanted_format(accept, ("json", "csv"))
