"""A run on one machine, in one process and two, and over one worker of Dask and over two.

    python -m bench.run_machines [--customers N] [--without-lines] [--rounds N] [--workers-only]

On PostgreSQL, all on this machine: workers share its processors with the database and the driver,
so that what two of them gain is less than two machines would. Each round does all four, one after
the other, and the quickest of each counts: what disturbs a run only adds.

The seam alone is measured where noise does not hide it, in seconds of the processor: predictions in
batches through the executor of one process, beside the same at once.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from backend.behaviour.history import OrderHistory, PurchaseDays
from backend.core.threads import one_thread
from backend.forecast.horizon_model import HorizonModel
from backend.forecast.learn.blend import fit_horizon, foresee_at_once
from backend.run.partitions.machines import foresee_in_batches
from bench.big_shop import START, BigShop, fill, invented
from bench.run_sizes import Night, night
from tests import services
from tests.dask_cluster import dask_cluster
from tests.in_process import InProcess

MOST_COST = 1.05
TO_FIT, BATCHES = 40_000, 4
DAYS_TO_FORESEE = 365
ONE, TWO = {"RUN_PROCESSES": "1"}, {"RUN_PROCESSES": "2"}


def seam_cost(shop: BigShop, rounds: int) -> float:
    """Return the processor's seconds of predicting through the seam, over those without it."""
    days = _history(shop).purchase_days()
    with one_thread():
        model = fit_horizon(days.of(np.arange(TO_FIT)), DAYS_TO_FORESEE, seed=0)
        in_batches = partial(foresee_in_batches, InProcess(), shop.customers // BATCHES)
        pairs = [
            (_cpu_seconds(in_batches, model, days), _cpu_seconds(foresee_at_once, model, days))
            for _ in range(rounds)
        ]
    through, without = (float(min(each)) for each in zip(*pairs, strict=True))
    _tell(f"predicting for all: {without:.2f} CPU s at once, {through:.2f} through the seam")
    return through / without


def _history(shop: BigShop) -> OrderHistory:
    at = START.astype("datetime64[us]") + (shop.at * 86_400e6).astype("timedelta64[us]")
    return OrderHistory.from_orders(
        shop.owner - 1,
        at,
        shop.price,
        customer_count=shop.customers,
        as_of=np.datetime64("2026-01-01", "us"),
    )


def _cpu_seconds(
    foresee: Callable[[HorizonModel, PurchaseDays], object], model: HorizonModel, days: PurchaseDays
) -> float:
    began = time.process_time()
    foresee(model, days)
    return time.process_time() - began


def _reading(run: Night) -> float:
    return float(next(one["seconds"] for one in run.stages if one["stage"] == "read"))


@contextmanager
def _workers(url: str, count: int) -> Iterator[Mapping[str, str]]:
    """Start a scheduler and workers; give what tells a run of them."""
    with dask_cluster() as cluster:
        for _ in range(count):
            cluster.work(url)
        before = [_cpu_of(one.pid) for one in cluster.workers]
        yield {"DASK_SCHEDULER_ADDRESS": cluster.address, **ONE}
        for worker, used in zip(cluster.workers, before, strict=True):
            spent, peak = _cpu_of(worker.pid) - used, _peak_mib(worker.pid)
            _tell(f"       a worker took {spent:.1f} CPU s, and held at most {peak:,.0f} MiB")


def _cpu_of(pid: int) -> float:
    """Return the seconds of the processor that a process has taken, whatever else runs."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, told[11:13])) / os.sysconf("SC_CLK_TCK")


def _peak_mib(pid: int) -> float:
    told = Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2]
    return int(told.split()[0]) / 1024


def measured(url: str, rounds: int, *, workers_only: bool) -> Mapping[str, Night]:
    """Run each way, and return the quickest night of each."""
    nights: dict[str, list[Night]] = {}

    def run(name: str, variables: Mapping[str, str]) -> None:
        found = night(url, variables)
        nights.setdefault(name, []).append(found)
        _tell(f"{name}: {found}")

    if not workers_only:
        night(url, ONE)  # its fit is the first; later nights keep the borders
    for _ in range(rounds):
        if not workers_only:
            run("one process", ONE)
            run("two processes", TWO)
        for count in (1, 2):
            with _workers(url, count) as told:
                run(f"{count} of Dask's workers", told)
    return {name: min(each, key=lambda one: one.seconds) for name, each in nights.items()}


def main() -> None:
    """Print what each way takes, and exit with 1 where the seam costs more than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--without-lines", action="store_true")
    parser.add_argument("--workers-only", action="store_true")
    given = parser.parse_args()
    shop = invented(given.customers)
    cost = seam_cost(shop, rounds=3)
    with services.own_postgresql() as server:
        asyncio.run(fill(server.url, shop, lines=not given.without_lines))
        found = measured(server.url, given.rounds, workers_only=given.workers_only)
    _compare(found)
    kept = cost <= MOST_COST
    _tell(f"  {'PASS' if kept else 'FAIL'}  the seam costs {cost - 1:.1%} on one, at most 5 %")
    sys.exit(0 if kept else 1)


def _compare(found: Mapping[str, Night]) -> None:
    one, two = (found[f"{count} of Dask's workers"] for count in (1, 2))
    _tell(f"from one worker to two: {one.seconds / two.seconds:.2f} times as quick")
    quicker = _reading(one) / _reading(two)
    _tell(f"reading alone, which workers do: {quicker:.2f} times as quick")
    if (alone := found.get("one process")) is not None:
        pool = found["two processes"].seconds
        _tell(f"from one process to two on one machine: {alone.seconds / pool:.2f} times as quick")
        beside = one.seconds / alone.seconds
        _tell(f"one worker beside one process without any: {beside:.2f} times the time")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
