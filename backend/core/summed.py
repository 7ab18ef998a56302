"""Warnings that whoever likes can cause again and again: one line at once, then one a minute."""

import logging
from threading import Lock, Timer

SECONDS = 60.0


class Summed(logging.Filter):
    """Let a warning pass the first time; those of the next minute become one line with their count.

    A flood is then two lines and one for each minute that it lasts, and no line means none.

    Parameters
    ----------
    seconds
        How long warnings are counted before their sum is told.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        super().__init__()
        self._seconds = seconds
        self._counting = Lock()
        self._held: dict[str, int] = {}  # by the words of the warning, before any value of theirs

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record may be written now; only warnings are counted."""
        if record.levelno != logging.WARNING:
            return True
        with self._counting:
            if record.msg in self._held:
                self._held[record.msg] += 1
                return False
            self._begin(record)
        return True

    def _begin(self, record: logging.LogRecord) -> None:
        self._held[record.msg] = 0
        telling = Timer(self._seconds, self._tell, [record])
        telling.daemon = True
        telling.start()

    def _tell(self, first: logging.LogRecord) -> None:
        with self._counting:
            if count := self._held.pop(first.msg):
                self._begin(first)
        if count:
            more = {"name": first.name, "msg": first.msg, "args": first.args}
            summed = {"levelno": first.levelno, "levelname": first.levelname, "times": count}
            logging.getLogger(first.name).callHandlers(logging.makeLogRecord(more | summed))
