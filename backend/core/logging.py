"""Logs are JSON lines, each with the request or run it belongs to.

What identifies a person or opens a door (keys, e-mails, names, query strings) is never passed to a
logger; nothing here tries to filter it out afterwards.
"""

import logging
import logging.config
from contextvars import ContextVar

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


def set_up_logging(level: str) -> None:
    """Send everything from `level` up to stderr as JSON lines.

    uvicorn's access log is turned off: it prints query strings, which hold what people search for.
    """
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"context": {"()": AddContext}},
            "formatters": {
                "json": {
                    "()": "pythonjsonlogger.json.JsonFormatter",
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
                    "filters": ["context"],
                }
            },
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                "uvicorn": {"handlers": [], "propagate": True},
                "uvicorn.error": {"handlers": [], "propagate": True},
                "uvicorn.access": {"handlers": [], "propagate": False},
                # Names each of its plugins when it is imported.
                "alembic.runtime.plugins": {"level": "WARNING"},
            },
        }
    )
