"""Plots as plain SVG shapes: numbers in, coordinates out; the template draws them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 320, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 30
TICKS = 4


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
class Text:
    """A label on an axis."""

    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One plot; coordinates are in the plot's own box of `WIDTH` by `HEIGHT`."""

    title: str
    described: str
    bars: Sequence[Bar] = ()
    points: Sequence[Bar] = ()
    lines: Sequence[str] = ()
    texts: Sequence[Text] = ()
    legend: Mapping[str, str] | None = None


def calibration_chart(bins: Sequence[Mapping[str, Any]]) -> Chart:
    """Plot predicted against actual share of customers lost, in ten bins; exact: the diagonal."""
    points = [
        Bar(
            _x(row["predicted"]),
            _y(row["actual"]),
            4,
            4,
            "actual",
            f"predicted {row['predicted']:.0%}, came true {row['actual']:.0%}, "
            f"{row['customers']} customers",
        )
        for row in bins
    ]
    path = " ".join(f"{point.x:.1f},{point.y:.1f}" for point in points)
    diagonal = f"{_x(0):.1f},{_y(0):.1f} {_x(1):.1f},{_y(1):.1f}"
    ticks = [index / TICKS for index in range(TICKS + 1)]
    return Chart(
        title="Calibration of churn risk",
        described="Ten groups of customers by predicted risk: what was predicted (across) and what "
        "came true (up). On the line, both agree.",
        points=points,
        lines=[diagonal, path],
        texts=[
            *(Text(_x(tick), HEIGHT - 12, f"{tick:.0%}", "middle") for tick in ticks),
            *(Text(LEFT - 6, _y(tick) + 4, f"{tick:.0%}", "end") for tick in ticks),
        ],
    )


def lift_chart(bins: Sequence[Mapping[str, Any]]) -> Chart:
    """Plot mean spend by tenth of the prediction, the best customers first."""
    rows = [(str(place + 1), row["predicted"], row["actual"]) for place, row in enumerate(bins)]
    return _pairs(
        "Lift",
        "Customers in ten groups, those with the highest predicted value first: mean spend that "
        "was predicted, and that came.",
        rows,
    )


def cutoff_chart(cutoffs: Sequence[Mapping[str, Any]], measure: str, words: str) -> Chart:
    """Plot what was predicted and what came, per cut-off, the earliest first.

    Parameters
    ----------
    cutoffs
        As the backtest reports them, the latest first.
    measure
        "spend" or "churn".
    words
        What that is called in the title.
    """
    predicted, actual = f"predicted_{measure}", f"actual_{measure}"
    rows = [(str(row["date"]), row[predicted], row[actual]) for row in reversed(cutoffs)]
    return _pairs(
        f"Predicted and actual {words} by cut-off",
        "The forecast as it would have been made on these days, and what then came.",
        rows,
    )


def _pairs(title: str, described: str, rows: Sequence[tuple[str, float, float]]) -> Chart:
    """Draw two bars beside each other per row: predicted and actual."""
    top = max((value for _, *values in rows for value in values), default=0) or 1.0
    slot = (WIDTH - LEFT - RIGHT) / max(len(rows), 1)
    bars = []
    texts = [
        Text(LEFT - 6, _y(index / TICKS) + 4, short(top * index / TICKS), "end")
        for index in range(TICKS + 1)
    ]
    for place, (name, predicted, actual) in enumerate(rows):
        left = LEFT + place * slot
        for offset, kind, value in ((0.12, "predicted", predicted), (0.5, "actual", actual)):
            label = f"{name}: {kind} {short(value)}"
            bars.append(_column(left + offset * slot, slot * 0.36, value / top, kind, label))
        texts.append(Text(left + slot / 2, HEIGHT - 12, name, "middle"))
    legend = {"predicted": "predicted", "actual": "actual"}
    return Chart(title=title, described=described, bars=bars, texts=texts, legend=legend)


def _column(x: float, width: float, share: float, kind: str, label: str) -> Bar:
    y = _y(share)
    return Bar(x, y, width, _y(0) - y, kind, label)


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
