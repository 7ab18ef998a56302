"""Anchored k-means: clusters that start at their anchors and cannot wander.

Customers are clustered along one axis after the other: by activity into life stages, and each
stage of repeat customers by value. Each anchor stands among the customers as a pseudo-customer of
some weight, so a centre is a compromise of where its customers are and what its id means. The
cells between the borders are boxes: a segment is one, or several that were united because what
their customers did next does not differ, or because fewer segments were asked for. Uniting cells
moves no other border.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import f as f_distribution
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression

from backend.core.arrays import BoolArray, FloatArray
from backend.segments.boxes import Boxes
from backend.segments.buyers import Behaviour
from backend.segments.learn.fit_space import NextSpend
from backend.segments.learn.segment_tuning import TUNED, ClusterTuning
from backend.segments.segment_model import HYSTERESIS
from backend.segments.space import VALUE_WEIGHT, Space
from backend.segments.vocabulary import (
    ANCHORS_OF,
    BRANCHES,
    BY_ID,
    HALF_IDS,
    STAGES_OF,
    WHOLE,
    Branch,
    Half,
    are_neighbours,
    branch_of,
    half_id,
    id_of,
    stage_of,
)

SIDES: tuple[tuple[Half, Half], ...] = (("older", "recent"), ("lower", "upper"))


@dataclass(frozen=True, eq=False, slots=True)
class Cell:
    """One box, who is in it, and what those who were in it before the window spent then.

    Attributes
    ----------
    low, high
        Shape (axes,), its bounds.
    size
        Customers in it.
    known, spent
        Customers in it before the window, and the sum of their log spend.
    """

    anchor: str
    low: FloatArray
    high: FloatArray
    size: int
    known: int
    spent: float


@dataclass(frozen=True, eq=False, slots=True)
class Leaf:
    """One segment to be: the cells it covers, and the anchors that give it its meaning."""

    branch: Branch
    cells: tuple[Cell, ...]
    anchors: frozenset[str]
    half: Half | None = None

    @property
    def id(self) -> str:
        """Id that this leaf's segment has in every run."""
        whole = id_of(self.anchors)
        return whole if self.half is None else half_id(whole, self.half)

    @property
    def size(self) -> int:
        """Customers in it."""
        return sum(cell.size for cell in self.cells)

    @property
    def covered(self) -> frozenset[str]:
        """Anchors of all its cells, of those too that hardly anybody is in."""
        return frozenset(cell.anchor for cell in self.cells)


class Clustering:
    """The cells of a shop's customers, and the leaves that they are united to.

    Parameters
    ----------
    behaviour
        Of the customers to cluster.
    outcomes
        What customers did in the window before; None where that is not known.
    earlier
        What they did in windows before that one, where it alone tells too little.
    space
        Turns both into coordinates.
    upper
        Most leaves.
    min_k
        Leaves below which nothing is united, unless hardly anybody is in it.
    previous_ids
        Segments of the last run.
    tuning
        What may be tried otherwise.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        outcomes: NextSpend | None,
        space: Space,
        *,
        upper: int,
        min_k: int,
        previous_ids: Set[str],
        earlier: Sequence[NextSpend] = (),
        tuning: ClusterTuning = TUNED.cluster,
    ) -> None:
        self._tuning = tuning
        self._upper, self._min_k = upper, min_k
        self._previous_ids = previous_ids
        self._count = len(behaviour)
        self._points = {
            branch: space.coordinates(behaviour.of(behaviour.in_branch(branch)), branch)
            for branch in BRANCHES
        }
        self._tried = {branch: _tried(outcomes, space, branch) for branch in BRANCHES}
        self._earlier = {
            branch: [_placed(window, space, branch) for window in earlier] for branch in BRANCHES
        }
        self.leaves = [leaf for branch in BRANCHES for leaf in self._leaves(branch)]
        self._differs = {branch: self._branch_differs(branch) for branch in BRANCHES}

    def unite(self) -> None:
        """Unite what does not differ or hardly anybody is, and what is above the upper bound."""
        while self._unite_next():
            pass
        self.leaves = [self._covering(leaf) for leaf in self.leaves]

    def halve(self, least: int) -> None:
        """Split large leaves in two until there are so many, or none is large enough."""
        while len(self.leaves) < least and self._halve():
            pass

    def boxes(self, branch: Branch) -> Boxes | None:
        """Return the boxes of a branch's leaves; None where nobody is in the branch."""
        cells = [(cell, leaf.id) for leaf in self._of(branch) for cell in leaf.cells]
        if not cells:
            return None
        low = np.array([cell.low for cell, _ in cells])
        high = np.array([cell.high for cell, _ in cells])
        return Boxes(low, high, tuple(identity for _, identity in cells))

    def _of(self, branch: Branch) -> list[Leaf]:
        return [leaf for leaf in self.leaves if leaf.branch == branch]

    def _leaves(self, branch: Branch) -> list[Leaf]:
        """Return one leaf per cell; a branch that hardly anybody is in is one."""
        cells = tuple(self._cells(branch)) if len(self._points[branch]) else ()
        if len(self._points[branch]) < self._tuning.fewest_in_branch:
            return [Leaf(branch, cells, WHOLE[branch])] if cells else []
        return [Leaf(branch, (cell,), frozenset({cell.anchor})) for cell in cells]

    def _cells(self, branch: Branch) -> Iterator[Cell]:
        """Cluster a branch by activity, and repeat customers of each stage by value."""
        points = self._points[branch]
        stages = STAGES_OF[branch]
        weight = self._tuning.anchor_weight
        edges = _edges(points[:, 0], [BY_ID[anchors[0]].activity for anchors in stages], weight)
        for place, anchors in enumerate(stages):
            low, high = edges[place], edges[place + 1]
            if len(anchors) == 1:
                yield self._cell(branch, anchors[0], np.array([low]), np.array([high]))
                continue
            inside = points[(points[:, 0] > low) & (points[:, 0] <= high), 1]
            values = [VALUE_WEIGHT * BY_ID[anchor].value for anchor in anchors]
            tiers = _edges(inside, values, weight)
            for tier, anchor in enumerate(anchors):
                yield self._cell(
                    branch,
                    anchor,
                    np.array([low, tiers[tier]]),
                    np.array([high, tiers[tier + 1]]),
                )

    def _cell(self, branch: Branch, anchor: str, low: FloatArray, high: FloatArray) -> Cell:
        size = int(_inside(self._points[branch], low, high).sum())
        known, spent = 0, 0.0
        if (tried := self._tried[branch]) is not None:
            mine = _inside(tried[0], low, high)
            known, spent = int(mine.sum()), float(tried[1][mine].sum())
        return Cell(anchor, low, high, size, known, spent)

    def _branch_differs(self, branch: Branch) -> bool:
        """Whether its axes tell what the customers of a branch spend next; assumed of few.

        The share of the variance that a linear regression explains, adjusted for its number of
        axes, and the F test that it is none.
        """
        tried, tuning = self._tried[branch], self._tuning
        if tried is None or len(tried[1]) < tuning.fewest_to_judge:
            return True
        if not np.ptp(tried[1]):
            return False
        windows = [tried, *(one for one in self._earlier[branch] if len(one[1]))]
        # What a window sold in all is a season's, and tells customers not apart.
        points = np.concatenate([_centred(points) for points, _ in windows])
        log_spend = np.concatenate([_centred(spent) for _, spent in windows])
        axes, freedom = points.shape[1], len(log_spend) - points.shape[1] - len(windows)
        explained = float(LinearRegression().fit(points, log_spend).score(points, log_spend))
        adjusted = 1 - (1 - explained) * (freedom + axes) / freedom
        ratio = explained / axes / max((1 - explained) / freedom, 1e-12)
        strictness = self._strictness(branch)
        least, likely = tuning.least_explained * strictness, tuning.differ_p / strictness**2
        return bool(adjusted >= least and f_distribution.sf(ratio, axes, freedom) < likely)

    def _strictness(self, branch: Branch) -> float:
        if not self._previous_ids:
            return 1.0
        known = sum(branch_of(identity) == branch for identity in self._previous_ids)
        return self._tuning.sticky_test if known > 1 else self._tuning.strict_test

    def _unite_next(self) -> bool:
        """Unite two leaves where something calls for it; False where nothing does."""
        pairs = [pair for pair in combinations(self.leaves, 2) if _touch(*pair)]
        many = len(self.leaves) > self._min_k
        alike = [pair for pair in pairs if not self._differs[pair[0].branch]]
        if many and alike:
            self._merge(*min(alike, key=self._order))
        elif (tiny := self._tiny(pairs, many)) is not None:
            self._absorb(tiny, pairs)
        elif pairs and len(self.leaves) > self._upper:
            self._merge(*min(pairs, key=self._order))
        else:
            return False
        return True

    def _tiny(self, pairs: Sequence[tuple[Leaf, Leaf]], many: bool) -> Leaf | None:
        """Return the smallest leaf that hardly anybody is in, if there is one."""
        small = [
            leaf
            for leaf in self.leaves
            if leaf.size < self._least_size(leaf)
            and (many or leaf.size < 5)
            and any(leaf in pair for pair in pairs)
        ]
        return min(small, key=lambda leaf: leaf.size, default=None)

    def _least_size(self, leaf: Leaf) -> float:
        tuning = self._tuning
        least = max(tuning.least_share * self._count, tuning.least_count)
        known = {HALF_IDS[one][0] if one in HALF_IDS else one for one in self._previous_ids}
        if not known or any(leaf.anchors < ANCHORS_OF.get(one, leaf.anchors) for one in known):
            return least
        return least * (tuning.sticky_size if leaf.id in known else tuning.strict_size)

    def _order(self, pair: tuple[Leaf, Leaf]) -> tuple[bool, float, int]:
        """Sort pairs to unite: of one stage first, so that only whole stages are mixed.

        Then by what is lost, then by size.
        """
        return not _share_stage(*pair), _cost(pair), pair[0].size + pair[1].size

    def _absorb(self, tiny: Leaf, pairs: Sequence[tuple[Leaf, Leaf]]) -> None:
        """Give a tiny leaf's cells to a neighbour, of its stage if there is one, whose id stays."""
        beside = [pair for pair in pairs if tiny in pair]
        one, other = min(beside, key=self._order)
        keeper = other if one is tiny else one
        grown = Leaf(keeper.branch, keeper.cells + tiny.cells, keeper.anchors, keeper.half)
        self._replace((keeper, tiny), grown)

    def _merge(self, left: Leaf, right: Leaf) -> None:
        covered = left.covered | right.covered
        self._replace((left, right), Leaf(left.branch, left.cells + right.cells, covered))

    def _covering(self, leaf: Leaf) -> Leaf:
        """Give the only leaf of a branch the id of the whole branch."""
        if len(self._of(leaf.branch)) > 1:
            return leaf
        return Leaf(leaf.branch, leaf.cells, WHOLE[leaf.branch])

    def _replace(self, old: Sequence[Leaf], *new: Leaf) -> None:
        self.leaves = [leaf for leaf in self.leaves if leaf not in old] + [*new]

    def _halve(self) -> bool:
        """Split the leaf in two that gains most, or the largest; False where none is so large."""
        found = [split for leaf in self.leaves for split in self._halves(leaf)]
        if not found:
            return False
        leaf, *halves = max(found, key=lambda split: (_cost(split[1:]), split[0].size))
        self._replace((leaf,), *halves)
        return True

    def _halves(self, leaf: Leaf) -> Iterator[tuple[Leaf, Leaf, Leaf]]:
        """Yield a leaf and its two halves, along each axis that leaves enough on both sides."""
        points = self._points[leaf.branch]
        mine = points[np.any([_inside(points, one.low, one.high) for one in leaf.cells], axis=0)]
        least = max(self._tuning.half_share * self._count, self._tuning.half_count)
        if leaf.half is not None or len(mine) < 2 * least:
            return
        for axis, (below, above) in zip(range(points.shape[1]), SIDES, strict=False):
            cut = float(np.median(mine[:, axis]))
            # A border nearer to where customers can be at all would let nobody come back over it.
            if min(cut - mine[:, axis].min(), mine[:, axis].max() - cut) <= HYSTERESIS:
                continue
            lower = self._clipped(leaf, axis, -np.inf, cut)
            upper = self._clipped(leaf, axis, cut, np.inf)
            halves = (
                Leaf(leaf.branch, lower, leaf.anchors, below),
                Leaf(leaf.branch, upper, leaf.anchors, above),
            )
            if min(half.size for half in halves) >= least:
                yield leaf, *halves

    def _clipped(self, leaf: Leaf, axis: int, least: float, most: float) -> tuple[Cell, ...]:
        """Return what of a leaf's cells lies between two bounds on an axis."""
        found = []
        for cell in leaf.cells:
            low, high = cell.low.copy(), cell.high.copy()
            low[axis], high[axis] = max(low[axis], least), min(high[axis], most)
            if low[axis] < high[axis]:
                found.append(self._cell(leaf.branch, cell.anchor, low, high))
        return tuple(found)


def _cost(pair: Sequence[Leaf]) -> float:
    """Return how much of the variation of spend uniting two leaves would hide."""
    (one, its), (other, others) = (_spend(leaf) for leaf in pair)
    return one * other / max(one + other, 1) * (its - others) ** 2


def _share_stage(left: Leaf, right: Leaf) -> bool:
    return stage_of(left.id) == stage_of(right.id)


def _touch(left: Leaf, right: Leaf) -> bool:
    return are_neighbours(left.covered, right.covered)


def _spend(leaf: Leaf) -> tuple[int, float]:
    """Return how many were there before the window, and the mean of their log spend."""
    known = sum(cell.known for cell in leaf.cells)
    return known, sum(cell.spent for cell in leaf.cells) / max(known, 1)


def _inside(points: FloatArray, low: FloatArray, high: FloatArray) -> BoolArray:
    inside: BoolArray = np.all((points > low) & (points <= high), axis=1)
    return inside


def _tried(
    outcomes: NextSpend | None, space: Space, branch: Branch
) -> tuple[FloatArray, FloatArray] | None:
    """Return where the customers of a branch stood before the window, and what they spent."""
    return None if outcomes is None else _placed(outcomes, space, branch)


def _placed(window: NextSpend, space: Space, branch: Branch) -> tuple[FloatArray, FloatArray]:
    mine = window.of(window.before.in_branch(branch))
    return space.coordinates(mine.before, branch), mine.log_spend


def _centred(values: FloatArray) -> FloatArray:
    return np.asarray(values - values.mean(axis=0))


def _edges(values: FloatArray, anchors: Sequence[float], anchor_weight: float) -> FloatArray:
    """Cluster along one axis around anchors, ascending; return the edges of the clusters."""
    pseudo = np.array(anchors)[:, None]
    weight = max(anchor_weight * len(values) / len(anchors), 1e-6)
    fitted = KMeans(len(anchors), init=pseudo, n_init=1).fit(
        np.vstack([values[:, None], pseudo]),
        sample_weight=np.concatenate([np.ones(len(values)), np.full(len(anchors), weight)]),
    )
    centres = np.sort(fitted.cluster_centers_[:, 0])
    return np.concatenate([[-np.inf], (centres[1:] + centres[:-1]) / 2, [np.inf]])
