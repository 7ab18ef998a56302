"""A database of one moment, in this process: what DuckDB aggregates of columns that stream by.

It reaches neither files nor the net, and has a folder of its own to spill into, which is gone
when it is closed. Whoever kills the process leaves the folder to who started it.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from backend.core.errors import NoRoomToSpill

# A million customers' ten million lines need 500 MiB; of these so much stays in memory.
MEMORY_MIB = 384
PREFIX = "intelligence-spill-"


@contextmanager
def scratch(memory_mib: int = MEMORY_MIB) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database of this process for the time of a `with` block.

    Parameters
    ----------
    memory_mib
        What it may hold in memory; the rest goes to the folder for temporary files (TMPDIR).

    Raises
    ------
    NoRoomToSpill
        When that folder's disk is full.
    """
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder:
        connection = duckdb.connect(":memory:", config={**_settings(memory_mib, folder)})
        try:
            # On a terminal it would be written between what a command tells.
            connection.execute("SET enable_progress_bar = false")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            yield connection
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise NoRoomToSpill(os.path.dirname(folder)) from error  # noqa: PTH120
        finally:
            connection.close()


def _settings(memory_mib: int, folder: str) -> Mapping[str, str | bool]:
    return {
        "memory_limit": f"{memory_mib}MiB",
        "temp_directory": folder,
        "threads": str(_threads()),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": False,
        # The one that is hashed is the one that is named last: what streams by is of unknown size.
        "disabled_optimizers": "join_order,build_side_probe_side",
    }


def _threads() -> int:
    """Return how many cores the process may use, of two at most: the others serve."""
    return min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
