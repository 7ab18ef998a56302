"""The base forecast: three lifetime models averaged, and Gamma-Gamma for what an order is worth."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import expit, logit

from backend.modelling.lifetime import (
    BetaGeometric,
    GammaGamma,
    Pareto,
    PurchaseSummary,
    fit_beta_geometric,
    fit_gamma_gamma,
    fit_pareto,
)
from backend.modelling.lifetime.fitting import FloatArray
from backend.modelling.lifetime.summary import Cells

# A weak pull towards a common shop: decides below some dozens of customers, unseen above.
RIDGE = 2.0
MOST_CUSTOMERS_TO_FIT = 200_000


@dataclass(frozen=True, slots=True)
class Base:
    """Lifetime models of one shop at one instant."""

    bg_nbd: BetaGeometric
    mbg_nbd: BetaGeometric
    pareto_nbd: Pareto
    gamma_gamma: GammaGamma

    def expect(
        self, summary: PurchaseSummary, horizon_days: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return expected purchase days in the horizon and the probability of none.

        The geometric mean of the models' expectations and the mean of their logits: the three
        err on different shops, and their average is seldom far from the best of them.
        """
        cells = Cells.of(summary.x, summary.t_x, summary.T)
        models = (self.bg_nbd, self.mbg_nbd, self.pareto_nbd)
        pairs = [m.expect(cells.x, cells.t_x, cells.T, horizon_days) for m in models]
        expected = np.exp(np.mean([np.log(np.maximum(e, 1e-9)) for e, _ in pairs], axis=0))
        logits = [logit(np.clip(none, 1e-9, 1 - 1e-9)) for _, none in pairs]
        none = np.asarray(expit(np.mean(logits, axis=0)))
        return expected[cells.inverse], none[cells.inverse]

    def spend_per_day(self, summary: PurchaseSummary) -> FloatArray:
        """Return the expected spend of a purchase day, currency units, shape (buyers,)."""
        days = summary.purchase_days
        return self.gamma_gamma.expected_spend(days, summary.spend / days)

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


def fit_base(summary: PurchaseSummary, *, seed: int) -> Base:
    """Fit all base models to at most 200,000 of the buyers, chosen by seed.

    Gamma-Gamma sees all purchase days, the first included, although the literature leaves that
    out: it ranks customers better and gives one-time buyers a value of their own.
    """
    if len(summary) > MOST_CUSTOMERS_TO_FIT:
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(summary), MOST_CUSTOMERS_TO_FIT, replace=False)
        summary = summary.take(np.sort(rows))
    cells = Cells.of(summary.x, summary.t_x, summary.T)
    days = summary.purchase_days
    return Base(
        bg_nbd=fit_beta_geometric(cells, modified=False, ridge=RIDGE),
        mbg_nbd=fit_beta_geometric(cells, modified=True, ridge=RIDGE),
        pareto_nbd=fit_pareto(cells, ridge=RIDGE),
        gamma_gamma=fit_gamma_gamma(days, summary.spend / days, ridge=RIDGE),
    )
