"""The base forecast, fitted: three lifetime models, and Gamma-Gamma for spend per purchase."""

from __future__ import annotations

from backend.forecast.base_scores import Base
from backend.forecast.influence import limited, limited_mean
from backend.forecast.learn.forecast_tuning import TUNED, LifetimeTuning
from backend.forecast.learn.lifetime import fit_beta_geometric, fit_gamma_gamma, fit_pareto
from backend.forecast.lifetime import PurchaseSummary
from backend.forecast.lifetime.summary import Cells


def fit_base(summary: PurchaseSummary, tuning: LifetimeTuning = TUNED.lifetime) -> Base:
    """Fit all base models to the buyers.

    Gamma-Gamma sees all purchase days, the first included, although the literature leaves that
    out: it ranks customers better and gives one-time buyers a value of their own.
    """
    cells = Cells.of(summary.x, summary.t_x, summary.T)
    days, ridge = summary.purchase_days, tuning.ridge
    mean_spend = summary.spend / days
    return Base(
        bg_nbd=fit_beta_geometric(cells, modified=False, ridge=ridge),
        mbg_nbd=fit_beta_geometric(cells, modified=True, ridge=ridge),
        pareto_nbd=fit_pareto(cells, ridge=ridge),
        gamma_gamma=fit_gamma_gamma(days, limited(mean_spend), ridge=ridge),
        averaged=tuning.averaged,
        own_spend_share=tuning.own_spend_share,
        typical_spend=limited_mean(mean_spend),
    )
