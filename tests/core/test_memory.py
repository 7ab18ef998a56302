import sys
from pathlib import Path

import pytest

from backend.core.memory import STATUS, give_back

SIZE, COUNT = 2_000, 40_000


def resident_mib() -> float:
    return int(STATUS.read_text().partition("VmRSS:")[2].split()[0]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="told by glibc and Linux")
def test_what_was_freed_is_given_back_to_the_system() -> None:
    give_back()
    kept = []
    blocks = [bytes(SIZE) for _ in range(COUNT)]
    kept = blocks[::1000]  # among what is freed, so that the heap cannot shrink from its end
    full = resident_mib()
    del blocks
    give_back()
    assert full - resident_mib() > 0.8 * SIZE * COUNT / 2**20
    assert len(kept) == COUNT / 1000


def test_there_is_something_to_tell_memory_by() -> None:
    assert Path("/proc/self/status") == STATUS
