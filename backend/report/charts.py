"""Plots as plain SVG shapes: numbers in, coordinates out; the template draws them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from backend.results.forecast_report import CalibrationBin, CutoffTrial, LiftBin

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
            f"predicted {row.predicted:.0%}, came true {row.actual:.0%}, "
            f"{row.customers:,} customers",
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
        title="Calibration of churn risk",
        described="Ten groups of customers by predicted risk: what was predicted (across) and what "
        "came true (up). On the dashed line both agree.",
        grid=[_y(share) for share in quarters],
        texts=[
            *across,
            *_beside_axis(quarters, 1.0, "{:.0%}".format),
            _below_axis("predicted"),
        ],
        points=points,
        exact=f"{_x(0):.1f},{_y(0):.1f} {_x(1):.1f},{_y(1):.1f}",
        line=" ".join(f"{point.x:.1f},{point.y:.1f}" for point in points),
    )


def lift_chart(bins: Sequence[LiftBin]) -> Chart:
    """Plot mean spend by tenth of the prediction, the best customers first."""
    rows = [(str(place + 1), row.predicted, row.actual) for place, row in enumerate(bins)]
    return _pairs(
        "Lift",
        "Mean spend per customer, predicted and actual, in ten groups of equal size: those with "
        "the highest predicted value first.",
        "tenth of customers, best first",
        rows,
        short,
    )


def spend_chart(cutoffs: Sequence[CutoffTrial]) -> Chart:
    """Plot predicted and actual spend per cut-off; cut-offs come with the latest first."""
    errors = ", ".join(
        "nothing came" if row.level_error is None else f"{row.level_error:+.0%}"
        for row in reversed(cutoffs)
    )
    rows = [(row.date, row.predicted_spend, row.actual_spend) for row in reversed(cutoffs)]
    chart = _by_cutoff("Spend by cut-off", rows, short)
    return replace(chart, described=f"{chart.described} Predicted against actual: {errors}.")


def churn_chart(cutoffs: Sequence[CutoffTrial]) -> Chart:
    """Plot the share of customers lost per cut-off, predicted and actual."""
    rows = [(row.date, row.predicted_churn, row.actual_churn) for row in reversed(cutoffs)]
    return _by_cutoff("Customers lost by cut-off", rows, "{:.0%}".format)


def _by_cutoff(title: str, rows: Sequence[Pair], written: Written) -> Chart:
    described = "The forecast as it would have been made on these days, and what then came."
    return _pairs(title, described, "forecast made on", rows, written)


def _pairs(
    title: str,
    described: str,
    across: str,
    rows: Sequence[Pair],
    written: Written,
) -> Chart:
    """Draw two bars beside each other per row: predicted and actual."""
    ticks = nice_ticks(max((value for _, *values in rows for value in values), default=0.0))
    top = ticks[-1]
    slot = (WIDTH - LEFT - RIGHT) / max(len(rows), 1)
    bars = []
    texts = [*_beside_axis(ticks, top, written), _below_axis(across)]
    for place, (name, predicted, actual) in enumerate(rows):
        left = LEFT + place * slot
        for offset, kind, value in ((0.14, "predicted", predicted), (0.5, "actual", actual)):
            label = f"{name}: {kind} {written(value)}"
            bars.append(_column(left + offset * slot, slot * 0.36, value / top, kind, label))
        texts.append(Text(left + slot / 2, _y(0) + 19, name, "middle"))
    grid = [_y(tick / top) for tick in ticks]
    return Chart(title=title, described=described, grid=grid, texts=texts, bars=bars)


def _column(x: float, width: float, share: float, kind: str, label: str) -> Bar:
    y = _y(share)
    return Bar(x, y, width, _y(0) - y, kind, label)


def _beside_axis(ticks: Sequence[float], top: float, written: Written) -> list[Text]:
    return [Text(LEFT - 7, _y(tick / top) + 4.5, written(tick), "end") for tick in ticks]


def _below_axis(words: str) -> Text:
    return Text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 6, words, "middle")


def nice_ticks(largest: float) -> list[float]:
    """Return round numbers from 0 to the first that is not below the largest value."""
    if not largest > 0:
        return [0.0, 1.0]
    rough = largest / MOST_TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * unit for nice in NICE_STEPS if nice * unit >= rough * (1 - 1e-9))
    count = math.ceil(largest / step - 1e-9)
    return [place * step for place in range(count + 1)]


def short(value: float) -> str:
    """Write a number so that it fits beside an axis."""
    for limit, unit in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
