"""What a run says of itself: what it read, left out, learnt and moved."""

from collections.abc import Mapping
from dataclasses import dataclass

from backend.results.clustering import ClusteringReport, PicturePoint
from backend.results.cohorts import Cohorts
from backend.results.due_forecasts import DueForecasts
from backend.results.forecast_report import ForecastReport
from backend.results.move import MoveCounts, SegmentEvent
from backend.results.outlook import Outlook
from backend.results.readiness import Readiness
from backend.results.root import InstantWithOffset, Result
from backend.results.segment import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHorizons(Result):
    """How far the predictions look."""

    prediction_days: int
    """Days after `as_of` that predicted orders and value are about, at least 1."""
    churn_days: int
    """Days after `as_of` without an order that count as churn, at least 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCounts(Result):
    """Customers of the shop."""

    total: int
    """All of them."""
    with_orders: int
    """With a counted order before `as_of`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCounts(Result):
    """Orders of the shop."""

    counted: int
    """That count."""
    left_out: Mapping[str, int]
    """That do not, by reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFigures(Result):
    """What one stage of a run took."""

    stage: str
    """Its name, as in the run's status."""
    seconds: float
    """From its beginning to its end."""
    rows: int | None
    """Rows that it read, scored or wrote; null where it handles none."""
    peak_memory_mib: float | None
    """The process's largest resident memory so far; null where the system does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport(Result):
    """What a run read, left out, learnt and moved."""

    run_id: str
    """The run."""
    as_of: InstantWithOffset
    """The instant it describes: only orders created before it count."""
    horizons: ReportHorizons
    """How far the predictions look."""
    customers: CustomerCounts
    """Who was read."""
    orders: OrderCounts
    """What was read, and left out."""
    readiness: Readiness
    """What in the shop's data may spoil these results."""
    forecast: ForecastReport
    """How the forecast was made, and how good it is."""
    clustering: ClusteringReport
    """How the segments came about."""
    picture: tuple[PicturePoint, ...]
    """Some customers in the space that segments live in; empty where nothing was clustered."""
    segments: tuple[Segment, ...]
    """In the order in which they are shown; who has no orders is a segment too, the last."""
    groups: tuple[Segment, ...]
    """What segments are parts of."""
    lineage: tuple[SegmentEvent, ...]
    """Segments that came and went since the run before."""
    moves: MoveCounts
    """Who changed segment since the run before."""
    names: Mapping[str, str]
    """Names by id of all segments that this report speaks of, those gone included."""
    notes: tuple[str, ...]
    """Sentences a person should read."""
    currency: str | None = None
    """Of all amounts, such as EUR; null where the shop's data do not tell one."""
    stages: tuple[StageFigures, ...] = ()
    """What each stage took; empty where it was not measured."""
    cohorts: Cohorts | None = None
    """Customers by the month of their first order; null in reports of versions before 11.0."""
    outlook: Outlook | None = None
    """What the shop may expect, and who moved; null in reports that kept no sums."""
    due: DueForecasts | None = None
    """Forecasts of earlier runs, beside what came; null in reports of versions before 11.0."""
