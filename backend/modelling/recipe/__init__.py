"""How one forecast is made: lifetime models, the level of the season, boosting, and their blend."""

from backend.modelling.recipe.model import HorizonModel, Prediction, fit_horizon

__all__ = ["HorizonModel", "Prediction", "fit_horizon"]
