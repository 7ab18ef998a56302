"""How many rows a follower has to copy after a night in which nothing was ordered.

    python -m bench.changes [--nights N]

Each shop is put into a database and run as of consecutive days. Of the customers who did not order
since the night before, counted are those whose `changed_at` moved; beside them, from the same rows,
those whose segment or status is another (the floor: no tolerance spares these) and those of whom
anything at all is another (what comparing rows would copy).
"""

import argparse
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from backend.results.customer_numbers import SHOWN
from bench.paths import Backend, fill
from bench.shops import Shop, load

SHOPS = {"cdnow": "1998-01-01", "online_retail_2": "2011-06-10"}
# As a shop has them that sets nothing.
PREDICTION_HORIZON_DAYS, CHURN_HORIZON_DAYS = 365, 180
BOUND = 0.02
WORDS = ("archetype_id", "status")
STAMPS = {"run_id", "as_of", "updated_at", "changed_at"}
ONE_DAY = np.timedelta64(1, "D")

Rows = dict[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Night:
    """Shares of the customers who did not order, in [0, 1].

    Attributes
    ----------
    customers
        How many did not order.
    moved
        Whose `changed_at` moved.
    floor
        Whose segment or status is another.
    anything
        Of whom any number is another.
    """

    customers: int
    moved: float
    floor: float
    anything: float


def nights(shop: Shop, start: str, count: int) -> list[Night]:
    """Run as of consecutive days, and compare each with the day before."""
    days = [np.datetime64(start) + night * ONE_DAY for night in range(count + 1)]
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "shop.db"
        run = Backend(database, CHURN_HORIZON_DAYS)
        run.environment["PREDICTION_HORIZON_DAYS"] = str(PREDICTION_HORIZON_DAYS)
        run("migrate", "--shop-tables")
        fill(database, shop)
        told = []
        for day in days:
            run("cluster", "--as-of", str(day), "--json")
            told.append(_rows(database))
    pairs = zip(told, told[1:], days, strict=False)
    return [_night(was, now, _ordered(shop, day)) for was, now, day in pairs]


def _rows(database: Path) -> Rows:
    names = ["customer_id", *(one.name for one in SHOWN)]
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(f"SELECT {', '.join(names)} FROM customer_intelligence")
        return {row[0]: dict(zip(names, row, strict=True)) for row in found}


def _ordered(shop: Shop, day: np.datetime64) -> set[int]:
    on = (shop.created_at >= day) & (shop.created_at < day + ONE_DAY)
    return set(shop.customer_id[on].tolist())


def _night(was: Rows, now: Rows, ordered: set[int]) -> Night:
    quiet = [(was[who], now[who]) for who in was.keys() & now.keys() - ordered if _bought(was[who])]
    numbers = [one.name for one in SHOWN if one.name not in STAMPS]

    def share(names: list[str]) -> float:
        return float(np.mean([any(a[name] != b[name] for name in names) for a, b in quiet]))

    return Night(len(quiet), share(["changed_at"]), share([*WORDS]), share(numbers))


def _bought(row: dict[str, Any]) -> bool:
    """Leave out who has yet to order: of them nothing can change."""
    return bool(row["frequency"])


def main() -> None:
    """Print one line per shop and night, and whether all are within the bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=2)
    count = parser.parse_args().nights
    table = Table(title="Customers who did not order, one night later", title_justify="left")
    for column in ("shop", "night", "customers", "changed_at", "floor", "anything"):
        table.add_column(column, justify="left" if column == "shop" else "right")
    worst = 0.0
    for name, start in SHOPS.items():
        for number, night in enumerate(nights(load(name).counted(), start, count), start=1):
            shares = (f"{share:.2%}" for share in (night.moved, night.floor, night.anything))
            table.add_row(name, str(number), f"{night.customers:,}", *shares)
            worst = max(worst, night.moved)
    verdict = "within" if worst <= BOUND else "ABOVE"
    console = Console()
    console.print(table)
    console.print(f"worst {worst:.2%}, {verdict} {BOUND:.0%}")


if __name__ == "__main__":
    main()
