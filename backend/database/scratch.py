"""A database of one moment, in this process: what DuckDB aggregates of columns that stream by.

It reaches neither files nor the net, and has a folder of its own to spill into, which is gone
when it is closed. Whoever kills the process leaves the folder to who started it.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from backend.core.errors import NoRoomToSpill
from backend.database.warehouses.confined import MEMORY_MIB, NOTHING, SPILL_PREFIX, confined

# The one that is hashed is the one that is named last: what streams by is of unknown size.
AS_WRITTEN = {"disabled_optimizers": "join_order,build_side_probe_side"}


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
    with tempfile.TemporaryDirectory(prefix=SPILL_PREFIX, ignore_cleanup_errors=True) as folder:
        connection = confined(folder, NOTHING, memory_mib, AS_WRITTEN)
        try:
            yield connection
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise NoRoomToSpill(os.path.dirname(folder)) from error  # noqa: PTH120
        finally:
            connection.close()
