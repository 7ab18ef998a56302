"""Time a whole run over 24,000 customers on PostgreSQL: orders in a database to published answers.

    python -m bench.run [--runs N] [--before CHECKOUT]

The shop is CDNOW's 23,570 customers, who ordered 69,659 times. The bound that the project sets
itself is a minute on two cores.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import insert

from backend.database.engine import create_engine, parse_url, transaction
from backend.files.create_tables import create_shop_tables
from backend.files.guide_tables import shop_tables
from tests.conftest import execute
from tests.live import ROOT, environment
from tests.services import postgresql

ORDERS = Path(__file__).parent / "data" / "cdnow.parquet"
NAMES = {"customers": "customers", "orders": "orders", "line_items": "order_line_items"}
ROWS_PER_BATCH = 10_000
BOUND_SECONDS = 60


async def load(url: str) -> None:
    """Put the shop into the guide's tables."""
    rows = pq.read_table(ORDERS).to_pylist()
    customers = sorted({int(row["customer_id"]) for row in rows})
    engine = create_engine(url)
    await create_shop_tables(engine, NAMES)
    tables = shop_tables(**NAMES).tables
    async with transaction(engine) as connection:
        await connection.execute(insert(tables["customers"]), [{"id": who} for who in customers])
        for start in range(0, len(rows), ROWS_PER_BATCH):
            batch = rows[start : start + ROWS_PER_BATCH]
            orders = [_order(start + place, row) for place, row in enumerate(batch)]
            await connection.execute(insert(tables["orders"]), orders)
    await engine.dispose()


def _order(number: int, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": number,
        "customer_id": int(row["customer_id"]),
        "total_price": Decimal(row["total_cents"]).scaleb(-2),
        "created_at": datetime.combine(row["created_at"], datetime.min.time()),
        "financial_status": "paid",
    }


@dataclass(frozen=True, slots=True)
class Timed:
    """What one run took, from start to end of its process, and its report."""

    seconds: float
    cpu_seconds: float
    report: dict[str, Any]


def timed_run(url: str, checkout: Path) -> Timed:
    """Run once through the command line of a checkout."""
    command = [sys.executable, "-m", "backend", "cluster", "--as-of", "1998-07-01", "--json"]
    variables = environment(url, {"PYTHONPATH": str(checkout)})
    started, cpu_before = time.perf_counter(), _cpu_of_children()
    done = subprocess.run(command, cwd=checkout, env=variables, capture_output=True, check=True)
    took, cpu = time.perf_counter() - started, _cpu_of_children() - cpu_before
    return Timed(took, cpu, json.loads(done.stdout))


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed_runs(url: str, checkout: Path, runs: int) -> list[Timed]:
    """Load the shop into a database of its own, and print what each run over it took."""
    asyncio.run(load(url))
    found = []
    for _ in range(runs):
        run = timed_run(url, checkout)
        found.append(run)
        customers = run.report["customers"]["total"]
        print(f"{run.seconds:6.1f} s  {run.cpu_seconds:6.1f} CPU s  {customers:,} customers")  # noqa: T201
        for stage in run.report.get("stages", ()):
            print(_said(stage))  # noqa: T201
    return found


def _said(stage: dict[str, Any]) -> str:
    figures = f"{stage['seconds']:6.1f} s  {stage['rows']:>9,} rows"
    return (
        f"         {stage['stage']:10} {figures}  {stage['peak_memory_mib'] or 0:6.0f} MiB so far"
    )


def main() -> None:
    """Print seconds and memory of some runs, and how they compare with another version's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--before", type=Path, help="a checkout of another version to compare with")
    options = parser.parse_args()
    with postgresql() as server:
        now = timed_runs(server.url, ROOT, options.runs)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        worst = max(run.seconds for run in now)
        verdict = "within" if worst <= BOUND_SECONDS else "ABOVE"
        print(f"worst {worst:.1f} s, {verdict} {BOUND_SECONDS} s; peak {peak:,.0f} MiB")  # noqa: T201
        if options.before is None:
            return
        asyncio.run(execute(server.url, "CREATE DATABASE before"))
        place = parse_url(server.url).set(drivername="postgresql", database="before")
        url = place.render_as_string(hide_password=False)
        before = timed_runs(url, options.before.resolve(), options.runs)
    print(_compared(now, before))  # noqa: T201


def _compared(now: Sequence[Timed], before: Sequence[Timed]) -> str:
    """Compare the quickest of each: what disturbs a run only adds."""
    seconds = min(run.seconds for run in now) / min(run.seconds for run in before)
    cpu = min(run.cpu_seconds for run in now) / min(run.cpu_seconds for run in before)
    return f"of the time before: {seconds:.2f}; of the CPU time before: {cpu:.2f}"


if __name__ == "__main__":
    main()
