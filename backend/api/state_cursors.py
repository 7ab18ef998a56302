"""Cursors of what is listed by its state, the newest first: of runs, of campaigns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from itsdangerous import BadData, URLSafeSerializer

from backend.core.errors import CursorOfAnotherList, CursorUnreadable


@dataclass(frozen=True, slots=True)
class StateCursors:
    """Writes and reads the cursors of one list.

    Attributes
    ----------
    salt
        The list's own: no cursor of another list is one of it, though one key signs all.
    """

    salt: str

    def write(
        self, at: datetime, row_id: str, states: Sequence[str], serializer: URLSafeSerializer
    ) -> str:
        """Return what asks for those after a row: begun at an instant, of some states or all."""
        return str(serializer.dumps([at.isoformat(), row_id, list(states)], salt=self.salt))

    def read(
        self, cursor: str, asked: Sequence[str], serializer: URLSafeSerializer
    ) -> tuple[datetime, str, list[str]]:
        """Return instant and id of the row to begin after, and the states of the first page.

        Raises
        ------
        CursorUnreadable, CursorOfAnotherList
            When there is no such cursor, or it is of other states than are asked for now.
        """
        try:
            at, row_id, states = serializer.loads(cursor, salt=self.salt)
        except BadData:
            raise CursorUnreadable from None
        if asked and list(asked) != states:
            raise CursorOfAnotherList
        return datetime.fromisoformat(at), row_id, states
