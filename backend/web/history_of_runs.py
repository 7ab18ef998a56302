"""The history of segments, run by run: what all of a run's segments come to together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from backend.results.segment_in_run import SegmentInRun


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInHistory:
    """One run's segments without groups, and their sums.

    Attributes
    ----------
    parts
        In the order in which they are shown.
    brought, expected, at_risk
        Sums of historical and expected revenue and of revenue at risk, currency units; None where
        no segment's is known.
    returning
        How many customers are expected to order within the churn horizon.
    """

    run_id: str
    as_of: datetime
    published_at: datetime
    parts: Sequence[SegmentInRun]

    @property
    def brought(self) -> float | None:
        return _sum(one.historical_revenue for one in self.parts)

    @property
    def expected(self) -> float | None:
        return _sum(one.expected_revenue for one in self.parts)

    @property
    def at_risk(self) -> float | None:
        return _sum(one.revenue_at_risk for one in self.parts)

    @property
    def returning(self) -> float:
        known = (one for one in self.parts if one.churn_risk_avg is not None)
        return sum(one.customer_count * (1 - (one.churn_risk_avg or 0)) for one in known)


def by_run(history: Iterable[SegmentInRun]) -> list[RunInHistory]:
    """Put rows together that are of one run; the order of the runs stays.

    Parameters
    ----------
    history
        Rows of a run stand beside each other.
    """
    found = []
    for run_id, rows in groupby(history, key=lambda one: one.run_id):
        parts = [one for one in rows if not one.is_group]
        if parts:
            first = parts[0]
            found.append(
                RunInHistory(
                    run_id=run_id, as_of=first.as_of, published_at=first.published_at, parts=parts
                )
            )
    return found


def _sum(amounts: Iterable[float | None]) -> float | None:
    known = [one for one in amounts if one is not None]
    return sum(known) if known else None
