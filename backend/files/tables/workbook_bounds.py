"""How much a workbook may ask for."""

import zipfile
from pathlib import Path

from backend.core.errors import ImportRefused
from backend.core.late import late

FILE_BYTES = 256 << 20
UNPACKED_BYTES = 1 << 30
MEMORY_BYTES = 3 << 30
PRINTED_BYTES = 2 << 30
SECONDS = 600


def refuse_too_large(path: Path) -> None:
    """Look at what a workbook says of its size, before any of it is read.

    Raises
    ------
    ImportRefused
        When it cannot be read, is too large, or unpacks into too much.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            is_zip = file.read(2) == b"PK"
    except OSError as error:
        raise ImportRefused(str(path), f"cannot be read ({error.strerror})") from None
    unpacked = _unpacked(path) if is_zip else size
    if size > FILE_BYTES or unpacked > UNPACKED_BYTES:
        raise ImportRefused(path.name, "is too large for a workbook: save its sheets as CSV")


def _unpacked(path: Path) -> int:
    try:
        with zipfile.ZipFile(path) as packed:
            return sum(part.file_size for part in packed.infolist())
    except zipfile.BadZipFile:
        raise ImportRefused(path.name, "is damaged, or no workbook") from None


def bound_this_process() -> None:
    """Let this process have so much memory, and write so much, where the system knows how."""
    try:
        resource = late("resource")
    except ModuleNotFoundError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (PRINTED_BYTES, PRINTED_BYTES))
