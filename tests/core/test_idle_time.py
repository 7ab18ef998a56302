"""Work in idle time gives way to all others, and to it alone that is told."""

import os
import subprocess
import sys
import threading
from contextvars import ContextVar

import pytest

from backend.core import idle_time
from backend.core.idle_time import in_idle_time, share_left

said = ContextVar("said", default="nothing")
POLICY = "import os; print(os.sched_getscheduler(0))"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the policy is Linux's")


def policy() -> int:
    return os.sched_getscheduler(0)


def policies() -> tuple[int, int, int]:
    """Return those of this thread, of one that it begins, and of such a process."""
    of_thread = list[int]()
    thread = threading.Thread(target=lambda: of_thread.append(policy()))
    thread.start()
    thread.join()
    told = subprocess.run([sys.executable, "-c", POLICY], capture_output=True, check=True)
    return policy(), of_thread[0], int(told.stdout)


@on_linux
@pytest.mark.parametrize("is_left", [True, False])
def test_the_work_and_what_it_begins_leave_processors_to_others(
    monkeypatch: pytest.MonkeyPatch, *, is_left: bool
) -> None:
    monkeypatch.setattr(idle_time, "is_time_left", lambda: is_left)
    expected = os.SCHED_IDLE if is_left else os.SCHED_OTHER
    assert in_idle_time(policies) == (expected,) * 3
    assert policy() == os.SCHED_OTHER


def test_what_it_returns_and_raises_comes_back_and_it_knows_its_context() -> None:
    token = said.set("something")
    assert in_idle_time(said.get) == "something"
    said.reset(token)
    with pytest.raises(ZeroDivisionError):
        in_idle_time(lambda: 1 // 0)


@pytest.mark.parametrize(
    ("spent", "left"),
    [
        # user, nice, system, idle, iowait, irq, softirq, steal
        ([90, 0, 10, 0, 0, 0, 0, 0], 0.0),
        ([60, 20, 10, 5, 5, 0, 0, 0], 0.3),
        ([50, 0, 0, 0, 0, 0, 0, 50], 0.0),
        ([0, 0, 0, 0, 0, 0, 0, 0], 0.0),
    ],
)
def test_what_nicer_ones_have_and_nobody_wants_is_left(spent: list[int], left: float) -> None:
    before = [7, 1, 5, 100, 3, 0, 0, 2]
    after = [one + more for one, more in zip(before, spent, strict=True)]
    assert share_left(before, after) == pytest.approx(left)
