"""What is written to the log, and what never is."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from backend.core import summed
from backend.core.errors import SegmentNotFound
from backend.core.summed import Summed
from backend.core.tracebacks import told

CANARY = "ada@example.com"
SPEAKING = f"""
import logging
from backend.core.logging import set_up_logging

set_up_logging("{{level}}")
eager = logging.getLogger("some.library")
eager.setLevel(logging.DEBUG)  # as some do when a variable of theirs asks for it
eager.debug("{CANARY}")
logging.getLogger("another.library").debug("{CANARY}")
logging.getLogger("another.library").info("theirs at INFO")
logging.getLogger("backend.shop").debug("ours at DEBUG")
logging.getLogger("backend.shop").warning("ours at WARNING")
"""


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("DEBUG", ["theirs at INFO", "ours at DEBUG", "ours at WARNING"]),
        ("INFO", ["theirs at INFO", "ours at WARNING"]),
        ("WARNING", ["ours at WARNING"]),
    ],
)
def test_the_level_is_that_of_our_loggers_and_others_stay_at_info(
    level: str, said: list[str]
) -> None:
    code = SPEAKING.format(level=level)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == said


RESETTING = """
import asyncio
from contextlib import suppress
from sqlalchemy.pool import AsyncAdaptedQueuePool
from backend.core.logging import set_up_logging

set_up_logging("INFO")

class Lost:
    def __init__(self, error):
        self.error = error

    def rollback(self):
        raise self.error

    def close(self):
        pass

for error in (asyncio.CancelledError(), OSError(104, "reset")):
    taken = AsyncAdaptedQueuePool(lambda: Lost(error)).connect()
    with suppress(asyncio.CancelledError):
        taken.close()
"""


def test_a_pool_says_what_broke_but_not_what_was_given_up() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RESETTING], capture_output=True, text=True, check=True
    )
    told_of = [json.loads(line) for line in done.stderr.splitlines()]
    assert ["ConnectionResetError" in one["exc_info"] for one in told_of] == [True]


def raised_by(value: str) -> Exception:
    try:
        try:
            float(value)
        except ValueError as error:
            raise SegmentNotFound("seg-1") from error
    except SegmentNotFound as error:
        return error
    raise AssertionError


def test_an_error_is_told_by_its_frames_and_without_the_value_it_stumbled_over() -> None:
    written = told(raised_by(CANARY))
    assert CANARY not in written
    assert "ValueError\n" in written
    assert written.endswith("SegmentNotFound: No segment has the id seg-1.")
    assert "direct cause" in written
    assert written.count("in raised_by") == 2


def test_errors_within_a_group_are_told_each() -> None:
    written = told(ExceptionGroup(CANARY, [raised_by(CANARY), OSError(28, "No space left")]))
    assert CANARY not in written
    assert "No space left" in written
    assert "SegmentNotFound" in written


class Minutes:
    """Timers that are over when a test says so."""

    def __init__(self) -> None:
        self.daemon = False
        self._due: list[Callable[[], None]] = []

    def __call__(self, _: float, then: Callable[..., None], told: list[Any]) -> "Minutes":
        self._due.append(lambda: then(*told))
        return self

    def start(self) -> None:
        """Run."""

    def pass_one(self) -> None:
        due, self._due = self._due, []
        for then in due:
            then()


def test_a_flood_of_warnings_is_a_line_and_then_one_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = Minutes()
    monkeypatch.setattr(summed, "Timer", minutes)
    server = logging.getLogger("tests.a_server")
    server.addFilter(Summed())
    caplog.set_level(logging.INFO, server.name)

    def said() -> list[tuple[str, int | None]]:
        lines = [(one.getMessage(), vars(one).get("times")) for one in caplog.records]
        caplog.clear()
        return lines

    for _ in range(300):
        server.warning("full of %s", "strangers")
    server.warning("another")
    for _ in range(2):
        server.info("what is no warning")
    calm = [("another", None), *[("what is no warning", None)] * 2]
    assert said() == [("full of strangers", None), *calm]
    for _ in range(2):
        minutes.pass_one()
        assert said() == [("full of strangers", 299)]
        for _ in range(299):
            server.warning("full of %s", "strangers")
    minutes.pass_one()
    minutes.pass_one()
    assert said() == [("full of strangers", 299)]
    server.warning("full of %s", "strangers")
    assert said() == [("full of strangers", None)]
