"""The base forecast: three lifetime models averaged, and Gamma-Gamma for spend per purchase."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
from scipy.special import logit

from backend.core.arrays import FloatArray, IntArray
from backend.forecast.learn.forecast_tuning import TUNED, LifetimeModel, LifetimeTuning
from backend.forecast.learn.influence import limited, limited_mean
from backend.forecast.learn.lifetime import (
    BetaGeometric,
    GammaGamma,
    Pareto,
    PurchaseSummary,
    fit_beta_geometric,
    fit_gamma_gamma,
    fit_pareto,
)
from backend.forecast.learn.lifetime.summary import Cells

LEAST_EXPECTED = 1e-9


@dataclass(frozen=True, slots=True)
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

    @property
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
    """Lifetime models of one shop at one instant, and how they are put together."""

    bg_nbd: BetaGeometric
    mbg_nbd: BetaGeometric
    pareto_nbd: Pareto
    gamma_gamma: GammaGamma
    tuning: LifetimeTuning

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
        return [models[name] for name in self.tuning.averaged]

    def _spend_per_day(self, summary: PurchaseSummary) -> FloatArray:
        days, share = summary.purchase_days, self.tuning.own_spend_share
        mean_spend = summary.spend / days
        own = self.gamma_gamma.expected_spend(days, mean_spend)
        return np.asarray(share * own + (1 - share) * limited_mean(mean_spend))

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


def fit_base(summary: PurchaseSummary, tuning: LifetimeTuning = TUNED.lifetime) -> Base:
    """Fit all base models to the buyers.

    Gamma-Gamma sees all purchase days, the first included, although the literature leaves that
    out: it ranks customers better and gives one-time buyers a value of their own.
    """
    cells = Cells.of(summary.x, summary.t_x, summary.T)
    days, ridge = summary.purchase_days, tuning.ridge
    return Base(
        bg_nbd=fit_beta_geometric(cells, modified=False, ridge=ridge),
        mbg_nbd=fit_beta_geometric(cells, modified=True, ridge=ridge),
        pareto_nbd=fit_pareto(cells, ridge=ridge),
        gamma_gamma=fit_gamma_gamma(days, limited(summary.spend / days), ridge=ridge),
        tuning=tuning,
    )
