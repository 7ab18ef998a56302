"""The axes of the segments' space, learnt from what the shop's own customers did next."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression
from sklearn.linear_model import LinearRegression, LogisticRegression

from backend.core.arrays import BoolArray, FloatArray
from backend.segments.buyers import Behaviour
from backend.segments.learn.segment_tuning import TUNED, SpaceTuning
from backend.segments.space import HIGHEST_ACTIVITY, ReturnCurve, Space, value_score
from backend.segments.vocabulary import BRANCHES, Branch

GRID_POINTS = 120
UNPENALISED = 1e3
IQR_OF_NORMAL, P80_OF_NORMAL = 1.349, 2.563


@dataclass(frozen=True, slots=True)
class NextSpend:
    """What customers did in the window before `as_of`, and how they stood at its beginning."""

    before: Behaviour
    log_spend: FloatArray

    def of(self, rows: Any) -> "NextSpend":
        """Return some rows."""
        return NextSpend(self.before.of(rows), self.log_spend[rows])


@dataclass(frozen=True, slots=True)
class Clock:
    """The shop's gaps between orders, in days: one shorter than most, and one longer than most."""

    short_days: float
    long_days: float

    @classmethod
    def of(cls, behaviour: Behaviour, tuning: SpaceTuning = TUNED.space) -> "Clock":
        """Read it off the typical gaps of repeat customers; assumed where there are hardly any."""
        gaps = behaviour.typical_gap_days[~np.isnan(behaviour.typical_gap_days)]
        if len(gaps) < tuning.fewest_gaps:
            return cls(0.0, tuning.assumed_long_gap_days)
        return cls(*np.quantile(gaps, (tuning.short_gap, tuning.long_gap)).tolist())


def fit_curve(
    recency_days: FloatArray,
    returned: BoolArray,
    clock: Clock,
    longest: float,
    seed: int,
    tuning: SpaceTuning,
) -> ReturnCurve:
    """Learn a falling curve, relative to the freshest quarter.

    It is level up to the shop's short gaps between orders: nobody slips away before those pass.

    A logistic regression on log recency gives its course, and the more customers returned, the
    more an isotonic one over bins, averaged over Poisson resamples, gives its shape: steps alone
    would move borders far from one sample of customers to the next. Where a shop has little to
    learn from, the curve leans on 1 / (1 + (recency / long gap)^1.5).
    """
    grid = np.linspace(0, np.log1p(max(longest, 1.0)), GRID_POINTS)
    waited = np.maximum(grid, np.log1p(clock.short_days))
    assumed = 1 / (1 + (np.expm1(waited) / clock.long_days) ** 1.5)
    if len(returned) < tuning.fewest_outcomes or returned.sum() < tuning.fewest_returns:
        return ReturnCurve(grid, assumed)
    logs = np.log1p(np.maximum(recency_days, clock.short_days))
    smooth = _smooth(logs, returned, waited)
    stepped = _bagged(logs, returned, waited, seed, tuning)
    shape = returned.sum() / (returned.sum() + tuning.half_returns)
    chance = shape * stepped + (1 - shape) * smooth
    freshest = logs[logs <= np.quantile(logs, tuning.fresh_share)]
    fresh = max(float(np.interp(freshest, grid, chance).mean()), 1e-6)
    weight = len(returned) / (len(returned) + tuning.half_outcomes)
    learnt = np.clip(chance / fresh, 0, HIGHEST_ACTIVITY)
    mixed = weight * learnt + (1 - weight) * assumed
    return ReturnCurve(grid, mixed + tuning.assumed_share * assumed)


def _smooth(logs: FloatArray, returned: BoolArray, grid: FloatArray) -> FloatArray:
    """Return the chance of returning by a logistic regression; level where it would rise."""
    if returned.all():
        return np.ones(len(grid))
    fitted = LogisticRegression(C=UNPENALISED).fit(logs[:, None], returned)
    if fitted.coef_[0, 0] >= 0:
        return np.full(len(grid), float(returned.mean()))
    chance: FloatArray = fitted.predict_proba(grid[:, None])[:, 1]
    return chance


def _bagged(
    logs: FloatArray, returned: BoolArray, grid: FloatArray, seed: int, tuning: SpaceTuning
) -> FloatArray:
    edges = np.unique(np.quantile(logs, np.linspace(0, 1, tuning.bins + 1)[1:-1]))
    bins = np.searchsorted(edges, logs)
    size = len(edges) + 1
    count = np.bincount(bins, minlength=size)
    hits = np.bincount(bins, returned, size)
    middle = np.bincount(bins, logs, size) / np.maximum(count, 1)
    rng = np.random.default_rng(seed)
    curves = []
    for _ in range(tuning.resamples):
        drawn = rng.poisson(count)
        some = drawn > 0
        share = rng.binomial(drawn, np.clip(hits / np.maximum(count, 1), 0, 1))[some] / drawn[some]
        falling = isotonic_regression(share, weights=drawn[some], increasing=False).x
        curves.append(np.interp(grid, middle[some], falling))
    mean: FloatArray = np.mean(curves, axis=0)
    return mean


def fit_space(
    behaviour: Behaviour,
    outcomes: NextSpend | None,
    *,
    robust: bool,
    seed: int,
    previous: Space | None = None,
    share_of_previous: float = 0.0,
    tuning: SpaceTuning = TUNED.space,
) -> Space:
    """Learn the axes from the shop's customers and what they did next.

    With `previous`, the curves, the weight and the spread are mixed with its own by that share:
    borders drift rather than jump.
    """
    clock = Clock.of(behaviour, tuning)
    longest = float(behaviour.recency_days.max())
    curves = {
        branch: _branch_curve(outcomes, branch, clock, longest, seed, tuning).above_floor(
            behaviour.recency_days[behaviour.in_branch(branch)]
        )
        for branch in BRANCHES
    }
    weight = _frequency_weight(outcomes, curves["repeat"], tuning)
    share = share_of_previous if previous is not None else 0.0
    if previous is not None:
        curves = {b: _mixed(curves[b], previous.curves[b], share) for b in BRANCHES}
        weight = (1 - share) * weight + share * previous.frequency_weight
    repeat = behaviour.of(behaviour.in_branch("repeat"))
    scores = value_score(repeat, weight) if len(repeat) > 5 else np.array([0.0, 1.0])
    centre, spread = _robust(scores) if robust else (float(scores.mean()), float(scores.std()))
    spread = spread if spread > 1e-9 else np.inf
    if previous is not None and np.isfinite(previous.spread) and np.isfinite(spread):
        centre = (1 - share) * centre + share * previous.centre
        spread = (1 - share) * spread + share * previous.spread
    return Space(curves, weight, centre, spread, tuning.winsor if robust else np.inf)


def _mixed(curve: ReturnCurve, previous: ReturnCurve, share: float) -> ReturnCurve:
    before = previous(np.expm1(curve.grid))
    return ReturnCurve(curve.grid, (1 - share) * curve.values + share * before)


def _branch_curve(
    outcomes: NextSpend | None,
    branch: Branch,
    clock: Clock,
    longest: float,
    seed: int,
    tuning: SpaceTuning,
) -> ReturnCurve:
    if outcomes is None:
        return fit_curve(np.empty(0), np.empty(0, dtype=bool), clock, longest, seed, tuning)
    mine = outcomes.of(outcomes.before.in_branch(branch))
    return fit_curve(mine.before.recency_days, mine.log_spend > 0, clock, longest, seed, tuning)


def _frequency_weight(outcomes: NextSpend | None, curve: ReturnCurve, tuning: SpaceTuning) -> float:
    """Weigh how often against how much by what foretells spend; a half where that is unknown."""
    if outcomes is None:
        return 0.5
    mine = outcomes.of(outcomes.before.in_branch("repeat"))
    if len(mine.log_spend) < tuning.fewest_outcomes:
        return 0.5
    often = _winsorised(np.log(mine.before.order_days), tuning.winsor)
    much = _winsorised(mine.before.mean_log_value, tuning.winsor)
    facts = np.column_stack([often, much, curve(mine.before.recency_days)])
    slopes = np.maximum(LinearRegression().fit(facts, mine.log_spend).coef_[:2], 0)
    if slopes.sum() == 0:
        return 0.5
    trust = len(mine.log_spend) / (len(mine.log_spend) + tuning.half_repeat)
    return float(trust * slopes[0] / slopes.sum() + (1 - trust) * 0.5)


def _winsorised(values: FloatArray, winsor: float) -> FloatArray:
    """Keep a single huge order from turning the line that is fitted."""
    centre, spread = _robust(values)
    return np.clip(values, centre - winsor * spread, centre + winsor * spread)


def _robust(values: FloatArray) -> tuple[float, float]:
    """Return median and IQR; a wider range where half of all customers share one value."""
    low, p10, middle, p90, high = np.quantile(values, (0.25, 0.1, 0.5, 0.9, 0.75))
    whole = float(np.clip(values, *np.quantile(values, (0.01, 0.99))).std())
    for spread in ((high - low) / IQR_OF_NORMAL, (p90 - p10) / P80_OF_NORMAL):
        if spread >= 0.2 * whole and spread > 0:
            return float(middle), float(spread)
    return float(middle), whole
