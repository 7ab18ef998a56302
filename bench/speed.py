"""How long the forecast takes, and how much memory, beside lifetimes and two-part boosting."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from backend.behaviour.history import OrderHistory
from backend.forecast.learn.blend import fit_horizon
from backend.forecast.learn.predict import forecast
from bench.generator import invent_shop
from bench.peers_on_file import run_script
from bench.shops import load

HORIZON_DAYS = 180
SMALL_SHOP = ("cdnow", "1997-10-01", 273)
# As the forecast itself samples.
CUSTOMERS_TO_FIT = 40_000
MOST_LIFETIMES = 40
MOST_BOOSTING = 1 / 3
MOST_MEMORY_GIB = 1.5


def measure_speed(customer_count: int, console: Console) -> None:
    """Print seconds on a real shop of 24,000 customers and on a large invented one."""
    name, cutoff, horizon = SMALL_SHOP
    _, small = load(name).history(cutoff)
    table = Table(title="Seconds", title_justify="left")
    for column in ("what", "customers", "fit and predict", "with trials and intervals"):
        table.add_column(column, justify="left" if column == "what" else "right")
    ours_small = _ours(small, horizon)
    table.add_row("ours", "23,570", *(f"{s:.1f}" for s in ours_small))
    peers = ("lifetimes-bgnbd", "lifetimes-pareto")
    # A fit of a fifth of a second is easily disturbed: the best of three.
    lifetimes = {peer: min(_peer(small, horizon, peer) for _ in range(3)) for peer in peers}
    for peer, (fit, total) in lifetimes.items():
        table.add_row(peer, "23,570", f"{total:.1f} (fit {fit:.1f})", "")
    large = invent_shop(customer_count)
    ours_large = _ours(large, HORIZON_DAYS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    table.add_row("ours", f"{customer_count:,}", *(f"{s:.1f}" for s in ours_large))
    _, boosting = _peer(large, HORIZON_DAYS, "hgb-two-part")
    table.add_row("hgb-two-part", f"{customer_count:,}", f"{boosting:.1f}", "")
    console.print(table)
    console.print(
        _bounds(
            customer_count,
            ours_large=ours_large[0],
            ours_small=ours_small[0],
            bg_nbd=lifetimes["lifetimes-bgnbd"][0],
            pareto_nbd=lifetimes["lifetimes-pareto"][0],
            boosting=boosting,
            peak_gib=peak,
        )
    )


def _bounds(
    customer_count: int,
    *,
    ours_large: float,
    ours_small: float,
    bg_nbd: float,
    pareto_nbd: float,
    boosting: float,
    peak_gib: float,
) -> Table:
    """Every bound beside what was measured; the stricter of the first two is what counts."""
    table = Table(title="Bounds, measured in this run", title_justify="left")
    for column in ("of", "bound", "allowed", "measured", ""):
        table.add_column(column, justify="right" if column in ("allowed", "measured") else "left")
    seconds, small = f"seconds at {customer_count:,}", "seconds at 23,570"
    rows = (
        (seconds, "40 x the fit of lifetimes' BG/NBD at 23,570", MOST_LIFETIMES * bg_nbd),
        (seconds, "a third of two-part boosting, same size", MOST_BOOSTING * boosting),
        (small, "the fit of lifetimes' Pareto/NBD", pareto_nbd),
        ("peak memory, GiB", "1.5", MOST_MEMORY_GIB),
    )
    measured = (ours_large, ours_large, ours_small, peak_gib)
    for (of, bound, allowed), found in zip(rows, measured, strict=True):
        verdict = "[green]PASS[/]" if found <= allowed else "[red]FAIL[/]"
        table.add_row(of, bound, f"{allowed:.2f}", f"{found:.2f}", verdict)
    return table


def _ours(history: OrderHistory, horizon_days: int) -> tuple[float, float]:
    """Seconds of fitting and predicting, and of everything a run does besides."""
    started = time.perf_counter()
    days = history.purchase_days()
    buyers = days.buyers
    sample = days
    if len(buyers) > CUSTOMERS_TO_FIT:
        sample = days.of(np.random.default_rng(0).choice(buyers, CUSTOMERS_TO_FIT, replace=False))
    fit_horizon(sample, horizon_days, seed=0).predict(days)
    alone = time.perf_counter() - started
    started = time.perf_counter()
    forecast(history, value_horizon_days=horizon_days, churn_horizon_days=horizon_days)
    return alone, time.perf_counter() - started


def _peer(history: OrderHistory, horizon_days: int, name: str) -> tuple[float, float]:
    """Seconds of fitting, and of fitting and predicting, without starting up."""
    days = history.purchase_days()
    with tempfile.TemporaryDirectory() as folder:
        purchases, out = Path(folder) / "purchases.npz", Path(folder) / "out.json"
        np.savez(purchases, customer=days.customer, day=days.day, spend=days.spend)
        job = (str(purchases), str(days.as_of_day), str(horizon_days), str(out))
        if run_script(name, *job).returncode:
            sys.exit(f"{name} failed")
        found = json.loads(out.read_text())[name]
    return found["fit_seconds"], found["seconds"]
