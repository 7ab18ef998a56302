"""The history of segments, run by run: what all of a run's segments come to together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from backend.core.glossary import NO_ORDERS
from backend.results.outlook import SegmentMoney, total_of
from backend.results.run_report import ReportHorizons, RunReport
from backend.results.segment_in_run import SegmentInRun


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInHistory:
    """One run's segments without groups, and their sums.

    Attributes
    ----------
    parts
        In the order in which they are shown; at least one.
    horizons, prediction_days
        How far it looked; None where that is not known.
    with_orders
        The parts whose customers have ordered.
    customers
        How many these are.
    brought, expected, at_risk
        Sums of historical and expected revenue and of revenue at risk, currency units; None where
        no segment's is known.
    leaving
        Mean churn risk of customers with orders, in [0, 1]; None where nobody's is known.
    """

    run_id: str
    as_of: datetime
    published_at: datetime
    parts: Sequence[SegmentInRun]

    @property
    def horizons(self) -> ReportHorizons | None:
        return self.parts[0].horizons

    @property
    def prediction_days(self) -> int | None:
        return self.parts[0].prediction_days

    @property
    def currency(self) -> str | None:
        return self.parts[0].currency

    @property
    def with_orders(self) -> Sequence[SegmentInRun]:
        return [one for one in self.parts if one.segment_id != NO_ORDERS]

    @property
    def customers(self) -> int:
        return sum(one.customer_count for one in self.with_orders)

    @property
    def brought(self) -> float | None:
        return total_of(one.historical_revenue for one in self.parts)

    @property
    def expected(self) -> float | None:
        return total_of(one.expected_revenue for one in self.parts)

    @property
    def at_risk(self) -> float | None:
        return total_of(one.revenue_at_risk for one in self.parts)

    @property
    def leaving(self) -> float | None:
        risks = [
            (one.customer_count, one.churn_risk_avg)
            for one in self.parts
            if one.churn_risk_avg is not None
        ]
        customers = sum(count for count, _ in risks)
        return sum(count * risk for count, risk in risks) / customers if customers else None


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


def of_report(report: RunReport, ended_at: datetime) -> RunInHistory | None:
    """Return what history would have of a run that only reported; None where it found nobody.

    Parameters
    ----------
    report
        Its report.
    ended_at
        When it had reported.
    """
    told = () if report.outlook is None else report.outlook.money
    money = {one.segment_id: one for one in told}
    parts = [
        SegmentInRun(
            segment_id=one.id,
            name=one.name,
            is_group=False,
            customer_count=one.customer_count,
            churn_risk_avg=one.churn_risk_avg,
            historical_revenue=sums.historical_revenue,
            expected_revenue=sums.expected_revenue,
            revenue_at_risk=sums.revenue_at_risk,
            currency=report.currency,
            run_id=report.run_id,
            as_of=report.as_of,
            published_at=ended_at,
            prediction_days=report.horizons.prediction_days,
            churn_days=report.horizons.churn_days,
        )
        for one in report.segments
        for sums in [money.get(one.id, _unknown(one.id))]
    ]
    if not parts:
        return None
    return RunInHistory(
        run_id=report.run_id, as_of=report.as_of, published_at=ended_at, parts=parts
    )


def _unknown(segment_id: str) -> SegmentMoney:
    return SegmentMoney(
        segment_id=segment_id, historical_revenue=None, expected_revenue=None, revenue_at_risk=None
    )
