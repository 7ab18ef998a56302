"""Refused lines as a file, for whoever mends them."""

import csv
from pathlib import Path
from typing import TextIO

from backend.core.errors import ImportRefused
from backend.files.records import Rejected, as_text


class RefusedLines:
    """Writes refused lines; the file is made with the first one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> "RefusedLines":
        """Begin; nothing is written yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, where there is one."""
        if self._file is not None:
            self._file.close()

    def write(self, source: str, rejected: Rejected) -> None:
        """Write one line: file, line number, reason, and what stood there."""
        if self._file is None:
            self._file = self._opened()
            csv.writer(self._file).writerow(("file", "line", "reason", "content"))
        said = ((name, as_text(value)) for name, value in rejected.fields.items())
        content = ", ".join(f"{name}={value}" for name, value in said if value)
        csv.writer(self._file).writerow((source, rejected.line, rejected.reason, content))

    def _opened(self) -> TextIO:
        try:
            return self._path.open("w", newline="", encoding="utf-8", errors="replace")
        except OSError as error:
            problem = f"cannot be written ({error.strerror})"
            raise ImportRefused(str(self._path), problem) from None
