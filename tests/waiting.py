"""How long tests wait for what must come: a bound on being stuck, never on being slow."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 600
LOOK_EVERY_SECONDS = 0.02
# A look is often a request to a service: many of them keep it from what is waited for.
LOOK_AT_LEAST_EVERY_SECONDS = 0.1
LONGER_EACH_TIME = 1.3


def wait_until(is_so: Callable[[], bool], otherwise: Callable[[], object] = lambda: "") -> None:
    """Look until something is so.

    Raises
    ------
    AssertionError
        When it has not come in `PATIENCE_SECONDS`; it says what is there `otherwise`.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = LOOK_EVERY_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(pause)
        pause = min(pause * LONGER_EACH_TIME, LOOK_AT_LEAST_EVERY_SECONDS)
