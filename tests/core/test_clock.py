"""What is done now and then."""

import pytest

from backend.core import clock
from backend.core.clock import Seldom


def test_what_is_done_seldom_is_due_at_once_and_when_its_time_has_gone_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 5.0
    monkeypatch.setattr(clock, "monotonic_seconds", lambda: now)
    seldom = Seldom(10.0)

    due = []
    for moment in (5.0, 6.0, 15.0, 15.5, 16.0, 26.0):
        now = moment
        due.append(seldom.is_due())

    assert due == [True, False, False, True, False, True]
