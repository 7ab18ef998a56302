"""Ways to a forecast: the public one, through a database and a run, and the direct one."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.forecast.learn.forecast_tuning import TUNED, ForecastTuning
from backend.forecast.learn.predict import forecast
from bench.shops import Case, Shop


@dataclass(frozen=True, slots=True)
class Predictions:
    """Arrays of shape (customers,), ascending by customer."""

    customer_id: NDArray[np.int64]
    orders: NDArray[np.float64]
    spend: NDArray[np.float64]
    churn_risk: NDArray[np.float64]


def predict_directly(shop: Shop, case: Case, tuning: ForecastTuning = TUNED) -> Predictions:
    """Call the forecast on the orders before the cut-off."""
    customer_id, history = shop.history(case.cutoff)
    scores = forecast(
        history,
        value_horizon_days=case.horizon_days,
        churn_horizon_days=case.horizon_days,
        tuning=tuning,
    )
    orders = scores.predicted_orders / _orders_per_day(shop, case)
    return Predictions(customer_id, orders, scores.predicted_value, scores.churn_risk)


def predict_publicly(shop: Shop, case: Case) -> Predictions:
    """Put all orders in a database, run as of the cut-off, read what the run published."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "shop.db"
        run = Backend(database, case.horizon_days)
        run("migrate", "--shop-tables")
        fill(database, shop.counted())
        run("cluster", "--as-of", case.cutoff, "--json")
        published = _published(database)
    published[1] /= _orders_per_day(shop, case)
    return Predictions(published[0].astype(np.int64), *published[1:])


def _orders_per_day(shop: Shop, case: Case) -> float:
    """Judged are purchase days, several orders of a day being one."""
    _, history = shop.history(case.cutoff)
    days = history.purchase_days()
    return float(days.orders.sum() / len(days.orders))


class Backend:
    """`python -m backend …` on a database of its own."""

    def __init__(self, database: Path, horizon_days: int) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "OMP_NUM_THREADS": "1",
            "API_KEY": "benchmark",
            "LOG_LEVEL": "WARNING",
            "DATABASE_URL": f"sqlite:///{database}",
            "PREDICTION_HORIZON_DAYS": str(horizon_days),
            "CHURN_HORIZON_DAYS": str(horizon_days),
        }

    def __call__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "backend", *arguments]
        subprocess.run(command, env=self.environment, check=True, stdout=subprocess.DEVNULL)


def fill(database: Path, shop: Shop, items: NDArray[np.int64] | None = None) -> None:
    """Put a shop into the guide's tables; with `items` per order, one line each."""
    customers = ((int(c),) for c in np.unique(shop.customer_id))
    created = (str(at).replace("T", " ") for at in shop.created_at)
    orders = zip(
        range(1, len(shop.amount) + 1),
        shop.customer_id.tolist(),
        shop.amount.round(2).tolist(),
        created,
        strict=True,
    )
    with sqlite3.connect(database) as connection:
        connection.executemany("INSERT INTO customers (id) VALUES (?)", customers)
        connection.executemany(
            "INSERT INTO orders (id, customer_id, total_price, created_at, financial_status)"
            " VALUES (?, ?, ?, ?, 'paid')",
            orders,
        )
        lines = [] if items is None else enumerate(items.tolist(), start=1)
        connection.executemany(
            "INSERT INTO order_line_items (id, order_id, product_id, quantity, price)"
            " VALUES (?, ?, ?, ?, 1)",
            ((number, number, number % 50, count) for number, count in lines),
        )
    connection.close()


def _published(database: Path) -> NDArray[np.float64]:
    """Return ids, orders, value and churn risk of all customers, shape (4, customers)."""
    connection = sqlite3.connect(database)
    rows = connection.execute(
        "SELECT customer_id, predicted_orders, predicted_value, churn_risk"
        " FROM customer_intelligence ORDER BY customer_id"
    ).fetchall()
    connection.close()
    return np.array(rows, dtype=float).T
