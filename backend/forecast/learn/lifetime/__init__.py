"""The lifetime models fitted to a shop's customers."""

from backend.forecast.learn.lifetime.fit_beta_geometric import fit_beta_geometric
from backend.forecast.learn.lifetime.fit_gamma_gamma import fit_gamma_gamma
from backend.forecast.learn.lifetime.fit_pareto import fit_pareto

__all__ = ["fit_beta_geometric", "fit_gamma_gamma", "fit_pareto"]
