"""How far one order more moves what is expected of the others, and what carries it.

    python -m bench.one_order [--every 5 6] [--draws 10]

Every so manieth customer of CDNOW's sample is a small shop. To it is added one order, of the median
amount or of a huge one, of a random customer on a random day of the last 300; everything is learnt
anew. Printed are changes of the sum of the others' values, x100, and their parts in logs: what the
lifetime models say, the two levels, the total that boosting is brought to, and the power of spend.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from backend.behaviour.history import OrderHistory
from backend.core.threads import one_thread
from backend.forecast.horizon_model import Level
from backend.forecast.learn.backtest.spend_power import best_spend_power
from backend.forecast.learn.backtest.trials import trials_to_run
from backend.forecast.learn.blend import fit_horizon, foresee_at_once, settle
from backend.forecast.learn.lifetime_base import FittedBases
from bench.shops import load
from tests.histories import part_of

AS_OF, HORIZON_DAYS, LATEST_DAYS = "1998-01-01", 365, 300
HUGE = (100_000.0, 2_000_000.0, 99_999_999.0)
ALLOWED = 0.01
PARTS = ("all", "lifetime models", "level of spend", "level of purchases", "matching", "power")
FloatArray = NDArray[np.float64]
console = Console(width=160)


@dataclass(frozen=True, slots=True)
class Learnt:
    """Expected spend of each buyer by the base, at its total, and spread; and the base's level."""

    steps: tuple[FloatArray, FloatArray, FloatArray]
    level: Level


def main() -> None:
    """Print how far the draws moved the others of each shop."""
    parser = argparse.ArgumentParser(description="Add one order and learn anew.")
    parser.add_argument("--every", type=int, nargs="*", default=[5, 6])
    parser.add_argument("--draws", type=int, default=10)
    asked = parser.parse_args()
    table = Table(title="The others' sum moves by, x100: root mean square, at the most")
    for column in ("orders", "draws", *PARTS, ""):
        table.add_column(column, justify="right")
    _, sample = load("cdnow_sample").history(AS_OF)
    for every in asked.every:
        shop = part_of(sample, every)
        moved = _moves(shop, asked.draws)
        cells = (f"{np.sqrt((part**2).mean()):.2f}, {abs(part).max():.2f}" for part in moved.T)
        kept = abs(moved[:, 0]).max() < 100 * max(ALLOWED, 10 / len(shop.amount))
        verdict = "[green]PASS[/]" if kept else "[red]FAIL[/]"
        table.add_row(f"{len(shop.amount):,}", str(asked.draws), *cells, verdict)
    console.print(table)


def _moves(shop: OrderHistory, draws: int) -> FloatArray:
    """Return changes by draw and part, x100, shape (draws, parts)."""
    before, rows = _learn(shop), []
    usual = float(np.median(shop.amount))
    for draw in range(draws):
        rng = np.random.default_rng(1000 + draw)
        customer, amount = int(rng.choice(shop.buyers)), float(rng.choice([usual, *HUGE]))
        after = _learn(_with_order(shop, customer, int(rng.integers(1, LATEST_DAYS)), amount))
        rows.append(_change(before, after, np.arange(len(shop.buyers)) != customer))
    return 100 * np.array(rows)


def _with_order(shop: OrderHistory, customer: int, days_ago: int, amount: float) -> OrderHistory:
    ordered = shop.as_of - np.timedelta64(days_ago, "D")
    return OrderHistory.from_orders(
        np.append(shop.customer_index, customer),
        np.append(shop.created_at, ordered.astype("datetime64[us]")),
        np.append(shop.amount, amount),
        customer_count=shop.customer_count,
        as_of=shop.as_of,
    )


def _learn(shop: OrderHistory) -> Learnt:
    days, bases = shop.purchase_days(), FittedBases()
    with one_thread():
        model = fit_horizon(days, HORIZON_DAYS, seed=0, bases=bases)
        tried = [one() for one in trials_to_run(days, HORIZON_DAYS, seed=0, bases=bases)]
        foreseen = foresee_at_once(model, days)
        settled, matched = settle(model, foreseen)
        power = best_spend_power([one for one in tried if one is not None])
    steps = (foreseen[0].spend, matched.spend, matched.with_spend_power(power).spend)
    return Learnt(steps, settled.level)


def _change(before: Learnt, after: Learnt, others: NDArray[np.bool_]) -> list[float]:
    """Return the change in all, and of each part, logs."""
    base, matched, spread = (
        float(np.log(now[others].sum() / then[others].sum()))
        for then, now in zip(before.steps, after.steps, strict=True)
    )
    spend = after.level.spend - before.level.spend
    purchases = after.level.orders - before.level.orders
    later = [new - old for old, new in pairwise((base, matched, spread))]
    return [spread, base - spend - purchases, spend, purchases, *later]


if __name__ == "__main__":
    main()
