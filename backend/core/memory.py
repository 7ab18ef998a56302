"""How much memory this process has needed, as the system tells."""

from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_memory_mib() -> float | None:
    """Return the largest resident memory so far; None where the system does not tell."""
    try:
        told = STATUS.read_text()
    except OSError:
        return None
    return round(int(told.partition("VmHWM:")[2].split()[0]) / 1024, 1)
