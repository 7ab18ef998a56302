"""Exit codes, by which supervisors tell what a new start may mend."""

import sys
from multiprocessing import current_process
from multiprocessing.context import SpawnProcess

DONE = 0
FAILED = 1  # or nothing was published
REFUSED = 2  # by the configuration or for a right: no new start mends it
START_FAILED = 3  # the code of uvicorn and gunicorn


def of_refused_start() -> int:
    """Return with what a server's process ends whose start is refused.

    A server that keeps several starts those anew for ever, unless they end with the one code that
    it takes for "so would the next".
    """
    by_uvicorn = isinstance(current_process(), SpawnProcess)
    by_gunicorn = "gunicorn.arbiter" in sys.modules
    return START_FAILED if by_uvicorn or by_gunicorn else REFUSED
