"""Pictures of the segments: where they live, how large they are, and who moved between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.api.report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Text

PALETTE = (
    "#2f6f9f",
    "#e2924a",
    "#2c7a4b",
    "#a8322d",
    "#7a5ba6",
    "#8a6d3b",
    "#c76b98",
    "#5b6675",
    "#9aa81f",
    "#1f9aa8",
    "#d4b13f",
    "#3f4fd4",
)
MOST_ACTIVITY = 1.2
LOWEST, HIGHEST = -3.0, 4.0
FLOW_WIDTH, NODE_WIDTH, GAP, SMALLEST = 720, 10, 8, 2.0
FLOW_HEIGHT = 320
MOST_FLOWS = 14


@dataclass(frozen=True, slots=True)
class Dot:
    """A customer in the space."""

    x: float
    y: float
    colour: str
    label: str


@dataclass(frozen=True, slots=True)
class Band:
    """Customers who went from one segment to another: an SVG path."""

    path: str
    colour: str
    label: str


@dataclass(frozen=True, slots=True)
class Node:
    """One segment at one side of the flow."""

    x: float
    y: float
    height: float
    colour: str
    text: Text


@dataclass(frozen=True, slots=True)
class Flow:
    """The moves since the last run, between segments that customers left and entered."""

    bands: Sequence[Band]
    nodes: Sequence[Node]
    appeared: int
    gone: int


def colours(segments: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return one colour per segment, in the order in which they are shown."""
    return {segment["id"]: PALETTE[place % len(PALETTE)] for place, segment in enumerate(segments)}


def space_dots(
    points: Sequence[Mapping[str, Any]], segments: Sequence[Mapping[str, Any]]
) -> list[Dot]:
    """Place repeat customers: activity across, value upwards."""
    colour = colours(segments)
    names = {segment["id"]: segment["name"] for segment in segments}
    return [
        Dot(
            x=LEFT + _share(point["activity"], 0, MOST_ACTIVITY) * (WIDTH - LEFT - RIGHT),
            y=HEIGHT - BOTTOM - _share(point["value"], LOWEST, HIGHEST) * (HEIGHT - TOP - BOTTOM),
            colour=colour.get(point["segment"], PALETTE[-1]),
            label=names.get(point["segment"], point["segment"]),
        )
        for point in points
    ]


def _share(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)


def flow(
    flows: Sequence[Mapping[str, Any]],
    segments: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
) -> Flow:
    """Draw the largest moves as bands from where customers were to where they are."""
    moved = [row for row in flows if row["from"] is not None and row["to"] is not None]
    drawn = moved[:MOST_FLOWS]
    colour = colours(segments)
    left = _stacked(drawn, "from", NODE_WIDTH, colour, names)
    right = _stacked(drawn, "to", FLOW_WIDTH - NODE_WIDTH, colour, names)
    return Flow(
        bands=_bands(drawn, left, right, colour, names),
        nodes=[*left.values(), *right.values()],
        appeared=sum(row["customers"] for row in flows if row["from"] is None),
        gone=sum(row["customers"] for row in flows if row["to"] is None),
    )


def _stacked(
    rows: Sequence[Mapping[str, Any]],
    side: str,
    x: float,
    colour: Mapping[str, str],
    names: Mapping[str, str],
) -> dict[str, Node]:
    """Stack the segments of one side, each as high as its customers are many."""
    totals = _totals(rows, side)
    scale = _scale(rows, max(len(totals), 1))
    nodes, y = {}, float(GAP)
    for identity, count in totals.items():
        height = max(count * scale, SMALLEST)
        words = f"{names.get(identity, identity)} {count:,}"
        left = x <= NODE_WIDTH
        text = Text(
            x + (NODE_WIDTH + 4 if left else -4),
            y + height / 2 + 4,
            words,
            "start" if left else "end",
        )
        nodes[identity] = Node(x, y, height, colour.get(identity, PALETTE[-1]), text)
        y += height + GAP
    return nodes


def _scale(rows: Sequence[Mapping[str, Any]], count: int) -> float:
    total = max(sum(row["customers"] for row in rows), 1)
    return max(FLOW_HEIGHT - GAP * (count + 1), 1) / (1.2 * float(total))


def _bands(
    rows: Sequence[Mapping[str, Any]],
    left: Mapping[str, Node],
    right: Mapping[str, Node],
    colour: Mapping[str, str],
    names: Mapping[str, str],
) -> list[Band]:
    used_left = {identity: node.y for identity, node in left.items()}
    used_right = {identity: node.y for identity, node in right.items()}
    out = _totals(rows, "from")
    into = _totals(rows, "to")
    bands = []
    for row in rows:
        origin, target, count = row["from"], row["to"], row["customers"]
        thick = left[origin].height * count / out[origin]
        thin = right[target].height * count / into[target]
        y1, y2 = used_left[origin], used_right[target]
        used_left[origin] += thick
        used_right[target] += thin
        label = f"{count:,} from {names.get(origin, origin)} to {names.get(target, target)}"
        path = _band(2 * NODE_WIDTH, y1, thick, FLOW_WIDTH - NODE_WIDTH, y2, thin)
        bands.append(Band(path, colour.get(origin, PALETTE[-1]), label))
    return bands


def _totals(rows: Sequence[Mapping[str, Any]], side: str) -> dict[str, int]:
    totals: dict[str, int] = {}
    for row in rows:
        totals[row[side]] = totals.get(row[side], 0) + row["customers"]
    return totals


def _band(x1: float, y1: float, thick: float, x2: float, y2: float, thin: float) -> str:
    middle = (x1 + x2) / 2
    return (
        f"M{x1:.0f} {y1:.1f}C{middle:.0f} {y1:.1f} {middle:.0f} {y2:.1f} {x2:.0f} {y2:.1f}"
        f"V{y2 + thin:.1f}C{middle:.0f} {y2 + thin:.1f} {middle:.0f} {y1 + thick:.1f} "
        f"{x1:.0f} {y1 + thick:.1f}Z"
    )


def refit_in_words(clustering: Mapping[str, Any]) -> str:
    """Say what became of the borders between segments in this run."""
    return {
        "first": "The borders were learnt for the first time.",
        "kept": "The borders of an earlier run hold.",
        "adopted": "New borders were learnt and adopted.",
        "held_back": "New borders were learnt and held back: they would move too many at once.",
        "forced": "New borders were adopted as asked for.",
        "too_few": "There was too little to learn borders from.",
    }.get(clustering["refit"] or "", "")
