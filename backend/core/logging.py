"""Logs are JSON lines, each with the request or run it belongs to.

What identifies a person or opens a door (keys, e-mails, names, query strings) is never passed to a
logger of ours. Others quote what they handle: libraries print statements, headers and bodies at
DEBUG, and errors repeat the value they stumbled over. Hence LOG_LEVEL is for our loggers, others
are heard from INFO up, and of an error only what can quote no value is written.
"""

import logging
import logging.config
from asyncio import CancelledError
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

from backend.core.summed import Summed
from backend.core.tracebacks import Raised, told

OURS = "backend"
POOL = "sqlalchemy.pool.impl.AsyncAdaptedQueuePool"

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
run_id: ContextVar[str | None] = ContextVar("run_id", default=None)


class AddContext(logging.Filter):
    """Put the current request and run on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add `request_id` and `run_id` where they are known; let every record pass."""
        for name, variable in (("request_id", request_id), ("run_id", run_id)):
            if (value := variable.get()) is not None:
                setattr(record, name, value)
        return True


class OursOrInfo(logging.Filter):
    """Let a library's record pass from INFO up, whatever level the library gave itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether it may be written."""
        return record.levelno >= logging.INFO or record.name.partition(".")[0] == OURS


class OfNoneGivenUp(logging.Filter):
    """Let pass what a pool says, but of a connection that was given up while it was asked.

    The pool throws it away, with a traceback; whoever gave it up has said why, once.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether it may be written."""
        return not (record.exc_info and isinstance(record.exc_info[1], CancelledError))


class JsonLines(JsonFormatter):
    """One line a record; an error as its frames, and its words where they can hold no value."""

    def formatException(  # noqa: N802, the name that logging calls
        self, ei: Raised
    ) -> str:
        """Write an error and what led to it."""
        return told(ei[1]) if ei[1] is not None else ""


def set_up_logging(level: str) -> None:
    """Send JSON lines to stderr: ours from `level` up, others' from INFO up.

    uvicorn's access log is turned off: it prints query strings, which hold what people search for.
    """
    others = max(level, "INFO", key=logging.getLevelNamesMapping().__getitem__)
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {
                "context": {"()": AddContext},
                "others": {"()": OursOrInfo},
                "summed": {"()": Summed},
                "of none given up": {"()": OfNoneGivenUp},
            },
            "formatters": {
                "json": {
                    "()": JsonLines,
                    "fmt": "{levelname}{name}{message}",
                    "style": "{",
                    "timestamp": "at",
                    "rename_fields": {"levelname": "level", "name": "logger"},
                }
            },
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": "json",
                    "filters": ["others", "context"],
                }
            },
            "root": {"handlers": ["stderr"], "level": others},
            "loggers": {
                OURS: {"level": level},
                "uvicorn": {"handlers": [], "propagate": True},
                "uvicorn.error": {"handlers": [], "propagate": True, "filters": ["summed"]},
                "uvicorn.access": {"handlers": [], "propagate": False},
                POOL: {"filters": ["of none given up"]},
                # Tells of every request that it began and ended.
                "mcp": {"level": "WARNING"},
                # Names paths, and in them ids.
                "mangum": {"level": "WARNING"},
                # Names each of its plugins when it is imported.
                "alembic.runtime.plugins": {"level": "WARNING"},
            },
        }
    )
