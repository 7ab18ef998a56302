"""How much of this machine one piece of work takes for itself."""

import os

# More would leave nothing to the database and the web processes beside it.
MOST = 2


def usual_processors() -> int:
    """Return how many processors are taken, of those that this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return 1
    return min(MOST, len(os.sched_getaffinity(0)))
