"""What the lifetime models of a shop say of its buyers: three averaged, and spend per purchase."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from backend.core.arrays import FloatArray, IntArray
from backend.forecast.chances import logit
from backend.forecast.lifetime import BetaGeometric, GammaGamma, Pareto, PurchaseSummary
from backend.forecast.lifetime.summary import Cells

LEAST_EXPECTED = 1e-9
LifetimeModel = Literal["bg_nbd", "mbg_nbd", "pareto_nbd"]


@dataclass(frozen=True, eq=False)
class BaseScores:
    """What the lifetime models say of each buyer, arrays of shape (buyers,).

    Attributes
    ----------
    expected
        Expected purchase days in the horizon, positive.
    none_by_model
        Shape (models, buyers), probability of no purchase in the horizon, in (0, 1), by each
        lifetime model that is averaged.
    spend_per_day
        Expected spend of a purchase day, currency units.
    """

    expected: FloatArray
    none_by_model: FloatArray
    spend_per_day: FloatArray

    @cached_property
    def buy_logit(self) -> FloatArray:
        """Log odds of at least one purchase in the horizon, the mean over the models."""
        return np.asarray(-logit(self.none_by_model).mean(axis=0))

    @property
    def buying_by_model(self) -> FloatArray:
        """Share of the buyers that each model expects to buy, shape (models,)."""
        return np.asarray(1 - self.none_by_model.mean(axis=1))

    def take(self, rows: IntArray) -> BaseScores:
        """Return the scores of some of the buyers."""
        return BaseScores(
            self.expected[rows], self.none_by_model[:, rows], self.spend_per_day[rows]
        )

    def at_level(self, level: float) -> BaseScores:
        """Multiply all purchase rates by ``exp(level)``, as a season does."""
        factor = np.exp(level)
        none = np.clip(self.none_by_model**factor, 1e-9, 1 - 1e-9)
        return replace(self, expected=self.expected * factor, none_by_model=none)


@dataclass(frozen=True, slots=True)
class Base:
    """Lifetime models of one shop at one instant, and how they are put together.

    Attributes
    ----------
    bg_nbd, mbg_nbd, pareto_nbd, gamma_gamma
        Fitted to the shop's customers, times in days.
    averaged
        Those whose expectations are averaged.
    own_spend_share
        Share of Gamma-Gamma in what a purchase day brings; the rest is `typical_spend`.
    typical_spend
        Mean over the buyers of what a purchase day brought, currency units.
    """

    bg_nbd: BetaGeometric
    mbg_nbd: BetaGeometric
    pareto_nbd: Pareto
    gamma_gamma: GammaGamma
    averaged: tuple[LifetimeModel, ...]
    own_spend_share: float
    typical_spend: float

    def score(self, summary: PurchaseSummary, horizon_days: float) -> BaseScores:
        """Score buyers for the horizon.

        Expectations are the geometric mean over the lifetime models: they err on different shops,
        and their average is seldom far from the best of them.
        """
        cells = Cells.of(summary.x, summary.t_x, summary.T)
        customers = (cells.x, cells.t_x, cells.T)
        pairs = [model.expect(*customers, horizon_days) for model in self._averaged()]
        logs = [np.log(np.maximum(expected, LEAST_EXPECTED)) for expected, _ in pairs]
        none = np.clip([none for _, none in pairs], 1e-9, 1 - 1e-9)
        return BaseScores(
            expected=np.exp(np.mean(logs, axis=0))[cells.inverse],
            none_by_model=none[:, cells.inverse],
            spend_per_day=self._spend_per_day(summary),
        )

    def _averaged(self) -> list[BetaGeometric | Pareto]:
        models: dict[LifetimeModel, BetaGeometric | Pareto] = {
            "bg_nbd": self.bg_nbd,
            "mbg_nbd": self.mbg_nbd,
            "pareto_nbd": self.pareto_nbd,
        }
        return [models[name] for name in self.averaged]

    def _spend_per_day(self, summary: PurchaseSummary) -> FloatArray:
        days, share = summary.purchase_days, self.own_spend_share
        own = self.gamma_gamma.expected_spend(days, summary.spend / days)
        return np.asarray(share * own + (1 - share) * self.typical_spend)

    def parameters(self) -> dict[str, dict[str, float]]:
        """Return the fitted parameters by model, times in days."""
        models: dict[str, BetaGeometric | Pareto | GammaGamma] = {
            "bg_nbd": self.bg_nbd,
            "mbg_nbd": self.mbg_nbd,
            "pareto_nbd": self.pareto_nbd,
            "gamma_gamma": self.gamma_gamma,
        }
        hidden = ("modified", "unit")
        return {
            name: {k: v for k, v in asdict(model).items() if k not in hidden}
            for name, model in models.items()
        }
