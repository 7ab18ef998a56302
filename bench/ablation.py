"""What each part of the forecast earns: every case again without it.

    python -m bench.ablation [PART ...]

Prints, per part (all of them unless some are named), how much worse the forecast is without it
(x100, errors as log ratios): a mean over the benchmark's cases, and over small samples of their
customers. Printed is a Markdown table. A part is left out by other values of the tuning alone.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np

from backend.forecast.learn.forecast_tuning import TUNED, ForecastTuning
from bench.forecast import score
from bench.judge import METRICS, ahead
from bench.paths import predict_directly
from bench.shops import CASES, Case, Shop, load

SMALL = 1000
SEEDS = (0, 1, 2)
Cases = list[tuple[Shop, Case]]
Scores = list[dict[str, float]]

lifetime, cutoffs, level = TUNED.lifetime, TUNED.cutoffs, TUNED.level
boosting, blend, power = TUNED.boosting, TUNED.blend, TUNED.power

WITHOUT: dict[str, ForecastTuning] = {
    "BG/NBD alone as base": replace(TUNED, lifetime=replace(lifetime, averaged=("bg_nbd",))),
    "MBG/NBD alone as base": replace(TUNED, lifetime=replace(lifetime, averaged=("mbg_nbd",))),
    "Pareto/NBD alone as base": replace(
        TUNED, lifetime=replace(lifetime, averaged=("pareto_nbd",))
    ),
    "Gamma-Gamma": replace(TUNED, lifetime=replace(lifetime, own_spend_share=0.0)),
    "level of purchases": replace(
        TUNED, level=replace(level, year_ago_trust=0.0, recent_trust=0.0)
    ),
    "models that got the buyers right": replace(TUNED, level=replace(level, tolerated_share=1e9)),
    "blocks at their own level": replace(
        TUNED, cutoffs=replace(cutoffs, level_pseudo_purchases=1e12)
    ),
    "cut-offs weighted for buying": replace(
        TUNED, boosting=replace(boosting, balance=0.0, half_life_days=np.inf)
    ),
    "boosting": replace(TUNED, boosting=replace(boosting, least_rarer_outcomes=np.inf)),
    "boosting of purchases directly": replace(TUNED, boosting=replace(boosting, direct_share=0.0)),
    "boosting as multiple of the base": replace(
        TUNED, boosting=replace(boosting, direct_share=1.0)
    ),
    "totals of the levelled base": replace(TUNED, blend=replace(blend, totals_of_base=False)),
    "spread of spend from the trials": replace(TUNED, power=replace(power, powers=(1.0,))),
}


def main() -> None:
    """Print the table."""
    dates = [(load(case.shop), case) for case in CASES]
    samples = [
        (shop.of_customers_known(case.cutoff, SMALL, seed), case)
        for seed in SEEDS
        for shop, case in dates
    ]
    whole = [(cases, _scores(cases, TUNED)) for cases in (dates, samples)]
    print(f"| without | {' | '.join(METRICS)} | of {SMALL}: {' | '.join(METRICS)} |")  # noqa: T201
    for name in sys.argv[1:] or WITHOUT:
        gaps = [gap for one in whole for gap in _gaps(*one, WITHOUT[name])]
        print(f"| {name} | " + " | ".join(f"{gap:+.2f}" for gap in gaps) + " |", flush=True)  # noqa: T201


def _scores(cases: Cases, tuning: ForecastTuning) -> Scores:
    return [score(shop, case, predict_directly(shop, case, tuning)) for shop, case in cases]


def _gaps(cases: Cases, whole: Scores, tuning: ForecastTuning) -> list[float]:
    """How much better (+) or worse (-) other tuning is, by metric; means over the cases."""
    gaps = [ahead(*pair) for pair in zip(_scores(cases, tuning), whole, strict=True)]
    return [float(np.mean([gap[metric] for gap in gaps])) for metric in METRICS]


if __name__ == "__main__":
    main()
