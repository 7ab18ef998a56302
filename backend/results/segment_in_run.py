"""A segment as one run found it: what a chart of its history is drawn from."""

from dataclasses import dataclass
from datetime import datetime

from backend.results.root import Result, Share
from backend.results.run_report import ReportHorizons


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentInRun(Result):
    """One segment or group as one run published it; kept when the run itself is forgotten."""

    segment_id: str
    """Means the same in every run."""
    name: str
    """What it was called then."""
    is_group: bool
    """Whether it is divided further: customers are in its parts."""
    customer_count: int
    """Customers in it, or in its parts; at least 0."""
    churn_risk_avg: Share | None
    """Mean of its customers' churn risk; null where nobody has ordered."""
    historical_revenue: float | None
    """Sum of its customers' `historical_value`, currency units; null where nobody has ordered, and
    of runs of 10.0, which kept no sums."""
    expected_revenue: float | None
    """Sum of their `predicted_value`: expected within the prediction horizon; null likewise."""
    revenue_at_risk: float | None
    """Sum of their `value_at_risk`; not a part of expected_revenue. Null likewise."""
    currency: str | None
    """Of its amounts, such as EUR; null where the shop's data did not tell one."""
    run_id: str
    """The run that found it so."""
    as_of: datetime
    """The instant that the run describes."""
    published_at: datetime
    """When it was published."""
    prediction_days: int | None
    """Days after as_of that expected_revenue and revenue_at_risk are about; null where a run's
    report was forgotten before this was kept."""
    churn_days: int | None
    """Days after as_of without an order that count as churn; null likewise."""

    @property
    def horizons(self) -> ReportHorizons | None:
        """How far its run looked; None where that is not known."""
        if self.prediction_days is None or self.churn_days is None:
            return None
        return ReportHorizons(prediction_days=self.prediction_days, churn_days=self.churn_days)
