"""What is written to the log, and what never is."""

import json
import subprocess
import sys

import pytest

from backend.core.errors import SegmentNotFound
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
