"""What the commands print: tables, notes, JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich import box
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from backend.cli.consoles import out
from backend.results.readiness import Readiness
from backend.results.root import Result
from backend.results.run_report import RunReport
from backend.results.segment import Segment
from backend.wording.segment_sentences import carried_in_words

# Below that the names of segments would get no room beside all that is told of them.
ROOM_FOR_A_TABLE = 76

WORST_FIRST = ("error", "warning", "ok")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def findings_table(found: Readiness) -> Table:
    colours = {"ok": "green", "warning": "yellow", "error": "red"}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Level", no_wrap=True)
    table.add_column("Looked at", overflow="fold")  # on a narrow terminal "Found" needs room too
    table.add_column("Found", overflow="fold")
    for finding in sorted(found.findings, key=lambda one: WORST_FIRST.index(one.level)):
        level = Text(finding.level, style=colours[finding.level])
        table.add_row(level, finding.code, finding.sentence)
    return table


def print_json(result: Result) -> None:
    typer.echo(TypeAdapter(type(result)).dump_json(result, indent=2).decode())


def print_report(report: RunReport) -> None:
    if out.width < ROOM_FOR_A_TABLE:
        for segment in report.segments:
            out.print(segment.name, style="bold")
            for line in _lines(segment, report.currency):
                out.print(line)
    else:
        out.print(_segments_table(report.segments, report.currency))
    for segment in report.segments:
        if carried := carried_in_words(segment):
            out.print(f"• {segment.name}: {carried}")
    for note in report.notes:
        out.print(f"• {note}")


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the segments' table; narrow terminals have the main ones below each other."""

    heading: str
    value: Callable[[Segment], str]
    is_main: bool = True
    is_number: bool = True


def _columns(currency: str | None) -> Sequence[_Column]:
    return (
        _Column("Segment", lambda one: one.name, is_main=False, is_number=False),
        _Column("Id", lambda one: one.id, is_main=False, is_number=False),
        _Column("Customers", lambda one: f"{one.customer_count:,}"),
        _Column("Orders", lambda one: _shown(one.characteristics.frequency, ".0f"), is_main=False),
        _Column("Days", lambda one: _shown(one.characteristics.recency_days, ".0f"), is_main=False),
        _Column(
            "LTV" if currency is None else f"LTV, {currency}",
            lambda one: _shown(one.avg_ltv, ",.0f"),
        ),
        _Column("Churn", lambda one: _shown(one.churn_risk_avg, ".0%")),
    )


def _lines(segment: Segment, currency: str | None) -> list[str]:
    main = (one for one in _columns(currency) if one.is_main)
    return [f"  {one.heading}: {one.value(segment)}" for one in main]


def _segments_table(segments: Sequence[Segment], currency: str | None) -> Table:
    columns = _columns(currency)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for one in columns:
        justify: JustifyMethod = "right" if one.is_number else "left"
        # Only names are broken: half of a number or an id is another.
        table.add_column(
            one.heading, justify=justify, no_wrap=one.heading != "Segment", overflow="fold"
        )
    for segment in segments:
        table.add_row(*(one.value(segment) for one in columns))
    table.caption = "Orders and days since the last one: medians. LTV and churn risk: means."
    return table


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
