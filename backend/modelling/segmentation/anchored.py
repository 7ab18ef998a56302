"""Anchored k-means: clusters that start at their anchors and cannot wander.

Each anchor stands among the customers as a pseudo-customer of some weight, so a centre is a
compromise of where its customers are and what its id means. Leaves that do not differ in what
their customers did next are merged; merging unites cells, so no other border moves.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution
from sklearn.cluster import KMeans

from backend.modelling.segmentation.behaviour import Behaviour, FloatArray, IntArray
from backend.modelling.segmentation.options import ClusteringOptions, upper_bound
from backend.modelling.segmentation.simplicity import is_simple
from backend.modelling.segmentation.space import VALUE_WEIGHT, Outcomes, Space
from backend.modelling.segmentation.vocabulary import (
    ANCHORS,
    BRANCHES,
    WHOLE,
    Branch,
    Half,
    are_neighbours,
    half_id,
    id_of,
)

ANCHOR_WEIGHT = 0.5
FEWEST_IN_BRANCH = 10
LEAST_SHARE, LEAST_COUNT = 0.005, 20
# Spend of two leaves differs when it is .05 standard deviations apart, give or take chance.
LEAST_DIFFERENCE = 0.05
ONE_SIDED_95 = 1.64
DIFFER_P = 0.002
FEWEST_TO_JUDGE_BRANCH, FEWEST_TO_JUDGE_PAIR = 100, 30
# Leaves of the last run stay more easily, others must earn their place.
STICKY_SIZE, STRICT_SIZE = 0.2, 4.0
STICKY_DIFFERENCE = 0.5
# Bisections: where the halves begin, and what they must earn.
HALF_STEPS: tuple[tuple[int, tuple[Half, Half], float], ...] = (
    (0, ("recent", "older"), 0.15),
    (1, ("upper", "lower"), 0.6 * VALUE_WEIGHT),
)
HALVABLE_SHARE, HALVABLE_COUNT = 0.05, 60
HALF_SHARE, HALF_COUNT = 0.02, 30
LEAST_Z, LEAST_GAIN = 4.0, 0.003
# The more segments there are, the more another must explain.
GAIN_FACTORS = ((7, 1.0), (9, 2.0))
GAIN_FACTOR_BEYOND = 4.0
VALUE_HALVES_COUNT = 1.5
STICKY_HALF, STRICT_HALF = 0.5, 1.5


@dataclass(frozen=True, eq=False, slots=True)
class Leaf:
    """One segment to be: the anchors it covers, and a prototype for each."""

    anchors: frozenset[str]
    branch: Branch
    prototypes: FloatArray
    half: Half | None = None

    @property
    def id(self) -> str:
        """Id that this leaf's segment has in every run."""
        whole = id_of(self.anchors)
        return whole if self.half is None else half_id(whole, self.half)


@dataclass(frozen=True, slots=True)
class _Bisection:
    """A leaf and the two that it could become."""

    leaf: Leaf
    halves: tuple[Leaf, Leaf]
    justified: bool
    gain: float
    size: int


@dataclass(frozen=True, slots=True)
class Cells:
    """One branch, clustered: which prototype belongs to which leaf, and where it settled."""

    leaves: tuple[Leaf, ...]
    centres: FloatArray
    owner: IntArray

    def assign(self, points: FloatArray) -> IntArray:
        """Return the place in `leaves` of each point."""
        distance = ((points[:, None, :] - self.centres[None, :, :]) ** 2).sum(axis=2)
        nearest: IntArray = self.owner[distance.argmin(axis=1)]
        return nearest


@dataclass(frozen=True, slots=True)
class _Spend:
    """What the customers of a leaf spent in the window: how many, mean and variance of logs."""

    count: int
    mean: float
    variance: float


class Clustering:
    """The merging of leaves, one step at a time."""

    def __init__(
        self,
        behaviour: Behaviour,
        outcomes: Outcomes | None,
        space: Space,
        options: ClusteringOptions,
        previous_ids: Set[str],
    ) -> None:
        self._options = options
        self._previous_ids = previous_ids
        self._behaviour = behaviour
        self._count = len(behaviour)
        self.upper = upper_bound(len(behaviour), options)
        self._points = {
            branch: space.coordinates(behaviour.of(behaviour.in_branch(branch)), branch)
            for branch in BRANCHES
        }
        self._tried = {branch: _tried(outcomes, space, branch) for branch in BRANCHES}
        spend = np.zeros(2) if outcomes is None else outcomes.log_spend
        self._variation = max(float(((spend - spend.mean()) ** 2).sum()), 1e-12)
        self.leaves = [
            Leaf(
                frozenset({anchor.id}),
                anchor.branch,
                _prototype(anchor.activity, anchor.value)
                if anchor.branch == "repeat"
                else np.array([[anchor.activity]]),
            )
            for anchor in ANCHORS
            if len(self._points[anchor.branch]) >= FEWEST_IN_BRANCH
        ]
        self._settle()
        self._differs = {branch: self._branch_differs(branch) for branch in BRANCHES}

    def run(self) -> None:
        """Drop what hardly anybody is, merge what does not differ, respect the bounds of k."""
        while self._step():
            self._settle()
        self.leaves = [self._covering(leaf) for leaf in self.leaves]
        self._settle()
        while len(self.leaves) < self.upper and self._bisect():
            pass

    def adopt(self, leaves: Sequence[Leaf]) -> None:
        """Settle leaves that were chosen elsewhere."""
        self.leaves = list(leaves)
        self._settle()

    def ids(self) -> NDArray[Any]:
        """Return the leaf's id of each customer."""
        found = np.full(self._count, "", dtype=object)
        for branch in BRANCHES:
            mine = self._behaviour.in_branch(branch)
            if branch in self.cells:
                cells = self.cells[branch]
                names = np.array([leaf.id for leaf in cells.leaves], dtype=object)
                found[mine] = names[cells.assign(self._points[branch])]
        return found

    def _bisect(self) -> bool:
        """Split the leaf that gains most; below `min_k` also where nothing is gained."""
        whole, forced = self.leaves, len(self.leaves) < self._options.min_k
        found = [split for leaf in self.leaves for split in self._bisections(leaf)]
        found = [split for split in found if split.justified or forced]
        for split in sorted(found, key=lambda s: (s.justified, s.gain, s.size), reverse=True):
            self.adopt([leaf for leaf in whole if leaf is not split.leaf] + [*split.halves])
            if forced or is_simple(self._behaviour, self.ids()):
                return True
        self.adopt(whole)
        return False

    def _bisections(self, leaf: Leaf) -> Iterator[_Bisection]:
        """Yield the ways to halve a leaf that leave enough customers on both sides."""
        cells, points = self.cells[leaf.branch], self._points[leaf.branch]
        place = cells.leaves.index(leaf)
        mine = points[cells.assign(points) == place]
        least = max(HALVABLE_SHARE * self._count, HALVABLE_COUNT)
        if leaf.half is not None or len(leaf.prototypes) > 1 or len(mine) < least:
            return
        for axis, names, step in HALF_STEPS:
            if axis >= points.shape[1]:
                continue
            shift = np.zeros(points.shape[1])
            shift[axis] = step
            halves = tuple(
                Leaf(leaf.anchors, leaf.branch, leaf.prototypes + sign * shift, half)
                for sign, half in zip((1, -1), names, strict=True)
            )
            split = _settled(halves, mine)
            sizes = np.bincount(split.assign(mine), minlength=2)
            if sizes.min() >= max(HALF_SHARE * self._count, HALF_COUNT):
                gain, z = self._gain(leaf, place, split)
                yield _Bisection(
                    leaf,
                    (halves[0], halves[1]),
                    self._differs[leaf.branch] and z >= LEAST_Z and gain >= self._least_gain(leaf),
                    gain * (VALUE_HALVES_COUNT if axis == 1 else 1.0),
                    len(mine),
                )

    def _gain(self, leaf: Leaf, place: int, split: Cells) -> tuple[float, float]:
        """Return the share of spend's variation that two halves explain, and its z score."""
        tried = self._tried[leaf.branch]
        if tried is None:
            return 0.0, 0.0
        points, log_spend = tried
        mine = self.cells[leaf.branch].assign(points) == place
        half = split.assign(points[mine])
        one, other = (_summed(log_spend[mine][half == side]) for side in (0, 1))
        if min(one.count, other.count) < FEWEST_TO_JUDGE_PAIR:
            return 0.0, 0.0
        difference = one.mean - other.mean
        error = np.sqrt(one.variance / one.count + other.variance / other.count)
        together = one.count * other.count / (one.count + other.count)
        return together * difference**2 / self._variation, difference / max(error, 1e-12)

    def _least_gain(self, leaf: Leaf) -> float:
        beyond = (factor for below, factor in GAIN_FACTORS if len(self.leaves) < below)
        least = LEAST_GAIN * next(beyond, GAIN_FACTOR_BEYOND)
        if not self._previous_ids:
            return least
        halved = any(known.startswith(f"{leaf.id}_") for known in self._previous_ids)
        return least * (STICKY_HALF if halved else STRICT_HALF)

    def _step(self) -> bool:
        pairs = list(self._pairs())
        if not pairs:
            return False
        many = len(self.leaves) > self._options.min_k
        if (tiny := self._tiny(many)) is not None:
            self._drop(tiny)
            return True
        unjustified = [pair for pair in pairs if not self._justified(*pair)]
        if unjustified and many:
            self._merge(*min(unjustified, key=lambda pair: self._cost(*pair)))
            return True
        if len(self.leaves) > self.upper:
            self._merge(*min(pairs, key=lambda pair: self._cost(*pair)))
            return True
        return False

    def _settle(self) -> None:
        """Let k-means settle in each branch, and look at what each leaf's customers spent."""
        self.cells: dict[Branch, Cells] = {}
        self._sizes: dict[Leaf, int] = {}
        self._spend: dict[Leaf, _Spend] = {}
        for branch in BRANCHES:
            leaves = tuple(leaf for leaf in self.leaves if leaf.branch == branch)
            if leaves:
                self._settle_branch(branch, leaves)

    def _settle_branch(self, branch: Branch, leaves: tuple[Leaf, ...]) -> None:
        points = self._points[branch]
        cells = self.cells[branch] = _settled(leaves, points)
        sizes = np.bincount(cells.assign(points), minlength=len(leaves))
        self._sizes.update(zip(leaves, sizes.tolist(), strict=True))
        if (tried := self._tried[branch]) is not None:
            place = cells.assign(tried[0])
            for index, leaf in enumerate(leaves):
                self._spend[leaf] = _summed(tried[1][place == index])

    def _branch_differs(self, branch: Branch) -> bool:
        """Whether the leaves of a branch differ at all (F test); assumed where few can tell."""
        found = [self._spend[leaf] for leaf in self.leaves if leaf in self._spend]
        mine = [
            spend
            for leaf, spend in self._spend.items()
            if leaf.branch == branch and spend.count >= 5
        ]
        total = sum(spend.count for spend in mine)
        if not found or total < FEWEST_TO_JUDGE_BRANCH or len(mine) < 2:
            return total < FEWEST_TO_JUDGE_BRANCH
        mean = sum(spend.count * spend.mean for spend in mine) / total
        between = sum(spend.count * (spend.mean - mean) ** 2 for spend in mine) / (len(mine) - 1)
        within = sum(spend.count * spend.variance for spend in mine) / (total - len(mine))
        chance = f_distribution.sf(between / max(within, 1e-12), len(mine) - 1, total - len(mine))
        return bool(chance < DIFFER_P * self._leniency(branch))

    def _leniency(self, branch: Branch) -> float:
        kept = sum(leaf.id in self._previous_ids for leaf in self.leaves if leaf.branch == branch)
        if not self._previous_ids:
            return 1.0
        return 10.0 if kept > 1 else 0.1

    def _pairs(self) -> Iterator[tuple[Leaf, Leaf]]:
        """Yield the pairs that may be merged; a leaf without neighbours has its nearest."""
        paired: set[Leaf] = set()
        for place, left in enumerate(self.leaves):
            for right in self.leaves[place + 1 :]:
                if are_neighbours(left.anchors, right.anchors):
                    paired |= {left, right}
                    yield left, right
        for leaf in self.leaves:
            rest = [other for other in self.leaves if other.branch == leaf.branch]
            if leaf not in paired and len(rest) > 1:
                yield (
                    leaf,
                    min(
                        (other for other in rest if other is not leaf),
                        key=lambda other: float(
                            np.linalg.norm(
                                leaf.prototypes.mean(axis=0) - other.prototypes.mean(axis=0)
                            )
                        ),
                    ),
                )

    def _tiny(self, many: bool) -> Leaf | None:
        """Return the smallest leaf that hardly anybody is in, if there is one."""
        small = [
            leaf
            for leaf in self.leaves
            if self._sizes[leaf] < self._least_size(leaf)
            and (many or self._sizes[leaf] < 5)
            and any(other.branch == leaf.branch for other in self.leaves if other is not leaf)
        ]
        return min(small, key=lambda leaf: self._sizes[leaf]) if small else None

    def _least_size(self, leaf: Leaf) -> float:
        least = max(LEAST_SHARE * self._count, LEAST_COUNT)
        if not self._previous_ids:
            return least
        return least * (STICKY_SIZE if leaf.id in self._previous_ids else STRICT_SIZE)

    def _justified(self, left: Leaf, right: Leaf) -> bool:
        """Whether what the two leaves' customers spent next differs enough to tell them apart."""
        if left not in self._spend or right not in self._spend:
            return True
        if not self._differs[left.branch]:
            return False
        one, other = self._spend[left], self._spend[right]
        if min(one.count, other.count) < FEWEST_TO_JUDGE_PAIR:
            return True
        pooled = (one.count * one.variance + other.count * other.variance) / (
            one.count + other.count
        )
        difference = abs(one.mean - other.mean) / max(np.sqrt(pooled), 1e-9)
        error = np.sqrt(1 / one.count + 1 / other.count)
        known = {left.id, right.id} <= self._previous_ids
        least = LEAST_DIFFERENCE * (STICKY_DIFFERENCE if known else 1.0)
        return bool(difference + ONE_SIDED_95 * error >= least)

    def _cost(self, left: Leaf, right: Leaf) -> float:
        """Return how much of the spend's variation merging two leaves would hide."""
        one, other = (self._spend.get(leaf, _Spend(0, 0.0, 0.0)) for leaf in (left, right))
        together = max(one.count + other.count, 1)
        return one.count * other.count / together * (one.mean - other.mean) ** 2

    def _drop(self, leaf: Leaf) -> None:
        self.leaves = [other for other in self.leaves if other is not leaf]

    def _covering(self, leaf: Leaf) -> Leaf:
        """Give the only leaf of a branch the id of the whole branch."""
        if sum(other.branch == leaf.branch for other in self.leaves) > 1:
            return leaf
        return Leaf(WHOLE[leaf.branch], leaf.branch, leaf.prototypes)

    def _merge(self, left: Leaf, right: Leaf) -> None:
        prototypes = np.vstack([left.prototypes, right.prototypes])
        self._replace([left, right], Leaf(left.anchors | right.anchors, left.branch, prototypes))

    def _replace(self, old: list[Leaf], new: Leaf) -> None:
        self.leaves = [leaf for leaf in self.leaves if leaf not in old] + [new]


def _prototype(activity: float, value: float) -> FloatArray:
    return np.array([[activity, VALUE_WEIGHT * value]])


def _tried(
    outcomes: Outcomes | None, space: Space, branch: Branch
) -> tuple[FloatArray, FloatArray] | None:
    """Return where the customers of a branch stood before the window, and what they spent."""
    if outcomes is None:
        return None
    mine = outcomes.of(outcomes.before.in_branch(branch))
    return space.coordinates(mine.before, branch), mine.log_spend


def _settled(leaves: tuple[Leaf, ...], points: FloatArray) -> Cells:
    prototypes = np.vstack([leaf.prototypes for leaf in leaves])
    owner = np.repeat(np.arange(len(leaves)), [len(leaf.prototypes) for leaf in leaves])
    weight = max(ANCHOR_WEIGHT * len(points) / len(prototypes), 1e-6)
    fitted = KMeans(len(prototypes), init=prototypes, n_init=1).fit(
        np.vstack([points, prototypes]),
        sample_weight=np.concatenate([np.ones(len(points)), np.full(len(prototypes), weight)]),
    )
    return Cells(leaves, fitted.cluster_centers_, owner)


def _summed(log_spend: FloatArray) -> _Spend:
    if not len(log_spend):
        return _Spend(0, 0.0, 1e-9)
    return _Spend(len(log_spend), float(log_spend.mean()), max(float(log_spend.var()), 1e-9))
