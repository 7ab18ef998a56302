"""Effects with their intervals on one scale, drawn by the server, beside their table. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

NARROW, WIDE = 328, 760
ROW_HEIGHT, LABEL_ABOVE, LINE_REACH, MARGIN, AXIS_HEIGHT = 46, 14, 9, 24, 30
CHARACTER_WIDTH = 7.2
STEPS = (1, 2, 5, 10)
Write = Callable[[float], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRow:
    """One effect.

    Attributes
    ----------
    name
        Whose.
    value, low, high
        What is drawn.
    written, between
        The effect and its ends, to be read.
    is_early
        Whether it was looked at before its time.
    """

    name: str
    value: float
    low: float
    high: float
    written: str
    between: str
    is_early: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalMark:
    """One effect, drawn; measures are units of its picture."""

    name: str
    left: float
    dot: float
    right: float
    y: float
    is_early: bool

    @property
    def label_y(self) -> float:
        """Where the name stands: above its line."""
        return self.y - LABEL_ABOVE

    @property
    def top(self) -> float:
        """Where the lines of the scale begin: below the name, so that it can be read."""
        return self.y - LINE_REACH

    @property
    def bottom(self) -> float:
        """Where they end."""
        return self.y + LINE_REACH


@dataclass(frozen=True, slots=True)
class IntervalTick:
    """A value of the scale."""

    x: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalPicture:
    """All of them in one width; `zero` is where no effect is."""

    width: int
    height: int
    zero: float
    marks: Sequence[IntervalMark]
    ticks: Sequence[IntervalTick]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalFigure:
    """A picture with its table.

    Attributes
    ----------
    title, described
        What it shows, and how to read it.
    across
        What the rows are.
    rows
        The table.
    pictures
        By the class of the width that each is for.
    """

    title: str
    described: str
    across: str
    rows: Sequence[IntervalRow]
    pictures: Sequence[tuple[str, IntervalPicture]]


def interval_figure(
    title: str, described: str, across: str, rows: Sequence[IntervalRow], write: Write
) -> IntervalFigure:
    """Draw effects for a phone and for a desk.

    Parameters
    ----------
    title, described, across
        As the figure says them.
    rows
        At least one.
    write
        Writes a value of the scale.
    """
    widths = (("narrow", NARROW), ("wide", WIDE))
    return IntervalFigure(
        title=title,
        described=described,
        across=across,
        rows=rows,
        pictures=[(size, draw_intervals(rows, width, write)) for size, width in widths],
    )


def draw_intervals(rows: Sequence[IntervalRow], width: int, write: Write) -> IntervalPicture:
    """Draw effects one below the other, zero always being on the scale."""
    low, high = min(0.0, *(one.low for one in rows)), max(0.0, *(one.high for one in rows))
    reach = (high - low) or 1.0

    def across(value: float) -> float:
        return round(MARGIN + (value - low) / reach * (width - 2 * MARGIN), 1)

    marks = [
        IntervalMark(
            name=_shortened(one.name, width),
            left=across(one.low),
            dot=across(one.value),
            right=across(one.high),
            y=(at + 1) * ROW_HEIGHT - LABEL_ABOVE,
            is_early=one.is_early,
        )
        for at, one in enumerate(rows)
    ]
    values = tick_values(low, low + reach, most=4 if width == NARROW else 8)
    return IntervalPicture(
        width=width,
        height=len(rows) * ROW_HEIGHT + AXIS_HEIGHT,
        zero=across(0.0),
        marks=marks,
        ticks=[IntervalTick(across(one), write(one)) for one in values],
    )


def tick_values(low: float, high: float, *, most: int) -> list[float]:
    """Return round values from `low` to `high`, zero among them where it lies there.

    They are whole multiples of one, two or five times a power of ten; at most `most` of them.
    """
    power = 10.0 ** floor(log10((high - low) / most))
    sizes = (step * power for step in (*STEPS, 20, 50, 100))
    for size in sizes:
        first, last = ceil(low / size - 1e-9), floor(high / size + 1e-9)
        if last - first < most:
            return [at * size for at in range(first, last + 1)]
    return [0.0]


def _shortened(name: str, width: int) -> str:
    most = int(width / CHARACTER_WIDTH)
    return name if len(name) <= most else f"{name[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
