"""Whether intervals hold what came as often as they say, on the benchmark's holdouts.

An outcome on a limit is inside. Deciles are of the prediction. Where more than 80 % of a decile
order nothing, [0, 0] is the right interval and holds more than 80 %: the share of customers who
ordered nothing is printed beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from backend.modelling.forecast import Forecast, forecast
from backend.modelling.history import OrderHistory
from backend.modelling.waiting import QUANTILES
from bench.shops import CASES, Case, Shop, load

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Came:
    """What came of each customer known at the cut-off, arrays of shape (customers,)."""

    orders: FloatArray
    spend: FloatArray
    wait_days: FloatArray


def measure_intervals(console: Console) -> None:
    """Print coverage, overall and by decile, and the pinball loss of the next-order dates."""
    coverage = Table(title="Share of outcomes in the 80 % interval", title_justify="left")
    for column in ("case", "of", "overall", "by decile of the prediction", "nothing, by decile"):
        coverage.add_column(column)
    waits = Table(title="Pinball loss of the next order, days", title_justify="left")
    for column in ("case", "10 %", "rule", "50 %", "rule", "90 %", "rule"):
        waits.add_column(column, justify="left" if column == "case" else "right")
    for case in CASES:
        shop = load(case.shop)
        _, history = shop.history(case.cutoff)
        scores = forecast(
            history, value_horizon_days=case.horizon_days, churn_horizon_days=case.horizon_days
        )
        came = _outcomes(shop, history, case)
        for row in _coverage(case, scores, came):
            coverage.add_row(*row)
        waits.add_row(str(case), *_pinballs(case, history, scores, came))
    console.print(coverage)
    console.print(waits)


def _outcomes(shop: Shop, history: OrderHistory, case: Case) -> _Came:
    end = np.datetime64(case.cutoff) + np.timedelta64(case.horizon_days, "D")
    _, later = shop.history(str(end))
    inside = later.created_at >= history.as_of
    customer, size = later.customer_index[inside], history.customer_count
    wait = np.full(size, np.inf)
    days = (later.created_at[inside] - history.as_of) / np.timedelta64(1, "D")
    np.minimum.at(wait, customer, days)
    return _Came(
        np.bincount(customer, minlength=size).astype(float),
        np.bincount(customer, later.amount[inside], minlength=size),
        wait,
    )


def _coverage(case: Case, scores: Forecast, came: _Came) -> list[tuple[str, ...]]:
    known = ~np.isnan(scores.predicted_value)
    rows = []
    for name, predicted, low, high, actual in (
        (
            "orders",
            scores.predicted_orders,
            scores.predicted_orders_low,
            scores.predicted_orders_high,
            came.orders,
        ),
        (
            "value",
            scores.predicted_value,
            scores.predicted_value_low,
            scores.predicted_value_high,
            came.spend,
        ),
    ):
        inside = ((actual >= low) & (actual <= high))[known]
        deciles = _by_decile(predicted[known], inside)
        nothing = _by_decile(predicted[known], actual[known] == 0)
        rows.append((str(case), name, f"{inside.mean():.2f}", deciles, nothing))
    return rows


def _by_decile(predicted: FloatArray, happened: NDArray[np.bool_]) -> str:
    order = np.argsort(predicted, kind="stable")
    return " ".join(f"{part.mean():.2f}"[1:] for part in np.array_split(happened[order], 10))


def _pinballs(case: Case, history: OrderHistory, scores: Forecast, came: _Came) -> tuple[str, ...]:
    """Ours and that of the last order plus the mean gap; both end with the horizon."""
    known = ~np.isnan(scores.churn_risk)
    gap = scores.facts.usual_gap_days
    gap = np.where(np.isnan(gap), np.nanmean(gap), gap)
    rule = np.clip(gap - scores.facts.recency_days, 0, case.horizon_days)
    actual = np.minimum(came.wait_days, case.horizon_days)[known]
    cells = []
    for column, share in enumerate(QUANTILES):
        ours = np.nan_to_num(scores.next_order_days[:, column], nan=case.horizon_days)
        for predicted in (ours, rule):
            error = actual - predicted[known]
            cells.append(f"{np.mean(np.maximum(share * error, (share - 1) * error)):.1f}")
    return tuple(cells)
