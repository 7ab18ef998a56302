"""Whether intervals hold what came as often as they say, on the benchmark's holdouts.

An outcome on a limit is inside. Deciles are of the prediction. An interval that holds the likeliest
outcome covers at least as often as that happens, so where more than 80 % of a decile order nothing,
nobody comes nearer to 80 % than [0, 0] does, not even who knows what each decile will do: printed
beside the coverage is the nearest that can be had. Above it, any coverage can, by giving some of
the customers a wider interval than others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from backend.behaviour.history import OrderHistory
from backend.forecast.intervals import COVERAGE
from backend.forecast.learn.learnt_forecast import Forecast
from backend.forecast.learn.predict import forecast
from backend.forecast.next_order import QUANTILES
from bench.shops import CASES, Case, Shop, load

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Came:
    """What came of each customer known at the cut-off, arrays of shape (customers,)."""

    orders: FloatArray
    spend: FloatArray
    wait_days: FloatArray


@dataclass(frozen=True, slots=True)
class _Covered:
    """How often intervals held what came, on one date.

    Attributes
    ----------
    shop, of
        Whose intervals, and of what.
    level
        What came in all over what was predicted.
    inside, nothing
        Shape (10,), by decile of the prediction: shares of customers whose outcome the interval
        held, and who ordered nothing.
    """

    shop: str
    of: str
    level: float
    inside: FloatArray
    nothing: FloatArray

    @property
    def attainable(self) -> FloatArray:
        """The coverage nearest to what is wanted that any interval could have, by decile."""
        return np.maximum(self.nothing, COVERAGE)


def measure_intervals(console: Console) -> None:
    """Print coverage, overall and by decile, and the pinball loss of the next-order dates."""
    covered: list[_Covered] = []
    by_date = _table(
        "Share of outcomes in the 80 % interval",
        ("date", "of", "came / predicted", "overall", "attainable", "by decile of the prediction"),
    )
    by_date.add_column("nothing ordered, by decile")
    waits = _table(
        "Pinball loss of the next order, days",
        ("date", "10 %", "rule", "50 %", "rule", "90 %", "rule"),
    )
    for case in CASES:
        shop = load(case.shop)
        _, history = shop.history(case.cutoff)
        scores = forecast(
            history, value_horizon_days=case.horizon_days, churn_horizon_days=case.horizon_days
        )
        came = _outcomes(shop, history, case)
        for one in _coverage(case, scores, came):
            covered.append(one)
            by_date.add_row(str(case), one.of, f"{one.level:.2f}", *_cells([one]))
        waits.add_row(str(case), *_pinballs(case, history, scores, came))
    console.print(by_date)
    console.print(_pooled(covered))
    console.print(waits)


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    return table


def _pooled(covered: list[_Covered]) -> Table:
    """Sum up by shop and over all, each date counting the same."""
    table = _table(
        "The same over all dates, means",
        ("shop", "of", "dates", "overall", "attainable", "by decile of the prediction"),
    )
    table.add_column("nothing ordered, by decile")
    table.add_column("deciles where 80 % can be had")
    for shop in (*dict.fromkeys(one.shop for one in covered), "all"):
        for of in ("orders", "value"):
            some = [c for c in covered if c.of == of and shop in (c.shop, "all")]
            inside = np.concatenate([c.inside for c in some])
            possible = np.concatenate([c.nothing for c in some]) <= COVERAGE
            table.add_row(
                shop,
                of,
                str(len(some)),
                *_cells(some),
                f"{inside[possible].mean():.2f} ({possible.sum()} of {len(possible)})",
            )
    return table


def _cells(covered: list[_Covered]) -> list[str]:
    """Overall and by decile, means over dates."""
    inside, nothing, attainable = (
        np.mean([getattr(c, part) for c in covered], axis=0)
        for part in ("inside", "nothing", "attainable")
    )
    return [
        f"{inside.mean():.2f}",
        f"{attainable.mean():.2f}",
        _in_a_row(inside),
        _in_a_row(nothing),
    ]


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
        np.bincount(customer, later.amount[inside], minlength=size).astype(float),
        wait,
    )


def _coverage(case: Case, scores: Forecast, came: _Came) -> list[_Covered]:
    known = ~np.isnan(scores.predicted_value)
    parts = (
        ("orders", "predicted_orders", came.orders),
        ("value", "predicted_value", came.spend),
    )
    covered = []
    for name, field, every in parts:
        predicted, low, high = (
            getattr(scores, f"{field}{limit}")[known] for limit in ("", "_low", "_high")
        )
        actual = every[known]
        covered.append(
            _Covered(
                shop=case.shop,
                of=name,
                level=float(actual.sum() / predicted.sum()),
                inside=_by_decile(predicted, (actual >= low) & (actual <= high)),
                nothing=_by_decile(predicted, actual == 0),
            )
        )
    return covered


def _by_decile(predicted: FloatArray, happened: NDArray[np.bool_]) -> FloatArray:
    order = np.argsort(predicted, kind="stable")
    return np.array([part.mean() for part in np.array_split(happened[order], 10)])


def _in_a_row(shares: FloatArray) -> str:
    return " ".join(f"{share:.2f}".removeprefix("0") for share in shares)


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
