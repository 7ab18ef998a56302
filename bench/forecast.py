"""Forecasts beside their peers, on real shops, by the judge.

    python -m bench.forecast [--direct] [--peers] [--subsamples] [--speed] [--customers N]

Without options: every shop and date goes the public way (orders in a database, a run as of the
date, what it published), is judged, and is printed beside the peers on file.

--direct      calls the forecast itself instead: the same numbers, sooner
--peers       fits the peers that install today instead of reading their figures (bench/peers.py),
              and judges every cell of case and metric against the best of all of them
--gifts FILE  ten years of small gifts besides, in tables of their own: a Parquet file that is no
              part of this project, by which levels of spend and segments were chosen, but no
              figure of single customers
--subsamples  300, 1,000 and 3,000 customers of each shop, beside Pareto/NBD
--intervals   how often the 80 % intervals hold what came, and how good the next-order dates are
--speed       a million invented customers (--customers), beside lifetimes and boosting
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.cells import print_beside_boosting, print_cells, wins_table
from bench.intervals import measure_intervals
from bench.judge import METRICS, Truth, ahead, happened, judge
from bench.paths import Predictions, predict_directly, predict_publicly
from bench.peers_on_file import OURS, Row, on_file, run_peers
from bench.shops import CASES, GIFTS, PUBLISHED, SUBSAMPLE_SIZES, Case, Shop, gift_shop, load
from bench.speed import measure_speed

GOALS = (
    "orders_rmse",
    "orders_gini",
    "spend_gini",
    "spend_decile_err",
    "churn_auc",
    "churn_logloss",
    "churn_ece",
)
WORST_ON_ONE = {"churn_logloss": -2.0, "spend_gini": -2.0}
SUBSAMPLE_SEEDS = (0, 1, 2)
INSTALLABLE = (
    "lifetimes-bgnbd",
    "lifetimes-mbgnbd",
    "lifetimes-pareto",
    "clvkit-bgnbd",
    "clvkit-mbgnbd",
    "pymc-bgnbd",
    "pymc-mbgnbd",
    "pymc-pareto",
    "hgb-two-part",
    "lgbm-two-part",
    "naive-lastperiod",
    "naive-mean",
)
Predict = Callable[[Shop, Case], Predictions]
console = Console(width=200)


def main() -> None:
    """Do what the options ask for."""
    asked = _arguments()
    predict = predict_directly if asked.direct else predict_publicly
    if asked.speed:
        measure_speed(asked.customers, console)
    elif asked.intervals:
        measure_intervals(console)
    elif asked.subsamples:
        _compare_subsamples(predict)
    else:
        _compare(predict, [(load(case.shop), case) for case in CASES], rerun=asked.peers)
        if asked.gifts is not None:
            gifts = gift_shop(asked.gifts)
            _compare(predict, [(gifts, case) for case in GIFTS], rerun=asked.peers)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Score forecasts beside their peers.")
    for option in ("direct", "peers", "subsamples", "intervals", "speed"):
        parser.add_argument(f"--{option}", action="store_true")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--gifts", help="a Parquet file of gifts")
    return parser.parse_args()


def _compare(predict: Predict, dates: Sequence[tuple[Shop, Case]], *, rerun: bool) -> None:
    rows: list[Row] = []
    for shop, case in dates:
        found = [Row(case, OURS, score(shop, case, predict(shop, case)))]
        if rerun:
            found += [
                Row(case, name, score(shop, case, made))
                for name, made in run_peers(shop, case, INSTALLABLE).items()
            ]
        else:
            found += [row for row in on_file() if row.case == case]
        _print_case(case, found)
        rows += found
    _print_summary("all dates", rows)
    published = [row for row in rows if row.case in PUBLISHED]
    if published:
        _print_summary("dates on file alone", published)


def _compare_subsamples(predict: Predict) -> None:
    """Beside Pareto/NBD on small shops; as means over shops, dates and samples."""
    gaps: dict[int, list[dict[str, float]]] = {size: [] for size in SUBSAMPLE_SIZES}
    for case in PUBLISHED:
        whole = load(case.shop)
        for size in SUBSAMPLE_SIZES:
            for seed in SUBSAMPLE_SEEDS:
                shop = whole.of_customers_known(case.cutoff, size, seed)
                theirs = run_peers(shop, case, ("lifetimes-pareto",))
                if not theirs:
                    continue
                ours = score(shop, case, predict(shop, case))
                pareto = score(shop, case, theirs["lifetimes-pareto"])
                gaps[size].append(ahead(ours, pareto))
    table = _table("Ahead of lifetimes' Pareto/NBD, x100", "customers")
    for size, found in gaps.items():
        table.add_row(str(size), *_gap_cells(_mean(found)), str(len(found)))
    console.print(table)


def score(shop: Shop, case: Case, made: Predictions) -> dict[str, float]:
    """Judge predictions for the customers known at the cut-off."""
    truth: Truth = happened(
        shop.customer_id,
        shop.day,
        shop.amount,
        int(np.datetime64(case.cutoff, "D").astype(int)),
        case.horizon_days,
    )
    rows = np.searchsorted(made.customer_id, truth.customer_id)
    return judge(truth, made.orders[rows], made.spend[rows], made.churn_risk[rows])


def _print_case(case: Case, rows: Iterable[Row]) -> None:
    table = _table(str(case), "model")
    for row in rows:
        style = "bold" if row.model == OURS else None
        table.add_row(row.model, *(f"{row.scores[m]:.4f}" for m in METRICS), style=style)
    console.print(table)


def _print_summary(which: str, rows: list[Row]) -> None:
    """Say how far we are ahead, and whether that is as far as is wanted, over some of the cases."""
    _print_means(which, rows)
    gaps = _gaps_by_peer(rows)
    console.print(wins_table(which, gaps))
    _print_goals(rows)
    print_beside_boosting(console, gaps)
    ours = {str(row.case): row.scores for row in rows if row.model == OURS}
    theirs = {
        case: [r.scores for r in rows if str(r.case) == case and r.model != OURS] for case in ours
    }
    print_cells(console, ours, theirs)


def _print_means(which: str, rows: list[Row]) -> None:
    """How far we are ahead of each peer, as means over the cases it was measured on."""
    title = f"Ahead of each peer, x100 (errors as log ratios), means over {which}"
    table = _table(title, "peer")
    for peer, gaps in _gaps_by_peer(rows).items():
        table.add_row(peer, *_gap_cells(_mean(gaps)), str(len(gaps)))
    console.print(table)


def _print_goals(rows: list[Row]) -> None:
    means = {peer: _mean(gaps) for peer, gaps in _gaps_by_peer(rows).items()}
    behind = [(p, m, g[m]) for p, g in means.items() for m in GOALS if g[m] <= 0]
    for peer, metric, gap in behind:
        console.print(f"behind on average: {metric} of {peer}, {gap:.2f}")
    worst = _worst_on_one(rows)
    for case, metric, peer, gap in worst:
        console.print(f"more than 2 % behind the best: {metric} on {case}, {peer}, {gap:.2f}")
    if not behind and not worst:
        console.print("All goals are reached.")


def _worst_on_one(rows: list[Row]) -> list[tuple[Case, str, str, float]]:
    """Cases where the best of all peers is more than 2 % ahead of us."""
    found = []
    for case in dict.fromkeys(row.case for row in rows):
        here = [row for row in rows if row.case == case]
        ours = next(row.scores for row in here if row.model == OURS)
        for row in here:
            relative = {
                "churn_logloss": np.log(row.scores["churn_logloss"] / ours["churn_logloss"]),
                "spend_gini": np.log(ours["spend_gini"] / max(row.scores["spend_gini"], 1e-9)),
            }
            found += [
                (case, metric, row.model, 100 * gap)
                for metric, gap in relative.items()
                if 100 * gap < WORST_ON_ONE[metric]
            ]
    return found


def _gaps_by_peer(rows: list[Row]) -> dict[str, list[dict[str, float]]]:
    ours = {row.case: row.scores for row in rows if row.model == OURS}
    gaps: dict[str, list[dict[str, float]]] = {}
    for row in rows:
        if row.model != OURS:
            gaps.setdefault(row.model, []).append(ahead(ours[row.case], row.scores))
    return gaps


def _mean(gaps: list[dict[str, float]]) -> dict[str, float]:
    return {m: float(np.mean([g[m] for g in gaps])) if gaps else np.nan for m in METRICS}


def _gap_cells(gaps: dict[str, float]) -> list[str]:
    return [f"[{'green' if gaps[m] > 0 else 'red'}]{gaps[m]:+.2f}[/]" for m in METRICS]


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    columns: tuple[Any, ...] = (*METRICS, "cases") if first != "model" else METRICS
    for name in columns:
        table.add_column(name, justify="right")
    return table


if __name__ == "__main__":
    main()
