"""What of the forecast is tuned, as values, each with where it comes from.

"Ten other shops" chose the first values, none of them a shop of the benchmark. "Trials" are trials
inside the histories of the benchmark's three shops, "the dates" its sixteen holdouts and samples of
their customers. What a value earns is a row of the ablation (``python -m bench.ablation``; its
table is in docs/modelling.md), which replaces values and nothing else. What follows from a
definition (a year, a unit, a guard against dividing by nothing) is not tuned and stays beside its
code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backend.forecast.base_scores import LifetimeModel


@dataclass(frozen=True, slots=True)
class LifetimeTuning:
    """The base: the lifetime models, and how far they are believed."""

    # Which are averaged. The dates: each alone loses on some metric (decision 0009).
    averaged: tuple[LifetimeModel, ...] = ("bg_nbd", "mbg_nbd", "pareto_nbd")
    # Weight, in customers, of the pull towards a common shop. Ten other shops.
    ridge: float = 2.0
    # Gamma-Gamma's share in what a purchase day brings, the rest being the shop's mean. All of it,
    # by the ablation: spend RMSE is 15 % worse without.
    own_spend_share: float = 1.0


@dataclass(frozen=True, slots=True)
class CutoffTuning:
    """The past cut-offs that level and boosting learn from."""

    # Cut-offs besides that of a year ago. Ten other shops.
    most_recent: int = 6
    # Rows of all cut-offs together, and of each at least. Time: boosting grows with them.
    most_rows: int = 40_000
    fewest_rows_each: int = 2_000
    # Days by which a recent cut-off may miss the season a year ago and still stand for it. Ten
    # other shops.
    near_days: int = 10
    # A level is the log of actual over expected, both with so many purchases added. Ten other
    # shops; the ablation's row is on having no level of one's own.
    level_pseudo_purchases: float = 5.0


@dataclass(frozen=True, slots=True)
class LevelTuning:
    """Trust in what the base missed at past cut-offs, before evidence shrinks it."""

    # Shares of what was missed a year ago, or else lately, that are carried over. Ten other shops;
    # the ablation's row is on neither.
    year_ago_trust: float = 0.75
    recent_trust: float = 0.2
    # Purchases at which half of the trust is left. Ten other shops.
    year_ago_half_purchases: float = 50.0
    recent_half_purchases: float = 200.0
    # Share of what spend missed, given the purchases, that is carried over, and the purchases per
    # cut-off at which half of that is left. Trials inside invented shops and ten years of gifts.
    spend_trust: float = 0.8
    spend_half_purchases: float = 100.0
    # A model keeps 1/e of its say in the number of buyers when its share of them is off by so
    # much, at a known level. Trials; the ablation's row is on all models having the same say.
    tolerated_share: float = 0.02


@dataclass(frozen=True, slots=True)
class BoostingTuning:
    """Histogram boosting of who buys and how often."""

    # Below either, the lifetime models are left alone. Ten other shops.
    least_rarer_outcomes: float = 20.0
    least_purchases: float = 60.0
    # The direct regression's share beside the multiple of the base. The dates: one ranks better,
    # the other errs less, see the ablation's two rows.
    direct_share: float = 0.5
    # Trials: twice the trees at half the rate, or twice the leaves, earned nothing.
    purchase_trees: int = 40
    buy_trees: int = 60
    learning_rate: float = 0.1
    most_leaves: int = 8
    # In scikit-learn's sense. Ten other shops.
    l2_regularization: float = 5.0
    max_features: float = 0.5
    # A leaf holds at least a hundredth of the rows, within these bounds. Ten other shops.
    fewest_in_leaf: int = 20
    fewest_in_leaf_of_many: int = 200
    # Days after which a cut-off counts half, and how far, from 0 to 1, cut-offs are weighted to
    # show the same share of buyers. Trials; the ablation's row is on neither.
    half_life_days: float = 365.0
    balance: float = 1.0


@dataclass(frozen=True, slots=True)
class BlendTuning:
    """Boosting's share in the blend, and whose totals it keeps."""

    # The share in purchases and in buying that boosting nears, and the purchases and rarer
    # outcomes per cut-off at which it has half of that. Ten other shops; weights learnt from the
    # trials were less than .1 % better or worse.
    most_purchases: float = 0.9
    half_at_purchases: float = 500.0
    most_buying: float = 0.8
    half_at_rarer_outcomes: float = 200.0
    # Whether totals are the levelled base's. The dates: all errors are worse with boosting's own.
    totals_of_base: bool = True


@dataclass(frozen=True, slots=True)
class TrialTuning:
    """How often, and on how many, the recipe is tried on the shop's own past."""

    # Time: each trial costs as much as the forecast itself.
    most: int = 3
    most_customers: int = 20_000
    most_rows: int = 20_000
    # Buyers below whom there is nothing to try. Ten other shops.
    least_buyers: int = 10


@dataclass(frozen=True, slots=True)
class PowerTuning:
    """How far predicted spend may be spread (above 1) or drawn together (below)."""

    # Powers tried. Ten other shops; the ablation's row is on 1 alone.
    powers: tuple[float, ...] = tuple(np.linspace(0.6, 1.3, 29).tolist())
    # Spend varies like a Poisson count of this many mean spends at a time. Ten other shops.
    dispersion: float = 4.0
    # Weight of the pull towards 1. Ten other shops.
    penalty: float = 200.0


@dataclass(frozen=True, slots=True)
class SpreadTuning:
    """What intervals assume of levels beside the few that trials show."""

    # So many more trials, missed by so much (a log). The dates: 20 % is nearer on the worst dates
    # and further on the others.
    assumed_trials: float = 2.0
    assumed_level_error: float = 0.1


@dataclass(frozen=True, slots=True)
class TotalTuning:
    """What the interval of the whole shop's total assumes beside the few trials."""

    # So many more trials, off by so much (a log). Trials inside invented shops: the latest lay
    # within what the two before it said in four of five.
    assumed_trials: float = 2.0
    assumed_error: float = 0.15


@dataclass(frozen=True, slots=True)
class ForecastTuning:
    """All of it; ``replace(TUNED, spread=replace(TUNED.spread, assumed_trials=4.0))`` differs."""

    lifetime: LifetimeTuning = LifetimeTuning()
    cutoffs: CutoffTuning = CutoffTuning()
    level: LevelTuning = LevelTuning()
    boosting: BoostingTuning = BoostingTuning()
    blend: BlendTuning = BlendTuning()
    trials: TrialTuning = TrialTuning()
    power: PowerTuning = PowerTuning()
    spread: SpreadTuning = SpreadTuning()
    total: TotalTuning = TotalTuning()
    # Customers that everything is fitted to. Time: a million would take 25 times as long.
    most_customers: int = 40_000


TUNED = ForecastTuning()
