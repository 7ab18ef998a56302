"""Plots as plain SVG shapes: numbers in, coordinates out; the template draws them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.results.forecast_report import CalibrationBin, CutoffTrial, LiftBin
from backend.wording import report_sentences as words
from backend.wording.report_sentences import ACTUAL, PREDICTED, ChartWords, short

# About as wide as a small phone's page, so that text of 13.5 px is at least 12 px anywhere.
WIDTH, HEIGHT = 340, 240
LEFT, RIGHT, TOP, BOTTOM = 50, 8, 12, 44
MOST_TICKS = 5
NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)

Written = Callable[[float], str]
Pair = tuple[str, float, float]  # a name, what was predicted, what came


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `kind` chooses its colour, `label` is what a pointer over it reads."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Point:
    """A dot; `label` is what a pointer over it reads."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Text:
    """Words at a place."""

    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One plot; coordinates are in the plot's own box of `WIDTH` by `HEIGHT`."""

    title: str
    described: str
    grid: Sequence[float]
    texts: Sequence[Text]
    bars: Sequence[Bar] = ()
    points: Sequence[Point] = ()
    exact: str = ""
    line: str = ""


def calibration_chart(bins: Sequence[CalibrationBin]) -> Chart:
    """Plot predicted against actual share of customers lost, in ten bins; exact: the diagonal."""
    points = [
        Point(
            _x(row.predicted),
            _y(row.actual),
            words.calibration_point(row.predicted, row.actual, row.customers),
        )
        for row in bins
    ]
    quarters = [0.0, 0.25, 0.5, 0.75, 1.0]
    anchors = ("start", "middle", "middle", "middle", "end")
    across = [
        Text(_x(share), _y(0) + 19, f"{share:.0%}", anchor)
        for share, anchor in zip(quarters, anchors, strict=True)
    ]
    return Chart(
        title=words.CALIBRATION.title,
        described=words.CALIBRATION.described,
        grid=[_y(share) for share in quarters],
        texts=[
            *across,
            *_beside_axis(quarters, 1.0, "{:.0%}".format),
            _below_axis(words.CALIBRATION.across),
        ],
        points=points,
        exact=f"{_x(0):.1f},{_y(0):.1f} {_x(1):.1f},{_y(1):.1f}",
        line=" ".join(f"{point.x:.1f},{point.y:.1f}" for point in points),
    )


def lift_chart(bins: Sequence[LiftBin], currency: str | None) -> Chart:
    """Plot mean spend by tenth of the prediction, the best customers first."""
    rows = [(str(place + 1), row.predicted, row.actual) for place, row in enumerate(bins)]
    return _pairs(words.LIFT.with_amounts_in(currency), rows, short)


def spend_chart(cutoffs: Sequence[CutoffTrial], currency: str | None) -> Chart:
    """Plot predicted and actual spend per cut-off; cut-offs come with the latest first."""
    rows = [(row.date, row.predicted_spend, row.actual_spend) for row in reversed(cutoffs)]
    missed = words.level_errors([row.level_error for row in reversed(cutoffs)])
    return _pairs(words.SPEND.adding(missed).with_amounts_in(currency), rows, short)


def churn_chart(cutoffs: Sequence[CutoffTrial]) -> Chart:
    """Plot the share of customers lost per cut-off, predicted and actual."""
    rows = [(row.date, row.predicted_churn, row.actual_churn) for row in reversed(cutoffs)]
    return _pairs(words.CHURN, rows, "{:.0%}".format)


def _pairs(said: ChartWords, rows: Sequence[Pair], written: Written) -> Chart:
    """Draw two bars beside each other per row: predicted and actual."""
    ticks = nice_ticks(max((value for _, *values in rows for value in values), default=0.0))
    top = ticks[-1]
    slot = (WIDTH - LEFT - RIGHT) / max(len(rows), 1)
    bars = []
    texts = [*_beside_axis(ticks, top, written), _below_axis(said.across)]
    for place, (name, predicted, actual) in enumerate(rows):
        left = LEFT + place * slot
        for offset, kind, value in ((0.14, PREDICTED, predicted), (0.5, ACTUAL, actual)):
            label = words.bar_label(name, kind, written(value))
            bars.append(_column(left + offset * slot, slot * 0.36, value / top, kind, label))
        texts.append(Text(left + slot / 2, _y(0) + 19, name, "middle"))
    grid = [_y(tick / top) for tick in ticks]
    return Chart(title=said.title, described=said.described, grid=grid, texts=texts, bars=bars)


def _column(x: float, width: float, share: float, kind: str, label: str) -> Bar:
    y = _y(share)
    return Bar(x, y, width, _y(0) - y, kind, label)


def _beside_axis(ticks: Sequence[float], top: float, written: Written) -> list[Text]:
    return [Text(LEFT - 7, _y(tick / top) + 4.5, written(tick), "end") for tick in ticks]


def _below_axis(said: str) -> Text:
    return Text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 6, said, "middle")


def nice_ticks(largest: float) -> list[float]:
    """Return round numbers from 0 to the first that is not below the largest value."""
    if not largest > 0:
        return [0.0, 1.0]
    rough = largest / MOST_TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * unit for nice in NICE_STEPS if nice * unit >= rough * (1 - 1e-9))
    count = math.ceil(largest / step - 1e-9)
    return [place * step for place in range(count + 1)]


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
