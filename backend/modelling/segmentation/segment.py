"""From a shop's history to the segment of each of its customers."""

import zlib
from collections.abc import Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.core.words import NO_ORDERS
from backend.modelling.forecast import Forecast
from backend.modelling.history import ONE_DAY, OrderHistory
from backend.modelling.segmentation.anchored import Clustering
from backend.modelling.segmentation.behaviour import (
    Behaviour,
    FloatArray,
    IntArray,
    behaviour_of,
    spend_after,
)
from backend.modelling.segmentation.options import ClusteringOptions, upper_bound
from backend.modelling.segmentation.profiles import Segment, describe
from backend.modelling.segmentation.space import Outcomes, fit_space
from backend.modelling.segmentation.standing import StandingModel
from backend.modelling.segmentation.vocabulary import ANCHORS
from backend.modelling.threads import one_thread

ALL = "all_customers"
FEWEST_BUYERS = 20
FEWEST_RETURNS = 30
SHORTEST_WINDOW_DAYS, LONGEST_WINDOW_DAYS = 28, 180
REFITS, MOST_ROWS_IN_A_REFIT = 8, 10_000
# The order in which segments are shown: by life stage, the valuable first, nobody last.
ORDER = (
    "high_value_repeat",
    "regular_repeat",
    "low_value_repeat",
    "active_repeat",
    "repeat",
    "new_one_time",
    "one_time",
    "slipping_high_value",
    "slipping_light",
    "slipping_repeat",
    "lapsed_high_value",
    "lapsed_repeat",
    "lapsed_repeat_all",
    "lapsed_one_time",
    ALL,
    NO_ORDERS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """Who is in which segment.

    Attributes
    ----------
    membership
        Shape (customers,), index into `segments`.
    confidence
        Shape (customers,), in [0, 1]; share of refits on resampled customers in which a customer
        keeps the segment. NaN without orders, or where nothing was clustered.
    moved_by_model
        Shape (customers,), whether a customer is elsewhere than the standing model puts them.
    model
        Borders to keep for the next run; None where nothing was clustered.
    report
        What the options did.
    notes
        Sentences for a person.
    """

    membership: IntArray
    confidence: FloatArray
    moved_by_model: NDArray[np.bool_]
    segments: tuple[Segment, ...]
    model: StandingModel | None
    report: dict[str, Any]
    notes: tuple[str, ...]


def segment(
    history: OrderHistory,
    forecast: Forecast,
    options: ClusteringOptions,
    previous: StandingModel | None,
    customer_keys: NDArray[Any],
) -> Segmentation:
    """Put every customer into a segment.

    Parameters
    ----------
    history
        Orders of all customers.
    forecast
        Value and churn, for the profiles.
    options
        Bounds of k, sample, scaling.
    previous
        The model of the published run; None before the first.
    customer_keys
        Shape (customers,), the shop's ids; the sample is drawn by their hash.
    """
    ids = np.full(history.customer_count, NO_ORDERS, dtype=object)
    confidence = np.full(history.customer_count, np.nan)
    moved = np.zeros(history.customer_count, dtype=bool)
    behaviour = behaviour_of(history)
    buyers = behaviour.customer
    if len(buyers) < FEWEST_BUYERS:
        ids[buyers] = ALL
        words = f"{len(buyers)} customers with orders are too few to cluster: one segment."
        report = {"k": min(len(buyers), 1), "sample": len(buyers)}
        return _assembled(ids, confidence, moved, forecast, None, report, (words,))
    if upper_bound(len(buyers), options) == 1:  # one-time and repeat buyers are two at least
        ids[buyers] = ALL
        report = {"k": 1, "upper_bound": 1, "sample": len(buyers)}
        words = "Held to 1 segment, as asked for."
        return _assembled(ids, confidence, moved, forecast, None, report, (words,))
    with one_thread():
        task = _Task(history, behaviour, options, previous, customer_keys)
        model, report = task.fit(np.arange(len(task.sampled)), options)
        ids[buyers] = model.assign(behaviour)
        confidence[buyers] = task.confidence(model, ids[buyers])
        unbound = replace(options, min_k=1, max_k=len(ANCHORS), dynamic_k_range=False)
        justified, _ = task.fit(np.arange(len(task.sampled)), unbound)
    if previous is not None:
        moved[buyers] = previous.assign(behaviour) != ids[buyers]
    report["justified_k"] = len(justified.segment_ids)
    notes = _notes(options, report)
    return _assembled(ids, confidence, moved, forecast, model, report, notes)


class _Task:
    """One shop to fit on, once on its sample and again on resamples of it."""

    def __init__(
        self,
        history: OrderHistory,
        behaviour: Behaviour,
        options: ClusteringOptions,
        previous: StandingModel | None,
        customer_keys: NDArray[Any],
    ) -> None:
        self.behaviour = behaviour
        self._seed = options.seed
        self._options = options
        self._known: Set[str] = frozenset() if previous is None else previous.segment_ids
        self.sampled = behaviour.of(_sample(customer_keys[behaviour.customer], options))
        self._outcomes = _outcomes(history, self.sampled.customer)

    def fit(
        self, rows: IntArray, options: ClusteringOptions, outcome_rows: IntArray | None = None
    ) -> tuple[StandingModel, dict[str, Any]]:
        """Fit on some rows of the sample."""
        behaviour, outcomes = self.sampled.of(rows), self._outcomes
        if outcomes is not None and outcome_rows is not None:
            outcomes = outcomes.of(outcome_rows)
        space = fit_space(behaviour, outcomes, robust=options.robust_scaling, seed=self._seed)
        clustering = Clustering(behaviour, outcomes, space, options, self._known)
        clustering.run()
        cells = clustering.cells
        model = StandingModel(
            space,
            {branch: cell.centres for branch, cell in cells.items()},
            {
                branch: tuple(cell.leaves[owner].id for owner in cell.owner)
                for branch, cell in cells.items()
            },
        )
        report = {
            "k": len(model.segment_ids),
            "upper_bound": clustering.upper,
            "sample": len(behaviour),
            "window_known": outcomes is not None,
        }
        return model, report

    def confidence(self, model: StandingModel, ids: NDArray[Any]) -> FloatArray:
        """Refit on resampled customers, and count how often each keeps the segment."""
        rng = np.random.default_rng(self._seed)
        size = min(len(self.sampled), MOST_ROWS_IN_A_REFIT)
        outcomes = 0 if self._outcomes is None else len(self._outcomes.log_spend)
        kept = np.zeros(len(ids))
        for _ in range(REFITS):
            rows = rng.integers(0, len(self.sampled), size)
            outcome_rows = rng.integers(0, outcomes, min(outcomes, size)) if outcomes else None
            refit, _ = self.fit(rows, self._options, outcome_rows)
            kept += refit.assign(self.behaviour) == ids
        return kept / REFITS


def _sample(keys: NDArray[Any], options: ClusteringOptions) -> IntArray:
    """Draw by a hash of the id: a customer drawn today is drawn tomorrow."""
    size = options.sample_size
    if size is None or size >= len(keys):
        return np.arange(len(keys))
    hashes = np.array([zlib.crc32(str(key).encode(), options.seed) for key in keys.tolist()])
    return np.sort(np.argsort(hashes, kind="stable")[:size])


def _outcomes(history: OrderHistory, customers: IntArray) -> Outcomes | None:
    """Look at what the sample did in the last window; None where that tells too little."""
    span = int((history.as_of - history.created_at.min()) / ONE_DAY)
    window = int(np.clip(span // 4, SHORTEST_WINDOW_DAYS, LONGEST_WINDOW_DAYS))
    cutoff = history.as_of - window * ONE_DAY
    before = behaviour_of(history.before(cutoff))
    before = before.of(np.isin(before.customer, customers))
    log_spend = spend_after(history, cutoff, before.customer)
    if np.count_nonzero(log_spend) < FEWEST_RETURNS:
        return None
    return Outcomes(before, log_spend)


def _notes(options: ClusteringOptions, report: dict[str, Any]) -> tuple[str, ...]:
    notes = []
    if report["justified_k"] < options.min_k:
        notes.append(
            f"Asked for at least {options.min_k} segments, "
            f"the data justify {report['justified_k']}."
        )
    if report["k"] == report["upper_bound"] < report["justified_k"]:
        notes.append(f"Held to {report['k']} segments; the data justify more.")
    if not report["window_known"]:
        notes.append("Too few customers came back to learn from: segments follow assumed curves.")
    return tuple(notes)


def _assembled(
    ids: NDArray[Any],
    confidence: FloatArray,
    moved: NDArray[np.bool_],
    forecast: Forecast,
    model: StandingModel | None,
    report: dict[str, Any],
    notes: tuple[str, ...],
) -> Segmentation:
    present = sorted(set(ids.tolist()), key=ORDER.index)
    place = {identity: index for index, identity in enumerate(present)}
    membership = np.array([place[identity] for identity in ids.tolist()], dtype=np.int64)
    return Segmentation(
        membership=membership,
        confidence=confidence,
        moved_by_model=moved,
        segments=tuple(
            describe(identity, membership == index, forecast)
            for index, identity in enumerate(present)
        ),
        model=model,
        report=report,
        notes=notes,
    )
