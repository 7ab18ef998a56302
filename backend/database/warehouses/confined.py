"""DuckDB within bounds: what it may open is named, what it may hold is bounded, nothing is loaded.

Extensions are neither fetched nor loaded, Python's variables are no tables, and from the moment it
is handed over no statement can change any of that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import duckdb

from backend.core.processors import usual_processors

# A million customers' ten million lines need 500 MiB; of these so much stays in memory.
MEMORY_MIB = 384
SPILL_PREFIX = "intelligence-spill-"


@dataclass(frozen=True, slots=True)
class MayOpen:
    """What DuckDB may open, beyond the folder that it spills into.

    Attributes
    ----------
    files
        By their whole paths.
    folders
        With all that is in them.
    """

    files: Sequence[str] = ()
    folders: Sequence[str] = ()


NOTHING = MayOpen()
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


def confined(
    spill_folder: str,
    may_open: MayOpen = NOTHING,
    memory_mib: int = MEMORY_MIB,
    settings: Mapping[str, str] = NO_SETTINGS,
) -> duckdb.DuckDBPyConnection:
    """Make an empty database in memory.

    Parameters
    ----------
    spill_folder
        What does not fit into memory goes there.
    may_open
        What else it may read.
    memory_mib
        What it may hold in memory.
    settings
        Further settings of DuckDB's.
    """
    config: dict[str, Any] = {**_settings(memory_mib, spill_folder), **settings}
    connection = duckdb.connect(":memory:", config=config)
    # On a terminal it would be written between what a command tells.
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET allowed_paths = $files", {"files": [*may_open.files]})
    connection.execute("SET allowed_directories = $folders", {"folders": [*may_open.folders]})
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _settings(memory_mib: int, folder: str) -> Mapping[str, str | bool]:
    return {
        "memory_limit": f"{memory_mib}MiB",
        "temp_directory": folder,
        "threads": str(usual_processors()),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "preserve_insertion_order": False,
    }
