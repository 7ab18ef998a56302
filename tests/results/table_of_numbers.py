"""The table of numbers in docs/architecture.md: `make numbers` writes it anew."""

from pathlib import Path

from backend.results.customer_numbers import SHOWN
from backend.results.declared import Number, Quantity

DOCS = Path(__file__).parents[2] / "docs" / "architecture.md"
BEGIN, END = "<!-- numbers: written by `make numbers` -->", "<!-- /numbers -->"
HEAD = "| column | in a profile | meaning | unit | null when |\n|---|---|---|---|---|\n"


def table() -> str:
    """Return the table, a line for each declared number that is shown."""
    return HEAD + "".join(f"| {' | '.join(_cells(one))} |\n" for one in SHOWN)


def _cells(one: Number) -> tuple[str, ...]:
    shown = "" if one.shown_as == one.name else f"`{one.shown_as}`"
    most = one.kind.most if isinstance(one.kind, Quantity) else None
    unit = one.unit if most is None else f"{one.unit}, 0 to {most}"
    return f"`{one.name}`", shown, one.meaning, unit, one.null_when or "never"


def written() -> str:
    """Return the table as it stands in the docs."""
    return DOCS.read_text().partition(BEGIN + "\n")[2].partition(END)[0]


if __name__ == "__main__":
    DOCS.write_text(DOCS.read_text().replace(written() + END, table() + END))
