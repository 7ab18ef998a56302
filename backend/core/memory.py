"""How much memory this process has needed, as the system tells; and giving back what is free.

The C library keeps what was freed for the next who asks: of a million customers 100 MiB and more.
"""

import ctypes
import sys
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")


def peak_memory_mib() -> float | None:
    """Return the largest resident memory so far; None where the system does not tell."""
    try:
        told = STATUS.read_text()
    except OSError:
        return None
    return round(int(told.partition("VmHWM:")[2].split()[0]) / 1024, 1)


def give_back() -> None:
    """Let the system have what was freed, Arrow's own pool included; where it can be told to."""
    if (arrow := sys.modules.get("pyarrow")) is not None:
        arrow.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim: Any = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone has it
        if trim is not None:
            trim(0)
