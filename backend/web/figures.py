"""Charts as values: a table of numbers, and how scripts draw it; without them it is the chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

FigureKind = Literal["line", "bar", "rows", "scatter"]
"""Rows are bars that lie, for long names. Of a scatter, the table sums up what its dots show."""
Unit = Literal["money", "count", "share"]
# A band is drawn between its two ends, beside the line that it belongs to.
SeriesRole = Literal["line", "low", "high"]


@dataclass(frozen=True, slots=True)
class FigureCell:
    """A number of a chart; null where it is unknown.

    Attributes
    ----------
    value
        What is drawn.
    written
        What is read.
    """

    value: float | None
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureSeries:
    """One line, or the bars of one colour.

    Attributes
    ----------
    name
        As legend and table have it.
    cells
        One per place of the figure.
    colour
        As "#rrggbb", such as a segment's own; None: the next of the page's, which differ for the
        colour-blind too.
    role
        What it is drawn as.
    """

    name: str
    cells: Sequence[FigureCell]
    colour: str | None = None
    role: SeriesRole = "line"


@dataclass(frozen=True, slots=True)
class FigureDot:
    """A dot of a scatter: how far across and up, and the place of the figure that it belongs to."""

    across: float
    up: float
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One chart with its table.

    Attributes
    ----------
    kind
        How it is drawn.
    title, described
        What it shows, and the one thing to see in it: who cannot see it is told that.
    across
        What the places are, such as "Run".
    places
        Names along the axis.
    series
        What is drawn.
    unit
        Of the axis.
    colours
        Of each place, as "#rrggbb", where bars of one series have their own; else empty.
    dots, axes
        Of a scatter: what is drawn, on logarithmic axes, and what goes across and up.
    """

    kind: FigureKind
    title: str
    described: str
    across: str
    places: Sequence[str]
    series: Sequence[FigureSeries]
    unit: Unit
    colours: Sequence[str] = ()
    dots: Sequence[FigureDot] = ()
    axes: tuple[str, str] = ("", "")

    @property
    def written_dots(self) -> str:
        """The dots as the script reads them."""
        return ";".join(f"{one.across:g},{one.up:g},{one.place}" for one in self.dots)

    @property
    def rows(self) -> Sequence[tuple[str, str | None, Sequence[FigureCell]]]:
        """The table, row by row: the place, its colour, its cells."""
        colours: Sequence[str | None] = self.colours or [None] * len(self.places)
        cells = zip(*(one.cells for one in self.series), strict=True)
        return list(zip(self.places, colours, cells, strict=True))
