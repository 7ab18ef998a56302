"""Intervals as they are drawn: one scale, zero always on it, names that fit."""

from collections.abc import Sequence
from fractions import Fraction

import pytest

from backend.web.effect_intervals import (
    MARGIN,
    NARROW,
    WIDE,
    IntervalRow,
    draw_intervals,
    interval_figure,
    tick_values,
)


def row(low: float, value: float, high: float, name: str = "Any") -> IntervalRow:
    return IntervalRow(name=name, value=value, low=low, high=high, written="", between="")


def written(value: float) -> str:
    return f"{value:g}"


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize(
    "rows",
    [[row(-2, 1, 4)], [row(1, 2, 3)], [row(-30, -20, -10), row(-1e-3, 0, 1e-3)], [row(0, 0, 0)]],
    ids=["across", "above", "several", "nothing"],
)
def test_all_have_one_scale_with_zero_on_it(rows: Sequence[IntervalRow], width: int) -> None:
    drawn = draw_intervals(rows, width, written)
    low = min(0.0, *(one.low for one in rows))
    reach = max(0.0, *(one.high for one in rows)) - low or 1

    def across(value: float) -> float:
        return MARGIN + float(Fraction(value - low) / Fraction(reach)) * (width - 2 * MARGIN)

    assert drawn.zero == pytest.approx(across(0), abs=0.1)
    for one, mark in zip(rows, drawn.marks, strict=True):
        at = (mark.left, mark.dot, mark.right)
        assert at == pytest.approx(tuple(map(across, (one.low, one.value, one.high))), abs=0.1)
        assert MARGIN <= mark.left <= mark.dot <= mark.right <= width - MARGIN
    assert "0" in {one.text for one in drawn.ticks}
    assert [one.x for one in drawn.ticks] == pytest.approx(
        [across(float(one.text)) for one in drawn.ticks], abs=0.1
    )
    assert drawn.marks[-1].bottom < drawn.height


@pytest.mark.parametrize(
    ("low", "high", "most", "values"),
    [
        (0, 1, 4, [0, 0.5, 1]),
        (-2, 4, 8, [-2, -1, 0, 1, 2, 3, 4]),
        (-0.031, 0.0, 4, [-0.03, -0.02, -0.01, 0.0]),
        (0, 12_345, 4, [0, 5_000, 10_000]),
    ],
)
def test_a_scale_has_round_values(
    low: float, high: float, most: int, values: Sequence[float]
) -> None:
    assert tick_values(low, high, most=most) == pytest.approx(values)


def test_names_that_are_too_long_for_the_picture_are_whole_in_the_table() -> None:
    name = "Customers of a very long name " * 5
    figure = interval_figure("Title", "How", "Segment", [row(0, 1, 2, name)], written)
    for _, picture in figure.pictures:
        assert picture.marks[0].name.endswith("\N{HORIZONTAL ELLIPSIS}")
        assert len(picture.marks[0].name) * 7 <= picture.width
    assert figure.rows[0].name == name
