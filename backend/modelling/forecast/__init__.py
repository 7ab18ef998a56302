"""Orders, spend and churn of every customer, with the proof of how good they are."""

from backend.modelling.forecast.predict import forecast
from backend.modelling.forecast.result import Forecast, ForecastReport

__all__ = ["Forecast", "ForecastReport", "forecast"]
