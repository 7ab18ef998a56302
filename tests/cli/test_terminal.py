"""What a person sees on a terminal: names are text, and progress has its line to itself."""

import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from backend.api.runs.example import REPORT
from backend.cli.consoles import err, out
from backend.cli.terminal import findings_table, print_report
from backend.report import render_report
from backend.results.readiness import Finding
from backend.results.run_report import RunReport
from backend.store.stored import REPORT as REPORT_KIND
from tests.conftest import NewDatabase, wait_for
from tests.live import command, environment
from tests.shops import fill, invented
from tests.waiting import PATIENCE_SECONDS

HOSTILE = "[/foo] [red]x[/red] :smile: \x1b[2J\u202e\nnext"
HARMLESS = "[/foo] [red]x[/red] :smile: \\x1b[2J\\u202e next"
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def report() -> RunReport:
    stored: RunReport = REPORT_KIND.read(json.dumps({"format": 2, **REPORT}))
    first, *others = stored.segments
    named = replace(first, name=HOSTILE)
    return replace(stored, segments=(named, *others), notes=(HOSTILE,), currency=HOSTILE)


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is folded."""
    monkeypatch.setenv("COLUMNS", "300")
    for console in (out, err):
        monkeypatch.setattr(console, "_width", 300)


def test_names_in_the_table_of_segments_are_text(
    report: RunReport, wide: None, capsys: pytest.CaptureFixture[str]
) -> None:
    print_report(report)
    said = capsys.readouterr().out
    assert said.count(HARMLESS) == 3
    assert "\x1b" not in said


def test_names_on_the_page_are_text(report: RunReport) -> None:
    unmoved = replace(report, currency="EUR", moves=replace(report.moves, flows=()))
    page = render_report(unmoved)
    assert HARMLESS in page
    assert not {"\x1b", "\u202e"} & set(page)


@pytest.mark.parametrize("width", [40, 120])
def test_the_median_of_a_segment_that_one_customer_carries_is_told(
    report: RunReport,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    width: int,
) -> None:
    monkeypatch.setattr(out, "_width", width)
    first, *others = (replace(one, ltv_carried_by_one=False) for one in report.segments)
    carried = replace(
        first, name="Regulars", median_ltv=41.5, largest_ltv_share=0.63, ltv_carried_by_one=True
    )
    print_report(replace(report, segments=(carried, *others), notes=(), currency="EUR"))
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("One customer is 63 % of this segment's lifetime value") == 1
    assert "the median is 41.50" in said


def test_names_in_findings_are_text(
    report: RunReport, wide: None, capsys: pytest.CaptureFixture[str]
) -> None:
    finding = replace(report.readiness.findings[0], sentence=HOSTILE)
    assert isinstance(finding, Finding)
    out.print(findings_table(replace(report.readiness, findings=(finding,))))
    assert HARMLESS in capsys.readouterr().out


@pytest.mark.parametrize("width", [24, 40, 75])
def test_segments_have_their_names_on_a_narrow_terminal(
    report: RunReport,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    width: int,
) -> None:
    monkeypatch.setattr(out, "_width", width)
    called = replace(report.segments[0], name="Winter holiday shoppers", customer_count=123456789)
    called = replace(called, avg_ltv=98765432.0, churn_risk_avg=0.4217)
    print_report(replace(report, segments=(called,), notes=(), currency="USD"))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert lines[0] == "Winter holiday shoppers"
    for figure in ("123,456,789", "98,765,432", "42%", "USD"):
        assert sum(figure in line for line in lines[1:]) == 1, figure


def test_findings_can_be_read_on_a_narrow_terminal(
    report: RunReport, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(out, "_width", 40)
    finding = replace(report.readiness.findings[0], code="cancelled_but_counted_orders")
    out.print(findings_table(replace(report.readiness, findings=(finding,))))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 12
    assert finding.code in "".join(line[9:23].strip() for line in lines)


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (("cluster",), {"SHOP_PRESET": HOSTILE}),
        (("cluster", "--refit", HOSTILE), {}),
        (("import", HOSTILE), {}),
        (("cluster", "--as-of", HOSTILE), {}),
    ],
    ids=["a variable", "an option", "a file", "an instant"],
)
def test_what_an_error_repeats_is_text(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    done = command("sqlite:///x.db", tmp_path, *arguments, variables=variables)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "[/foo]" in done.stderr
    assert "[red]x[/red]" in done.stderr
    assert "\x1b[2J" not in done.stderr


def test_a_terminal_that_lacks_a_letter_shows_its_number(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    shop = invented(30)
    for order in shop.orders:
        order["financial_status"] = "gezahlt \N{EURO SIGN} ł"
    url = new_sqlite()
    wait_for(fill(url, shop))
    done = command(url, tmp_path, "check", variables={"PYTHONIOENCODING": "ascii"}, anew=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "\\u20ac" in done.stdout


def test_progress_elsewhere_is_one_plain_line_for_each_thing_done(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite()
    wait_for(fill(url, invented(30)))
    done = command(url, tmp_path, "cluster", "--as-of", "2024-06-01")
    plain = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert (plain[0], plain[-1]) == ("starting", "succeeded")
    assert set(plain) <= {"starting", "read", "forecast", "segments", "publish", "succeeded"}
    assert len(plain) == len(set(plain))
    assert any('"run succeeded"' in line for line in done.stderr.splitlines())


def test_progress_on_a_terminal_is_alone_on_its_line(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite()
    wait_for(fill(url, invented(30)))
    screen = on_a_terminal(tmp_path, environment(url), "cluster", "--as-of", "2024-06-01")
    # What is left of a line is what follows the last time it was wiped.
    lines = [ANSI.sub("", line.rpartition("\x1b[2K")[2]).strip() for line in screen.split("\n")]
    logged = [line for line in lines if '"level"' in line]
    assert all(line.startswith("{") and line.endswith("}") for line in logged)
    said = [json.loads(line)["message"] for line in logged]
    assert any(words.startswith("Context impl") for words in said)
    assert said[-1] == "run succeeded"
    assert "starting" in screen
    assert "queued" not in screen
    shares = [int(share) for share in re.findall(r"(\d+)% \d+:\d\d", ANSI.sub("", screen))]
    assert shares == sorted(shares)
    assert shares[-1] == 100


def on_a_terminal(folder: Path, variables: dict[str, str], *arguments: str) -> str:
    """Run a command whose output and errors go to a terminal, and return all it wrote."""
    ours, theirs = pty.openpty()
    told = {**variables, "TERM": "xterm", "COLUMNS": "400"}
    process = subprocess.Popen(
        (sys.executable, "-m", "backend", *arguments),
        cwd=folder,
        env=told,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 65_536):
            written += piece
    except OSError:  # the terminal is gone when its last writer is
        pass
    finally:
        os.close(ours)
    assert process.wait(PATIENCE_SECONDS) == 0, written.decode()
    return written.decode()
