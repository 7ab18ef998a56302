"""Colours of charts: seen on their paper, and told apart by who sees no red, or no green."""

import re
from itertools import combinations
from math import dist
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

STYLE = Path(__file__).parents[2] / "backend" / "web" / "static" / "app.css"
# Viénot, Brettel, Mollon (1999), Digital video colourmaps for checking the legibility of displays
# by dichromats, of linear light.
SEEN_BY = {
    "all": np.eye(3),
    "protanopes": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deuteranopes": np.array(
        [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])
# Of CIELAB, in which 2.3 is just seen; WCAG 2.2, 1.4.11.
FAR_APART, LEAST_CONTRAST = 14.0, 3.0


def colours(scheme: str) -> dict[str, NDArray[np.float64]]:
    """Return the linear light of the paper and of each series."""
    light, dark, *_ = STYLE.read_text().split("@media (prefers-color-scheme: dark)")
    named = re.findall(r"--(series-\d|paper): #([0-9a-f]+)", light if scheme == "light" else dark)
    return {name: linear(text) for name, text in named}


def linear(text: str) -> NDArray[np.float64]:
    whole = text if len(text) == 6 else "".join(2 * one for one in text)
    told = np.frombuffer(bytes.fromhex(whole), dtype=np.uint8) / 255
    return np.where(told <= 0.04045, told / 12.92, ((told + 0.055) / 1.055) ** 2.4)


def contrast(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    low, high = sorted(float(TO_XYZ[1] @ light) for light in (one, other))
    return (high + 0.05) / (low + 0.05)


def in_lab(light: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = np.cbrt(np.maximum(TO_XYZ @ light / WHITE, 0.008856))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_series_of_a_chart_are_seen_and_told_apart_by_everybody(scheme: str) -> None:
    told = colours(scheme)
    paper, series = told.pop("paper"), [*told.values()]
    assert len(series) == 4
    assert min(contrast(one, paper) for one in series) >= LEAST_CONTRAST
    for who, seen in SEEN_BY.items():
        places = [in_lab(seen @ one) for one in series]
        assert min(dist(*pair) for pair in combinations(places, 2)) >= FAR_APART, who
