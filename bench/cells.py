"""Where the forecast stands by cells of case and metric, and how sure a mean over cases is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.judge import LOWER_IS_BETTER, METRICS

# A cell is a case and one of these; on each within so much of the best of all peers.
IN_CELLS = ("churn_logloss", "spend_gini", "orders_gini", "churn_auc")
MOST_BEHIND = 1.0
SHARE_AHEAD = 2 / 3
IN_THE_MEAN = ("spend_rmse", "spend_decile_err")
TWO_PART = "two-part"
RESAMPLES = 2000

Scores = Mapping[str, float]
Gaps = Sequence[Scores]
"""How far ahead on each metric, x100, one mapping a case."""


def wins_table(title: str, gaps_by_peer: Mapping[str, Gaps]) -> Table:
    """Say in how many cases we are ahead of each peer, and where the mean lies 95 times in 100.

    Cases are drawn anew with replacement; those of one shop overlap, so that the truth is wider.
    """
    table = Table(title=f"Cases won, and the mean's bootstrap interval, x100, {title}")
    table.title_justify = "left"
    table.add_column("peer")
    for metric in METRICS:
        table.add_column(metric, justify="right")
    for peer, gaps in gaps_by_peer.items():
        table.add_row(peer, *(_won([gap[metric] for gap in gaps]) for metric in METRICS))
    return table


def _won(gaps: Sequence[float]) -> str:
    low, high = interval_of_mean(gaps)
    return f"{sum(gap > 0 for gap in gaps)} of {len(gaps)}\n{low:+.1f} to {high:+.1f}"


def interval_of_mean(values: Sequence[float]) -> tuple[float, float]:
    """Return where the mean of cases drawn anew lies 95 times in 100."""
    rng = np.random.default_rng(0)
    drawn = rng.choice(np.asarray(values), (RESAMPLES, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def print_cells(console: Console, ours: Mapping[str, Scores], peers: Mapping[str, Gaps]) -> None:
    """Judge every cell against the best of all peers there.

    Parameters
    ----------
    console
        Where it is printed.
    ours
        Our scores by case.
    peers
        The scores of all peers by case.
    """
    cells = [
        (_behind(metric, ours[case], peers[case]), case, metric)
        for case in ours
        if peers.get(case)
        for metric in IN_CELLS
    ]
    if not cells:
        return
    ahead, far = sum(gap < 0 for gap, _, _ in cells), [c for c in cells if c[0] > MOST_BEHIND]
    _verdict(
        console,
        ahead > SHARE_AHEAD * len(cells),
        f"ahead of the best of all peers in {ahead} of {len(cells)} cells (more than two thirds)",
    )
    _verdict(
        console,
        not far,
        f"within {MOST_BEHIND:.0f} % of the best of all peers: not in {len(far)} of {len(cells)}",
    )
    for gap, case, metric in sorted(far, reverse=True):
        console.print(f"     {metric} on {case}: {gap:.1f} % behind")


def _behind(metric: str, ours: Scores, peers: Gaps) -> float:
    """How far the best peer is ahead, per cent; negative where we are."""
    if metric in LOWER_IS_BETTER:
        return float(100 * np.log(ours[metric] / min(one[metric] for one in peers)))
    best = np.max([one[metric] for one in peers])
    return float(100 * np.log(np.maximum(best, 1e-9) / np.maximum(ours[metric], 1e-9)))


def print_beside_boosting(console: Console, gaps_by_peer: Mapping[str, Gaps]) -> None:
    """Say whether spend is nearer than two-part boosting's in the mean."""
    for peer, gaps in gaps_by_peer.items():
        if TWO_PART not in peer:
            continue
        for metric in IN_THE_MEAN:
            mean = float(np.mean([gap[metric] for gap in gaps]))
            _verdict(console, mean > 0, f"{metric} ahead of {peer} in the mean: {mean:+.2f}")


def _verdict(console: Console, passed: bool, said: str) -> None:
    console.print(f"[{'green' if passed else 'red'}]{'PASS' if passed else 'FAIL'}[/] {said}")
