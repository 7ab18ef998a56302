"""A file takes its place once it is whole: who looks meanwhile finds the one before, or none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.core.errors import ExportRefused


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give the path of an unfinished file beside it, which replaces it when all is well.

    Raises
    ------
    ExportRefused
        When it cannot be written; what was there stays.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(path)
    except OSError as error:
        raise ExportRefused(str(path), f"cannot be written ({error.strerror})") from None
    finally:
        unfinished.unlink(missing_ok=True)
