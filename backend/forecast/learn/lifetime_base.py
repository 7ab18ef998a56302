"""The base forecast, fitted: three lifetime models, and Gamma-Gamma for spend per purchase."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Lock

from backend.behaviour.history import PurchaseDays
from backend.forecast.base_scores import Base
from backend.forecast.influence import limited, limited_mean
from backend.forecast.learn.forecast_tuning import TUNED, LifetimeTuning
from backend.forecast.learn.lifetime import fit_beta_geometric, fit_gamma_gamma, fit_pareto
from backend.forecast.lifetime import PurchaseSummary, summarise
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


class FittedBases:
    """The bases of one history, by the day up to which it was known.

    Trials look back from days that the forecast itself and other trials have looked back from: of
    36 fits that Online Retail II asks for, 14 were made before. Any thread may ask.
    """

    def __init__(self, tuning: LifetimeTuning = TUNED.lifetime) -> None:
        self._tuning = tuning
        self._fitted: dict[int, Future[Base]] = {}
        self._lock = Lock()

    def of(self, known: PurchaseDays, summary: PurchaseSummary | None = None) -> Base:
        """Fit to what was known of the one history on a day, unless that was done before.

        Parameters
        ----------
        known
            Purchase days of all its customers up to the day.
        summary
            The same summarised, where that is at hand.
        """
        mine = Future[Base]()
        with self._lock:
            fitted = self._fitted.setdefault(known.as_of_day, mine)
        if fitted is mine:
            try:
                mine.set_result(fit_base(summary or summarise(known), self._tuning))
            except Exception as error:  # noqa: BLE001, whoever waits for it is not left waiting
                mine.set_exception(error)
        return fitted.result()
