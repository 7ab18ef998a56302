"""Work that has a processor only while nobody else wants it.

A nicer process still has a tenth of what it asks for, some milliseconds at a time, and whoever
wakes takes a processor on which it computes for one in use: they wait beside another that is. On
Linux SCHED_IDLE is neither; but on a machine that is never idle such work would hardly go on.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")
STAT = Path("/proc/stat")
LOOK_SECONDS = 0.25
# As much as a process at nice 10 has beside others.
LEAST_LEFT = 0.1
# https://man7.org/linux/man-pages/man5/proc_stat.5.html: of nicer ones, idle, waiting for a disk
LEFT = (1, 3, 4)


def in_idle_time(work: Callable[[], Result]) -> Result:
    """Do some work in a thread of its own, for which what others leave is enough.

    The threads and processes that it begins are like it. Where others leave too little at this
    moment, or the system is another than Linux, it is done like any other work.
    """
    begin = _leave_to_others if is_time_left() else _nothing
    with ThreadPoolExecutor(1, "in-idle-time", initializer=begin) as pool:
        return pool.submit(copy_context().run, work).result()


def is_time_left() -> bool:
    """Look for a moment whether others leave a tenth of all processors, or more."""
    if sys.platform != "linux":
        return False
    try:
        before = _spent()
        time.sleep(LOOK_SECONDS)
        return share_left(before, _spent()) >= LEAST_LEFT
    except (OSError, ValueError):
        return False


def share_left(before: Sequence[int], after: Sequence[int]) -> float:
    """Return the share of all processors' time that none but nicer processes wanted.

    Parameters
    ----------
    before, after
        Ticks so far, in the order of /proc/stat.
    """
    spent = [one - other for one, other in zip(after, before, strict=True)]
    return sum(spent[place] for place in LEFT) / max(sum(spent), 1)


def _spent() -> list[int]:
    with STAT.open() as told:
        return [int(one) for one in told.readline().split()[1:9]]


def _leave_to_others() -> None:
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))  # of this thread alone


def _nothing() -> None:
    """Leave the thread as it is."""
