"""Buy-till-you-die models: how often customers buy while they do, and when they stop."""

from backend.modelling.lifetime.beta_geometric import BetaGeometric, fit_beta_geometric
from backend.modelling.lifetime.gamma_gamma import GammaGamma, fit_gamma_gamma
from backend.modelling.lifetime.pareto import Pareto, fit_pareto
from backend.modelling.lifetime.summary import PurchaseSummary, summarise

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
