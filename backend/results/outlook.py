"""What a shop may expect and who moved: what Today, reports and digests are told from."""

from collections.abc import Iterable
from dataclasses import dataclass

from backend.results.root import InstantWithOffset, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentMoney(Result):
    """What the customers of one segment brought, and what they are to bring; currency units."""

    segment_id: str
    """Of a segment; groups are the sums of theirs."""
    historical_revenue: float | None
    """Sum of its customers' `historical_value`; null where nobody has ordered."""
    expected_revenue: float | None
    """Sum of their `predicted_value`: expected within the prediction horizon; null likewise."""
    revenue_at_risk: float | None
    """Sum of their `value_at_risk`; not a part of expected_revenue. Null likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoMoved(Result):
    """How many customers did what since the run before, at least 0 each."""

    first: int
    """Ordered for the first time."""
    second: int
    """Ordered again who had bought once."""
    back: int
    """Order again who had gone quiet, or were away for so long that few return."""
    lapsed: int
    """Have now been away for so long that few return."""
    gone: int
    """Had ordered, and are in the shop no longer."""
    quiet: int
    """Came to a segment of those who are away for longer than they use to."""
    quiet_by_border: int
    """Of them, who did nothing themselves: the border moved."""
    quiet_at_risk: float | None
    """Sum of the `value_at_risk` of those who went quiet, currency units; null where nobody did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBefore(Result):
    """The run that this one is compared with."""

    as_of: InstantWithOffset
    """The instant that it described."""
    revenue_at_risk: float | None
    """Of all its customers, currency units; null where it is not known, or of other horizons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook(Result):
    """What a shop may expect, and who moved."""

    money: tuple[SegmentMoney, ...]
    """By segment, in the order in which they are shown."""
    moved: WhoMoved
    """Since the run before; in a first run all are new."""
    before: RunBefore | None
    """What this is compared with; null in a first run."""

    @property
    def brought(self) -> float | None:
        """What all customers have brought so far."""
        return total_of(one.historical_revenue for one in self.money)

    @property
    def expected(self) -> float | None:
        """What all customers are expected to bring within the prediction horizon."""
        return total_of(one.expected_revenue for one in self.money)

    @property
    def at_risk(self) -> float | None:
        """What of all is at risk."""
        return total_of(one.revenue_at_risk for one in self.money)


def total_of(amounts: Iterable[float | None]) -> float | None:
    """Add up what is known; None where nothing is."""
    known = [one for one in amounts if one is not None]
    return sum(known) if known else None
