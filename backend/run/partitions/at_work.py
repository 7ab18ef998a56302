"""What the process of a worker knows of its own: addresses and keys come from its environment."""

from backend.core.errors import PartFailed
from backend.run.run_config import RunConfig

UNTOLD = (
    "A worker does not know where the databases are: start it with "
    "`--preload backend.assembly.dask_worker`, and the variables of the service."
)


class _AtWork:
    config: RunConfig | None = None


def begin_work(config: RunConfig) -> None:
    """Say what this process works by, once, as it starts."""
    _AtWork.config = config


def own_config() -> RunConfig:
    """Return what this process works by.

    Raises
    ------
    PartFailed
        When nobody has said.
    """
    if _AtWork.config is None:
        raise PartFailed(UNTOLD)
    return _AtWork.config
