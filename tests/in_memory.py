"""Temporary files in memory where there is room: what a test keeps need not outlive the machine.

The databases' servers, SQLite's files and the tests' own folders are all where `tempfile` makes
them. A database is hundreds of small files: on a disk, to make one takes three to four times as
much of the processor, and waits for the disk besides.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30


def pytest_configure(config: pytest.Config) -> None:
    """Make them there, unless whoever calls has said where (TMPDIR)."""
    if "TMPDIR" not in os.environ and _takes_files(MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def _takes_files(folder: Path) -> bool:
    """Whether files have room in a folder, and may be run there as some of the tests' are."""
    return (
        os.access(folder, os.W_OK)
        and not os.statvfs(folder).f_flag & os.ST_NOEXEC
        and shutil.disk_usage(folder).free >= ROOM_BYTES
    )
