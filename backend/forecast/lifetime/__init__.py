"""Buy-till-you-die models: how often customers buy while they do, and when they stop."""

from backend.forecast.lifetime.beta_geometric import BetaGeometric
from backend.forecast.lifetime.gamma_gamma import GammaGamma
from backend.forecast.lifetime.pareto import Pareto
from backend.forecast.lifetime.summary import PurchaseSummary, summarise

__all__ = ["BetaGeometric", "GammaGamma", "Pareto", "PurchaseSummary", "summarise"]
