"""What a run learns of the future: the forecast of every customer, and what it was made by."""

from __future__ import annotations

from dataclasses import dataclass

from backend.behaviour.customer_facts import CustomerFacts
from backend.forecast.explainer import Explainer
from backend.forecast.forecast_columns import ForecastColumns
from backend.forecast.forecast_model import ForecastModel
from backend.results.forecast_report import ForecastReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast(ForecastColumns):
    """What is said of every customer, and why.

    Attributes
    ----------
    model
        What says it of any of them again, now or later; None where nobody has ordered.
    facts
        What explanations are told in.
    explainer
        The distilled forecast; None where nobody has ordered.
    report
        How the forecast was made, and how good it is.
    """

    model: ForecastModel | None
    facts: CustomerFacts
    explainer: Explainer | None
    report: ForecastReport
