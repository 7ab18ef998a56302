"""Who moved between segments, as bands from where they were to where they are."""

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from backend.report.charts import Text
from backend.results.move import SegmentFlow
from backend.wording.report_sentences import flow_label

MOST_FLOWS = 14
BARS_HEIGHT = 260
NODE_WIDTH, GAP, LINE = 8, 10, 17
CHARACTER_WIDTH = 7.2
TOGETHER = "\N{NO-BREAK SPACE}"


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
    texts: Sequence[Text]


@dataclass(frozen=True, slots=True)
class Flow:
    """The largest moves; `undrawn` customers moved in smaller ones."""

    width: int
    height: float
    bands: Sequence[Band]
    nodes: Sequence[Node]
    undrawn: int


def draw_flow(
    flows: Sequence[SegmentFlow],
    colour: Mapping[str, str],
    names: Mapping[str, str],
    width: int,
) -> Flow:
    """Draw the largest moves in a picture of this width, as high as it needs to be."""
    drawn = flows[:MOST_FLOWS]
    left = _Side(_totals(drawn, _origin, colour), colour, names, width, is_left=True)
    right = _Side(_totals(drawn, _target, colour), colour, names, width, is_left=False)
    height = max(left.height, right.height)
    nodes = {side: side.nodes(height) for side in (left, right)}
    return Flow(
        width=width,
        height=height,
        bands=_bands(drawn, nodes[left], nodes[right], names),
        nodes=[*nodes[left].values(), *nodes[right].values()],
        undrawn=sum(flow.customers for flow in flows[MOST_FLOWS:]),
    )


class _Side:
    """The segments of one side, stacked in the order in which they are shown everywhere."""

    def __init__(
        self,
        totals: Mapping[str, int],
        colour: Mapping[str, str],
        names: Mapping[str, str],
        width: int,
        *,
        is_left: bool,
    ) -> None:
        self._is_left, self._colour, self._width = is_left, colour, width
        self._totals = totals
        self._scale = BARS_HEIGHT / max(sum(self._totals.values()), 1)
        room = int((width / 2 - 3 * NODE_WIDTH) / CHARACTER_WIDTH)
        self._lines = {
            identity: textwrap.wrap(f"{names[identity]}{TOGETHER}{count:,}", room)
            for identity, count in self._totals.items()
        }

    @property
    def height(self) -> float:
        """The least height that holds all segments."""
        return sum(self._slot(identity) + GAP for identity in self._totals) + GAP

    def nodes(self, height: float) -> dict[str, Node]:
        """Place the segments, in the middle of the height."""
        y, nodes = GAP + (height - self.height) / 2, {}
        for identity in self._totals:
            nodes[identity] = self._node(identity, y)
            y += self._slot(identity) + GAP
        return nodes

    def _slot(self, identity: str) -> float:
        return max(self._bar(identity), LINE * len(self._lines[identity]))

    def _bar(self, identity: str) -> float:
        return max(self._totals[identity] * self._scale, 2.0)

    def _node(self, identity: str, top: float) -> Node:
        bar, middle = self._bar(identity), top + self._slot(identity) / 2
        x = NODE_WIDTH + 6 if self._is_left else self._width - NODE_WIDTH - 6
        first = middle - LINE * (len(self._lines[identity]) - 1) / 2 + 4.5
        return Node(
            x=0 if self._is_left else self._width - NODE_WIDTH,
            y=middle - bar / 2,
            height=bar,
            colour=self._colour[identity],
            texts=[
                Text(x, first + place * LINE, line, "start" if self._is_left else "end")
                for place, line in enumerate(self._lines[identity])
            ],
        )


def _origin(flow: SegmentFlow) -> str:
    return flow.from_


def _target(flow: SegmentFlow) -> str:
    return flow.to


def _totals(
    flows: Sequence[SegmentFlow], end: Callable[[SegmentFlow], str], order: Iterable[str]
) -> dict[str, int]:
    totals = dict.fromkeys(order, 0)
    for flow in flows:
        totals[end(flow)] += flow.customers
    return {identity: count for identity, count in totals.items() if count}


def _bands(
    flows: Sequence[SegmentFlow],
    left: Mapping[str, Node],
    right: Mapping[str, Node],
    names: Mapping[str, str],
) -> list[Band]:
    """Join the two sides; at each segment the bands lie in the order of their other ends."""
    from_place = {one: place for place, one in enumerate(left)}
    to_place = {one: place for place, one in enumerate(right)}
    ordered = sorted(flows, key=lambda flow: (from_place[flow.from_], to_place[flow.to]))
    out, into = _totals(flows, _origin, left), _totals(flows, _target, right)
    left_y = {identity: node.y for identity, node in left.items()}
    right_y = {identity: node.y for identity, node in right.items()}
    bands = []
    for flow in ordered:
        start, end = left[flow.from_], right[flow.to]
        thick = start.height * flow.customers / out[flow.from_]
        thin = end.height * flow.customers / into[flow.to]
        path = _band(start.x + NODE_WIDTH, left_y[flow.from_], thick, end.x, right_y[flow.to], thin)
        label = flow_label(flow.customers, names[flow.from_], names[flow.to])
        bands.append(Band(path, start.colour, label))
        left_y[flow.from_] += thick
        right_y[flow.to] += thin
    return bands


def _band(x1: float, y1: float, thick: float, x2: float, y2: float, thin: float) -> str:
    middle = (x1 + x2) / 2
    return (
        f"M{x1:.0f} {y1:.1f}C{middle:.0f} {y1:.1f} {middle:.0f} {y2:.1f} {x2:.0f} {y2:.1f}"
        f"V{y2 + thin:.1f}C{middle:.0f} {y2 + thin:.1f} {middle:.0f} {y1 + thick:.1f} "
        f"{x1:.0f} {y1 + thick:.1f}Z"
    )
