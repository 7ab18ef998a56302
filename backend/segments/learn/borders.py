"""One shop to fit segments on: once on its sample, and again on resamples of it."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from backend.behaviour.history import ONE_DAY, OrderHistory
from backend.core.arrays import FloatArray, IntArray
from backend.core.threads import side_by_side
from backend.results.clustering import FitFigures
from backend.segments.boxes import Boxes
from backend.segments.buyers import Behaviour, behaviour_of, spend_after
from backend.segments.habits import Mixture
from backend.segments.learn.cluster import Clustering
from backend.segments.learn.fit_space import NextSpend, fit_space
from backend.segments.learn.mixtures import fit_traits
from backend.segments.learn.segment_tuning import TUNED, BorderTuning, SegmentTuning
from backend.segments.learn.simplicity import is_simple
from backend.segments.options import ClusteringOptions, upper_bound
from backend.segments.segment_model import Reliability, SegmentModel
from backend.segments.space import Space, value_score
from backend.segments.vocabulary import (
    ANCHORS,
    BRANCHES,
    TRAITS,
    Branch,
    Naming,
    Trait,
    trait_id,
)


class Fitting:
    """A shop's customers and what they did in the last window, ready to learn from.

    Parameters
    ----------
    history
        Orders of all customers.
    behaviour
        Of all buyers, with the evidence of habits.
    options
        Bounds of k, sample, scaling.
    previous
        The standing model, whose leaves stay more easily; None before the first.
    customer_keys
        Shape (customers,), the shop's ids; the sample is drawn by their hash.
    tuning
        What may be tried otherwise.
    threads
        How many refits are made at once, at least 1.
    """

    def __init__(
        self,
        history: OrderHistory,
        behaviour: Behaviour,
        options: ClusteringOptions,
        previous: SegmentModel | None,
        customer_keys: NDArray[Any],
        naming: Naming,
        tuning: SegmentTuning = TUNED,
        threads: int = 1,
    ) -> None:
        self._tuning = tuning
        self._threads = threads
        self._naming = naming
        self._behaviour = behaviour
        self._as_of = history.as_of
        self._options = options
        self._previous = previous
        self._sampled = _sample(behaviour, customer_keys, options)
        self._sampled_habits: dict[Trait, Mixture] | None = None
        self._outcomes = _outcomes(history, self._sampled.customer, tuning.borders)
        self._earlier = _earlier(history, self._sampled.customer, self._outcomes, tuning.borders)

    def borders(self, share_of_previous: float) -> SegmentModel:
        """Fit on the sample. What is adopted wants `confident` too."""
        space = self._space(self._sampled, self._outcomes, share_of_previous)
        model = self._fitted(self._sampled, self._outcomes, space, self._options)
        return replace(model, names=self._names(model))

    def confident(self, model: SegmentModel, share_of_previous: float) -> SegmentModel:
        """Learn how reliable borders are, from refits on resamples: nine times their own cost."""
        report = replace(
            model.report,
            justified_k=self._justified_k(model.space),
            share_of_previous=share_of_previous if self._previous else None,
        )
        work = [partial(self._refitted, *drawn, share_of_previous) for drawn in self._resamples()]
        refits = side_by_side(work, self._threads)
        return self._with_reliability(replace(model, report=report), refits)

    def _justified_k(self, space: Space) -> int:
        """Return the number of segments that the data justify, without any bounds."""
        most = len(ANCHORS) + len(TRAITS)
        unbound = replace(self._options, min_k=1, max_k=most, dynamic_k_range=False)
        return len(self._fitted(self._sampled, self._outcomes, space, unbound).segment_ids)

    def _with_reliability(
        self, model: SegmentModel, refits: Sequence[SegmentModel]
    ) -> SegmentModel:
        """Learn the share of refits in which customers keep their segment.

        An isotonic function of the distance to the nearest border, per branch.
        """
        assigned = model.assign(self._behaviour)
        kept = np.zeros(len(self._behaviour))
        for refit in refits:
            kept += refit.assign(self._behaviour).ids == assigned.ids
        tuning = self._tuning.borders
        reliability: dict[Branch, Reliability] = {}
        for branch in BRANCHES:
            mine = self._behaviour.in_branch(branch)
            if mine.any():
                reliability[branch] = _reliability(
                    assigned.margin[mine], kept[mine] / tuning.refits, tuning.reliability_points
                )
        return replace(model, reliability=reliability)

    def _resamples(self) -> Iterator[tuple[IntArray, IntArray]]:
        """Draw rows of customers and of outcomes, with replacement."""
        rng = np.random.default_rng(self._options.seed)
        size = min(len(self._sampled), self._tuning.borders.most_rows_in_a_refit)
        known = 0 if self._outcomes is None else len(self._outcomes.log_spend)
        for _ in range(self._tuning.borders.refits):
            customers = rng.integers(0, len(self._sampled), size)
            yield customers, rng.integers(0, max(known, 1), min(known, size))

    def _refitted(
        self, customers: IntArray, outcomes: IntArray, share_of_previous: float
    ) -> SegmentModel:
        drawn = self._sampled.of(customers)
        known = None if self._outcomes is None else self._outcomes.of(outcomes)
        space = self._space(drawn, known, share_of_previous)
        return self._fitted(drawn, known, space, self._options)

    def _space(
        self, customers: Behaviour, outcomes: NextSpend | None, share_of_previous: float
    ) -> Space:
        return fit_space(
            customers,
            outcomes,
            robust=self._options.robust_scaling,
            seed=self._options.seed,
            previous=None if self._previous is None else self._previous.space,
            share_of_previous=share_of_previous,
            tuning=self._tuning.space,
        )

    def _habits(self, customers: Behaviour) -> dict[Trait, Mixture]:
        """Return which habits some customers have; of the sample they are asked for twice."""
        if customers is not self._sampled:
            return _habits_of(customers)
        if self._sampled_habits is None:
            self._sampled_habits = _habits_of(customers)
        return self._sampled_habits

    def _fitted(
        self,
        customers: Behaviour,
        outcomes: NextSpend | None,
        space: Space,
        options: ClusteringOptions,
    ) -> SegmentModel:
        """Fit on some customers, along their axes."""
        previous = self._previous
        upper = upper_bound(len(self._behaviour), options)
        clustering = Clustering(
            customers,
            outcomes,
            space,
            upper=upper,
            min_k=options.min_k,
            previous_ids=frozenset() if previous is None else previous.segment_ids,
            earlier=self._earlier,
            tuning=self._tuning.cluster,
        )
        clustering.unite()
        model = SegmentModel(
            space=space,
            boxes=_boxes(clustering),
            fitted_at=self._as_of,
            options=self._options,
            value_quantiles=_value_quantiles(customers, space),
        )
        room = upper - len(model.segment_ids)
        found = self._habits(customers) if room > 0 else {}
        traits = _traits(model, customers, found, room, self._tuning.borders)
        clustering.halve(options.min_k - len(traits))
        model = replace(model, boxes=_boxes(clustering), traits=traits)
        count = len(model.segment_ids)
        report = FitFigures(
            k=count,
            upper_bound=upper,
            justified_k=count,
            sample=len(customers),
            window_known=outcomes is not None,
        )
        return replace(model, report=report)

    def _names(self, model: SegmentModel) -> Mapping[str, str]:
        """Name what is new by the rules; a segment keeps the name that it was born with."""
        kept = {} if self._previous is None else self._previous.names
        ids = model.assign(self._behaviour).ids
        fresh = {}
        for identity in sorted(model.segment_ids - set(kept)):
            recency = self._behaviour.recency_days[ids == identity]
            median = float(np.median(recency)) if len(recency) else None
            fresh[identity] = self._naming(identity, self._return_share(model, identity), median)
        return {**kept, **fresh}

    def _return_share(self, model: SegmentModel, identity: str) -> float | None:
        """Return the share of a segment's customers who came back in the window."""
        if self._outcomes is None:
            return None
        mine = model.assign(self._outcomes.before).ids == identity
        return float((self._outcomes.log_spend[mine] > 0).mean()) if mine.any() else None


def _sample(
    behaviour: Behaviour, customer_keys: NDArray[Any], options: ClusteringOptions
) -> Behaviour:
    """Draw by a hash of the id: a customer drawn today is drawn tomorrow."""
    size = options.sample_size
    if size is None or size >= len(behaviour):
        return behaviour
    keys = customer_keys[behaviour.customer].tolist()
    hashes = np.array([zlib.crc32(str(key).encode(), options.seed) for key in keys])
    return behaviour.of(np.sort(np.argsort(hashes, kind="stable")[:size]))


def _outcomes(history: OrderHistory, customers: IntArray, tuning: BorderTuning) -> NextSpend | None:
    """Look at what the sample did in the last window; None where that tells too little."""
    window = _window_days(history, tuning)
    found = _window(history, customers, history.as_of - window * ONE_DAY)
    return found if np.count_nonzero(found.log_spend) >= tuning.fewest_returns else None


def _window_days(history: OrderHistory, tuning: BorderTuning) -> int:
    span = int((history.as_of - history.created_at.min()) / ONE_DAY)
    return int(np.clip(span // 4, tuning.shortest_window_days, tuning.longest_window_days))


def _window(history: OrderHistory, customers: IntArray, cutoff: np.datetime64) -> NextSpend:
    """Return how they stood at the cut-off, and what they spent from then on."""
    before = behaviour_of(history.before(cutoff))
    before = before.of(np.isin(before.customer, customers))
    return NextSpend(before, spend_after(history, cutoff, before.customer))


def _earlier(
    history: OrderHistory, customers: IntArray, last: NextSpend | None, tuning: BorderTuning
) -> tuple[NextSpend, ...]:
    """Look at windows before the last where that one knows few customers.

    They end where the next begins, so that no order is counted twice.
    """
    if last is None or len(last.log_spend) >= tuning.enough_known:
        return ()
    window = _window_days(history, tuning) * ONE_DAY
    ends = [history.as_of - number * window for number in range(1, 1 + tuning.earlier_windows)]
    found = (_window(history.before(end), customers, end - window) for end in ends)
    return tuple(one for one in found if len(one.log_spend))


def _boxes(clustering: Clustering) -> dict[Branch, Boxes]:
    found = {branch: clustering.boxes(branch) for branch in BRANCHES}
    return {branch: boxes for branch, boxes in found.items() if boxes is not None}


def _habits_of(customers: Behaviour) -> dict[Trait, Mixture]:
    return {} if customers.evidence is None else fit_traits(customers.evidence)


def _traits(
    model: SegmentModel,
    customers: Behaviour,
    found: dict[Trait, Mixture],
    room: int,
    tuning: BorderTuning,
) -> dict[Trait, Mixture]:
    """Keep the habits that enough customers have, the commonest first, while there is room."""
    if not found:
        return {}
    ids = replace(model, traits=found).assign(customers).ids
    sizes = {trait: int((ids == trait_id(trait)).sum()) for trait in found}
    least = max(tuning.least_share_with_habit * len(customers), tuning.fewest_with_habit)
    kept: dict[Trait, Mixture] = {}
    for trait in sorted(found, key=lambda trait: -sizes[trait])[:room]:
        more = {**kept, trait: found[trait]}
        ids = replace(model, traits=more).assign(customers).ids
        if sizes[trait] >= least and is_simple(customers, ids, tuning):
            kept = more
    return kept


def _value_quantiles(customers: Behaviour, space: Space) -> FloatArray:
    repeat = customers.of(customers.in_branch("repeat"))
    if not len(repeat):
        return np.zeros(1)
    scores = value_score(repeat, space.frequency_weight)
    quantiles: FloatArray = np.quantile(scores, np.linspace(0, 1, 101))
    return quantiles


def _reliability(margin: FloatArray, kept: FloatArray, points: int) -> Reliability:
    rising = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(margin, kept)
    at = np.unique(np.quantile(margin, np.linspace(0, 1, points)))
    return Reliability(at, rising.predict(at))
