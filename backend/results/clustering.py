"""How a run's segments came about, and where they live."""

from dataclasses import dataclass

from backend.core.glossary import Decision
from backend.results.root import Result, Share


@dataclass(frozen=True, slots=True, kw_only=True)
class FitFigures(Result):
    """How borders were learnt; kept with them for as long as they stand."""

    k: int
    """Segments found among customers with orders, at least 0."""
    upper_bound: int
    """Most segments that the data and the request allowed."""
    justified_k: int
    """Segments that the data justify without any bounds."""
    sample: int
    """Customers with orders that were looked at."""
    window_known: bool | None = None
    """Whether enough customers came back to learn from; null where nothing was clustered."""
    share_of_previous: Share | None = None
    """How much of the earlier space was kept; null where there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteringReport(FitFigures):
    """How borders were learnt, and what this run made of them."""

    refit: Decision | None
    """What became of the borders in this run; null in reports from before borders stood."""
    fitted_at: str | None
    """The instant that the borders were learnt at, ISO 8601 in UTC; null where there are none."""
    moved_without_order: Share | None
    """Of the customers without an order since the last run, who changed segment; null where there
    are none."""
    refit_would_move: Share | None
    """Of them, whom new borders move, or would have moved; null where none were learnt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturePoint(Result):
    """One customer in the space that segments live in, without their id."""

    activity: float
    """1 for customers as likely to return as the freshest quarter, 0 for those as unlikely as who
    has been quiet longest."""
    value: float | None
    """How much and how often they buy, in robust standard deviations of the shop's repeat
    customers; null for those who bought on one day."""
    segment: str
    """Id of the segment."""
    recency_days: float | None = None
    """Days from their last order to `as_of`; null in reports that did not keep it."""
    spent: float | None = None
    """What they have spent so far, currency units, to two digits; null likewise."""
