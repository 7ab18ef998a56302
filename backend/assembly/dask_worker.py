"""What a worker of Dask loads as it starts: `dask worker … --preload backend.assembly.dask_worker`.

It does parts of runs by the variables of its own environment, and is told no others.
"""

from typing import Any

from backend.assembly.run_settings import run_config
from backend.assembly.start_checks import refuse_unusable_addresses
from backend.core.logging import set_up_logging
from backend.core.settings import Settings
from backend.run.partitions.at_work import begin_work


def dask_setup(_worker: Any) -> None:
    """Read the settings; Dask calls it by this name.

    Raises
    ------
    InvalidConfiguration
        When a variable is missing, empty or wrong.
    """
    settings = Settings.load()
    set_up_logging(settings.log_level)
    refuse_unusable_addresses(settings)
    begin_work(run_config(settings))
