"""What earlier runs expected, held against what has come since."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import groupby

import numpy as np

from backend import store
from backend.behaviour.came_after import CameAfter, came_after
from backend.behaviour.history import OrderHistory
from backend.core.instants import micros_of
from backend.core.local_times import local_time
from backend.database.engine import AsyncEngine, transaction
from backend.results.due_forecasts import DueForecast, DueForecasts
from backend.results.run_report import ReportHorizons
from backend.results.segment_in_run import SegmentInRun
from backend.store.segment_history import HistoryFilter

# Nightly runs of four years; and what a chart holds.
RUNS_READ, MOST_SHOWN = 1500, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierForecast:
    """What a published run expected of all customers together.

    Attributes
    ----------
    horizons
        How far it looked.
    revenue
        Sum of predicted values, currency units; None where nobody had ordered, and of 10.0.
    leaving
        Sum of churn risks: how many were to leave; None where nobody had ordered.
    """

    run_id: str
    as_of: datetime
    horizons: ReportHorizons
    revenue: float | None
    leaving: float | None


async def read_earlier_forecasts(
    engine: AsyncEngine, as_of: datetime, zone: tzinfo
) -> list[EarlierForecast]:
    """Read the last one of each month before `as_of`, the latest first, reports kept or not.

    Parameters
    ----------
    engine
        Where our tables are.
    as_of
        Only runs that describe an earlier instant.
    zone
        Whose months.
    """
    async with transaction(engine) as connection:
        sought = HistoryFilter(before=as_of)
        history = await store.read_history(connection, sought, limit=RUNS_READ)
    runs = [list(rows) for _, rows in groupby(history, key=lambda one: one.run_id)]
    months = _last_of_each_month(runs, zone)[: 2 * MOST_SHOWN]
    # Of some that 10.0 published nobody knows how far they looked.
    told = ((rows, rows[0].horizons) for rows in months)
    return [_told_by(rows, horizons) for rows, horizons in told if horizons is not None]


def _last_of_each_month(
    runs: Iterable[Sequence[SegmentInRun]], zone: tzinfo
) -> list[Sequence[SegmentInRun]]:
    """Choose among runs, the latest first."""

    def month(rows: Sequence[SegmentInRun]) -> tuple[int, int]:
        there = local_time(rows[0].as_of, zone)
        return there.year, there.month

    return [next(same) for _, same in groupby(runs, key=month)]


def _told_by(rows: Sequence[SegmentInRun], horizons: ReportHorizons) -> EarlierForecast:
    parts = [one for one in rows if not one.is_group]
    values = [one.expected_revenue for one in parts if one.expected_revenue is not None]
    leaving = [
        one.customer_count * one.churn_risk_avg for one in parts if one.churn_risk_avg is not None
    ]
    return EarlierForecast(
        run_id=rows[0].run_id,
        as_of=rows[0].as_of,
        horizons=horizons,
        revenue=sum(values) if values else None,
        leaving=sum(leaving) if leaving else None,
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """One number that a run expected, and how many days it was about."""

    by: EarlierForecast
    expected: float | None
    days: int

    @property
    def over(self) -> datetime:
        return self.by.as_of + timedelta(days=self.days)


def due_forecasts(
    earlier: Sequence[EarlierForecast],
    history: OrderHistory,
    as_of: datetime,
    horizons: ReportHorizons,
) -> DueForecasts:
    """Hold earlier forecasts against what came, as far as their time is over.

    Parameters
    ----------
    earlier
        The latest first.
    history
        What the shop's customers ordered until now.
    as_of, horizons
        Of the run that does so: its own forecast comes due where there is no earlier one.
    """
    now = EarlierForecast(run_id="", as_of=as_of, horizons=horizons, revenue=None, leaving=None)
    revenue = [_Made(one, one.revenue, one.horizons.prediction_days) for one in (*earlier, now)]
    leaving = [_Made(one, one.leaving, one.horizons.churn_days) for one in (*earlier, now)]
    came, left = _due(revenue, history, as_of), _due(leaving, history, as_of)
    return DueForecasts(
        revenue=tuple(_beside(one, what.revenue) for one, what in came),
        leaving=tuple(_beside(one, what.left) for one, what in left),
        revenue_due=None if came else _first_due(revenue, now),
        leaving_due=None if left else _first_due(leaving, now),
    )


def _first_due(made: Iterable[_Made], now: EarlierForecast) -> datetime:
    """Return when the time of the first is over that expects anything, or of this run's."""
    return min(one.over for one in made if one.expected is not None or one.by is now)


def _due(
    made: Iterable[_Made], history: OrderHistory, now: datetime
) -> list[tuple[_Made, CameAfter]]:
    over = [one for one in made if one.expected is not None and one.over <= now]
    return [
        (one, came_after(history, _instant(one.by.as_of), one.days)) for one in over[:MOST_SHOWN]
    ]


def _instant(moment: datetime) -> np.datetime64:
    return np.datetime64(micros_of(moment), "us")


def _beside(made: _Made, came: float) -> DueForecast:
    return DueForecast(
        run_id=made.by.run_id,
        as_of=made.by.as_of,
        horizon_days=made.days,
        expected=round(made.expected or 0, 2),
        came=round(came, 2),
    )
