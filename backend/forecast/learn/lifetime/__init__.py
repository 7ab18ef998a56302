"""Buy-till-you-die models: how often customers buy while they do, and when they stop."""

from backend.forecast.learn.lifetime.beta_geometric import BetaGeometric, fit_beta_geometric
from backend.forecast.learn.lifetime.gamma_gamma import GammaGamma, fit_gamma_gamma
from backend.forecast.learn.lifetime.pareto import Pareto, fit_pareto
from backend.forecast.learn.lifetime.summary import PurchaseSummary, summarise

__all__ = [
    "BetaGeometric",
    "GammaGamma",
    "Pareto",
    "PurchaseSummary",
    "fit_beta_geometric",
    "fit_gamma_gamma",
    "fit_pareto",
    "summarise",
]
