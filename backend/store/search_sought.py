"""What a text of the search copy meets that holds, or begins with, another one."""

from typing import Any

from sqlalchemy import ColumnElement, String

from backend.database.compiled import parameter

AFTER_ALL = "\U0010ffff"
SOUGHT, SOUGHT_AFTER, PATTERN = "sought", "after", "pattern"


def holds(texts: Any) -> ColumnElement[bool]:
    """Return what a text meets that holds another one; of the columns of the copy, or of a part."""
    found: ColumnElement[bool] = texts.folded.like(parameter(PATTERN, String()), escape="/")
    return found


def beginnings() -> tuple[ColumnElement[str], ColumnElement[str]]:
    """Return what all texts are between that begin with what is sought."""
    return parameter(SOUGHT, String()), parameter(SOUGHT_AFTER, String())


def texts_sought(sought: str) -> dict[str, str]:
    """Return the parameters of both."""
    escaped = sought.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return {SOUGHT: sought, SOUGHT_AFTER: sought + AFTER_ALL, PATTERN: f"%{escaped}%"}
