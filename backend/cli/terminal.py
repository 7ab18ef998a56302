"""What the commands print: tables, notes, JSON."""

from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich import box
from rich.table import Table
from rich.text import Text

from backend.cli.consoles import out
from backend.results.readiness import Readiness
from backend.results.root import Result
from backend.results.run_report import RunReport
from backend.results.segment import Segment

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def findings_table(found: Readiness) -> Table:
    colours = {"ok": "green", "warning": "yellow", "error": "red"}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Level", no_wrap=True)
    table.add_column("Looked at", overflow="fold")  # on a narrow terminal "Found" needs room too
    table.add_column("Found", overflow="fold")
    for finding in found.findings:
        level = Text(finding.level, style=colours[finding.level])
        table.add_row(level, finding.code, finding.sentence)
    return table


def print_json(result: Result) -> None:
    typer.echo(TypeAdapter(type(result)).dump_json(result, indent=2).decode())


def print_report(report: RunReport) -> None:
    out.print(_segments_table(report.segments, report.currency))
    for note in report.notes:
        out.print(f"• {note}")


def _segments_table(segments: Sequence[Segment], currency: str | None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Segment", overflow="fold")
    table.add_column("Id", no_wrap=True)
    ltv = "LTV" if currency is None else f"LTV, {currency}"
    for name in ("Customers", "Orders", "Days", ltv, "Churn"):
        table.add_column(name, justify="right", no_wrap=True)
    for segment in segments:
        table.add_row(
            segment.name,
            segment.id,
            f"{segment.customer_count:,}",
            _shown(segment.characteristics.frequency, ".0f"),
            _shown(segment.characteristics.recency_days, ".0f"),
            _shown(segment.avg_ltv, ",.0f"),
            _shown(segment.churn_risk_avg, ".0%"),
        )
    table.caption = "Orders and days since the last one: medians. LTV and churn risk: means."
    return table


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
