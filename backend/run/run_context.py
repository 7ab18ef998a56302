"""What a run knows before it reads anything."""

from dataclasses import dataclass, field
from datetime import datetime

from backend.results.run_report import ReportHorizons
from backend.run.run_config import RunConfig
from backend.shop.shop import Shop
from backend.store.run_row import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """One claimed run.

    Attributes
    ----------
    config
        What it needs of the configuration.
    run
        Its row, with what was asked for.
    token
        The proof that it is ours.
    as_of
        The instant that it describes.
    shop
        As it is mapped: parsed once, and each of its tables looked at once.
    """

    config: RunConfig
    run: Run
    token: str = field(repr=False)
    as_of: datetime
    shop: Shop

    @property
    def horizons(self) -> ReportHorizons:
        """How far its predictions look."""
        return ReportHorizons(
            prediction_days=self.config.prediction_horizon_days,
            churn_days=self.config.churn_horizon_days,
        )
