"""The task of predicting for some buyers: numpy alone, so that a process for it is soon there."""

from dataclasses import dataclass

from backend.behaviour.history import PurchaseDays
from backend.core.threads import one_thread
from backend.forecast.horizon_model import HorizonModel
from backend.forecast.prediction import Prediction


@dataclass(frozen=True, slots=True)
class DaysToForesee:
    """Somebody is to predict for the buyers of some purchase days."""

    model: HorizonModel
    days: PurchaseDays


def foresee_days(asked: DaysToForesee) -> tuple[Prediction, Prediction]:
    """Return what a model says of buyers, before totals are matched."""
    if not len(asked.days.day):
        return Prediction.of_nobody(), Prediction.of_nobody()
    with one_thread():
        return asked.model.before_totals(asked.days)
