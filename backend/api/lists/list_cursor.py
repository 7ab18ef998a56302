"""Where the next page of a list begins: signed, so that nobody makes one up, and of one run."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from backend.core.errors import CursorUnreadable
from backend.results.sorting import ListPlace, Sortable


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in one list of one run.

    Attributes
    ----------
    run_id
        The run that was served when the list was begun.
    question
        Who is in the list and in which order, as it was asked.
    place
        After whom to go on.
    totals
        What was said of the whole list, so that it is not counted for each page; None where it
        was not asked for.
    """

    run_id: str
    question: dict[str, Any]
    place: ListPlace
    totals: dict[str, Any] | None

    def written(self, serializer: URLSafeSerializer) -> str:
        """Return it as clients carry it."""
        key = [_plain(self.place.value), self.place.customer_id]
        return str(serializer.dumps([self.run_id, self.question, key, self.totals]))

    @classmethod
    def read(cls, text: str, serializer: URLSafeSerializer) -> "Cursor":
        """Read what `written` returned.

        Raises
        ------
        CursorUnreadable
            When it is none, was changed, or was signed with another key.
        """
        try:
            run_id, question, (value, customer_id), totals = serializer.loads(text)
        except BadData:
            raise CursorUnreadable from None
        return cls(run_id, question, ListPlace(_typed(value), customer_id), totals)


def cursor_serializer(key: bytes) -> URLSafeSerializer:
    """Return what signs cursors with a key."""
    return URLSafeSerializer(key, signer_kwargs={"digest_method": hashlib.sha256})


def _plain(value: Sortable) -> Any:
    """Return what JSON can hold of a value, and what tells its type where JSON does not."""
    match value:
        case Decimal():
            return {"decimal": str(value)}
        case datetime():
            return {"instant": value.isoformat()}
    return value


def _typed(plain: Any) -> Sortable:
    match plain:
        case {"decimal": text}:
            return Decimal(text)
        case {"instant": text}:
            return datetime.fromisoformat(text)
    value: Sortable = plain
    return value
