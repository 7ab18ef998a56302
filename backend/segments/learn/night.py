"""From a shop's history to the segment of each of its customers, night after night."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.behaviour.baskets import Baskets
from backend.behaviour.history import ONE_DAY, OrderHistory
from backend.core.glossary import Decision
from backend.core.threads import one_thread
from backend.results.clustering import ClusteringReport
from backend.segments.buyers import Behaviour
from backend.segments.clustering_notes import (
    AskedForOne,
    BordersHeldBack,
    ClusteringNote,
    CurvesAssumed,
    EnoughForOne,
    FewerJustified,
    FewerLargeEnough,
    HeldToFewer,
    TooFewToCluster,
)
from backend.segments.habit_evidence import HabitScale, with_habits
from backend.segments.learn.borders import Fitting
from backend.segments.learn.segment_tuning import TUNED, SegmentTuning
from backend.segments.membership import Before, Ids, Membership, Refit
from backend.segments.options import ClusteringOptions, upper_bound
from backend.segments.placing import place
from backend.segments.segment_model import REFIT_AFTER_DAYS, SegmentModel
from backend.segments.vocabulary import Naming

FEWEST_BUYERS = 20


def segment(
    history: OrderHistory,
    behaviour: Behaviour,
    options: ClusteringOptions,
    customer_keys: NDArray[Any],
    *,
    naming: Naming,
    baskets: Baskets | None = None,
    before: Before | None = None,
    refit: Refit = "auto",
    tuning: SegmentTuning = TUNED,
    threads: int = 1,
) -> Membership:
    """Put every customer into a segment.

    The standing model assigns; it is fitted anew a month after it was, where other bounds are
    asked for, or on demand; another sample size alone waits for the next fit. A new fit that would
    move more than 5 % of the customers who did not order since the last run, and more
    than time itself does, is softened, then held back, unless it is forced or other bounds were
    asked for.

    Parameters
    ----------
    history
        Orders of all customers.
    behaviour
        What they come to, as `behaviour_of` sums them up.
    options
        Bounds of k, sample, scaling.
    customer_keys
        Shape (customers,), the shop's ids; the sample is drawn by their hash.
    naming
        What a new segment is called.
    baskets
        Order lines; None where they are unknown, then no habit of bulk buying is looked for.
    before
        What the published run left; None before the first.
    refit
        "auto" monthly, "now" at once, "force" also where it moves many.
    tuning
        What may be tried otherwise.
    threads
        How many refits are made at once, at least 1.
    """
    count = len(behaviour)
    if count < FEWEST_BUYERS:
        return _unclustered(history, behaviour, min(count, 1), TooFewToCluster(count))
    if upper_bound(count, options) == 1:  # one-time and repeat buyers are two at least
        note = AskedForOne() if options.max_k == 1 else EnoughForOne(count)
        return _unclustered(history, behaviour, 1, note)
    with one_thread():
        night = _Night(
            history, behaviour, options, customer_keys, naming, baskets, before, tuning, threads
        )
        return night.membership(refit)


class _Night:
    """One run over a shop with enough customers."""

    def __init__(
        self,
        history: OrderHistory,
        behaviour: Behaviour,
        options: ClusteringOptions,
        customer_keys: NDArray[Any],
        naming: Naming,
        baskets: Baskets | None,
        before: Before | None,
        tuning: SegmentTuning,
        threads: int,
    ) -> None:
        self._tuning = tuning
        self._threads = threads
        self._naming = naming
        self._history = history
        self._habits = HabitScale.of(history, behaviour.customer, baskets)
        self._behaviour = with_habits(behaviour, history, baskets, self._habits)
        self._options = options
        before = _known_by_then(before, history.as_of)
        self._standing = None if before is None else before.model
        self._was = None if before is None else before.ids[behaviour.customer]
        self._quiet = self._who_did_not_order(before)
        self._keys = customer_keys

    def membership(self, refit: Refit) -> Membership:
        """Decide which borders hold, and put every customer inside them."""
        model, decision, moved = self._decided(refit)
        count, buyers = self._history.customer_count, self._behaviour.customer
        placed = place(model, self._behaviour, count, self._was)
        by_model = np.zeros(count, dtype=bool)
        if self._standing is not None:
            stays = self._standing.assign(self._behaviour, self._was)
            by_model[buyers] = stays.ids != placed.ids[buyers]
        report = ClusteringReport(
            **asdict(model.report),
            refit=decision,
            fitted_at=str(model.fitted_at),
            moved_without_order=self._moved(placed.ids[buyers]),
            refit_would_move=moved,
        )
        return Membership(
            ids=placed.ids,
            confidence=placed.confidence,
            margin=placed.margin,
            moved_by_model=by_model,
            model=model,
            habits=self._habits,
            report=report,
            notes=_notes(model.options, report),
        )

    def _decided(self, refit: Refit) -> tuple[SegmentModel, Decision, float | None]:
        """Return the model that holds, why, and what share of quiet customers a refit moves."""
        standing = self._standing
        if standing is None:
            task = self._fitting(None)
            return task.confident(task.borders(0.0), 0.0), Decision.FIRST, None
        other_bounds = standing.options != replace(
            self._options, sample_size=standing.options.sample_size
        )
        if refit == "auto" and not other_bounds and not self._is_due(standing):
            return standing, Decision.KEPT, None
        forced = refit == "force" or other_bounds
        # After a long while time alone moves many: new borders may move as many.
        stays = self._moved(standing.assign(self._behaviour, self._was).ids) or 0.0
        most = max(self._tuning.night.most_moved, stays)
        least_moved, task = np.inf, self._fitting(standing)
        for share in self._tuning.night.shares_of_previous:
            model = task.borders(share)
            moved = self._moved(model.assign(self._behaviour, self._was).ids) or 0.0
            if forced or moved <= most:
                decision = Decision.FORCED if forced else Decision.ADOPTED
                return task.confident(model, share), decision, moved
            least_moved = min(least_moved, moved)
        return standing, Decision.HELD_BACK, least_moved

    def _fitting(self, standing: SegmentModel | None) -> Fitting:
        return Fitting(
            self._history,
            self._behaviour,
            self._options,
            standing,
            self._keys,
            self._naming,
            self._tuning,
            self._threads,
        )

    def _is_due(self, standing: SegmentModel) -> bool:
        return bool(self._history.as_of - standing.fitted_at >= REFIT_AFTER_DAYS * ONE_DAY)

    def _who_did_not_order(self, before: Before | None) -> NDArray[np.bool_]:
        """Return which buyers were known before and have not ordered since."""
        if before is None or before.as_of is None or self._was is None:
            return np.zeros(len(self._behaviour), dtype=bool)
        days = (self._history.as_of - before.as_of) / ONE_DAY
        known = np.array([identity is not None for identity in self._was.tolist()], dtype=bool)
        return known & (self._behaviour.recency_days >= days)

    def _moved(self, ids: Ids) -> float | None:
        """Return the share of the quiet who are elsewhere than before; None where nobody is."""
        if self._was is None or not self._quiet.any():
            return None
        return round(float((ids != self._was)[self._quiet].mean()), 4)


def _known_by_then(before: Before | None, as_of: np.datetime64) -> Before | None:
    """Return what an earlier run left, unless it knows what is still to come at `as_of`."""
    if before is None or before.as_of is None or before.as_of > as_of:
        return None
    return before


def _notes(options: ClusteringOptions, report: ClusteringReport) -> tuple[ClusteringNote, ...]:
    notes: list[ClusteringNote] = []
    if report.justified_k < options.min_k:
        notes.append(FewerJustified(options.min_k, report.justified_k))
    if report.k < options.min_k:
        notes.append(FewerLargeEnough(report.k))
    if report.k == report.upper_bound < report.justified_k:
        notes.append(HeldToFewer(report.k))
    if not report.window_known:
        notes.append(CurvesAssumed())
    if report.refit == Decision.HELD_BACK:
        notes.append(BordersHeldBack(report.refit_would_move or 0.0))
    return tuple(notes)


def _unclustered(
    history: OrderHistory, behaviour: Behaviour, count: int, note: ClusteringNote
) -> Membership:
    placed = place(None, behaviour, history.customer_count, None)
    return Membership(
        ids=placed.ids,
        confidence=placed.confidence,
        margin=placed.margin,
        moved_by_model=np.zeros(history.customer_count, dtype=bool),
        model=None,
        habits=None,
        report=ClusteringReport(
            k=count,
            upper_bound=1,
            justified_k=count,
            sample=len(behaviour),
            refit=Decision.TOO_FEW,
            fitted_at=None,
            moved_without_order=None,
            refit_would_move=None,
        ),
        notes=(note,),
    )
