"""What those who are to be reached may be asked for."""

from typing import Literal

from pydantic import ConfigDict, Field

from backend.api.lists.list_query import (
    DEFAULT_ROWS,
    CursorAsked,
    FieldsAsked,
    RowsAsked,
    wanted_format,
)
from backend.api.schema_root import Schema

TreatedFormat = Literal["json", "csv"]


class TreatedQuery(Schema):
    """Which of their fields, how many, and after whom."""

    model_config = ConfigDict(extra="forbid", defer_build=False)

    fields: FieldsAsked = Field(default=[])
    limit: RowsAsked = DEFAULT_ROWS
    cursor: CursorAsked = None
    format: TreatedFormat | None = Field(
        default=None,
        description="csv: all of them as a file, whatever Accept says",
        examples=["csv"],
    )

    def wanted(self, accept: str | None) -> str:
        """Return what is asked for, by `format` or, where that says nothing, by Accept."""
        return self.format or wanted_format(accept, ("json", "csv"))
