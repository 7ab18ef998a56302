"""What a run has learnt, in one value: enough to score any customer at any later instant."""

from dataclasses import dataclass

from backend.forecast.forecast_model import ForecastModel
from backend.segments.habit_evidence import HabitScale
from backend.segments.segment_model import SegmentModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringModel:
    """What one run has learnt of the whole shop.

    Attributes
    ----------
    forecast
        What will come; None where nobody had ordered.
    segments
        The borders between segments; None where nothing was clustered.
    habits
        What of the habits' evidence only the whole shop can tell; None likewise.
    """

    forecast: ForecastModel | None
    segments: SegmentModel | None
    habits: HabitScale | None

    @property
    def looks_into_baskets(self) -> bool:
        """Whether order lines have a say in where a customer is."""
        return self.segments is not None and "bulk" in self.segments.traits
