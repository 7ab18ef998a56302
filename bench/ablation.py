"""What each part of the forecast earns: every case again without it.

    python -m bench.ablation [PART ...]

Prints, per part (all of them unless some are named), how much worse the forecast is without it
(x100, errors as log ratios): a mean over the benchmark's cases, and over small samples of their
customers. Printed is a Markdown table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np

from backend.forecast.learn import blend as model
from backend.forecast.learn import boosting, level
from backend.forecast.learn import past_cutoffs as training
from backend.forecast.learn.backtest import calibration
from backend.forecast.learn.lifetime import GammaGamma
from backend.forecast.learn.lifetime_base import Base, fit_base
from backend.forecast.learn.past_cutoffs import Block
from bench.forecast import score
from bench.judge import METRICS, ahead
from bench.paths import predict_directly
from bench.shops import CASES, Case, Shop, load

SMALL = 1000
Patches = tuple[tuple[Any, str, Any], ...]


def _base_of(**parts: str) -> Patches:
    """Replace lifetime models by others of the three."""

    def fit(*arguments: Any) -> Base:
        base = fit_base(*arguments)
        return replace(base, **{part: getattr(base, other) for part, other in parts.items()})

    return ((training, "fit_base", fit), (model, "fit_base", fit))


def _without(module: Any, **values: Any) -> Patches:
    return tuple((module, name, value) for name, value in values.items())


def _same_spend(_: GammaGamma, purchases: Any, mean_spend: Any) -> Any:
    """Everybody spends what the mean customer does."""
    return np.full(len(purchases), np.mean(mean_spend))


def _only(part: str) -> Callable[..., Any]:
    def log_mean(self: Any, features: Any, base: Any) -> Any:
        expected = np.maximum(base.expected, boosting.LEAST_MULTIPLIED)
        predicted = np.log(getattr(self, part).predict(features.values))
        scale = np.log(expected) if part == "multiple" else 0.0
        predicted = predicted + scale
        # Totals are matched afterwards: the scale of the direct one falls out.
        return predicted + np.log(expected.sum() / np.exp(predicted).sum())

    return log_mean


def _unweighted(blocks: list[Block]) -> Any:
    return np.ones(sum(len(b.purchase_days) for b in blocks))


def _as_it_is(values: Any, _: float) -> Any:
    return values


VARIANTS: dict[str, Patches] = {
    "BG/NBD alone as base": _base_of(mbg_nbd="bg_nbd", pareto_nbd="bg_nbd"),
    "MBG/NBD alone as base": _base_of(bg_nbd="mbg_nbd", pareto_nbd="mbg_nbd"),
    "Pareto/NBD alone as base": _base_of(bg_nbd="pareto_nbd", mbg_nbd="pareto_nbd"),
    "Gamma-Gamma": ((GammaGamma, "expected_spend", _same_spend),),
    "level of purchases": _without(level, TRUST_YEAR_AGO=0.0, TRUST_RECENT=0.0),
    "drift of spend": _without(level, TRUST_SPEND=0.0),
    "models that got the buyers right": _without(level, TOLERATED_SHARE=1e9),
    "blocks at their own level": _without(training, LEVEL_PSEUDO_PURCHASES=1e12),
    "buyers missed at every cut-off (none were)": _without(level, TOLERATED_LOG_ODDS=np.inf),
    "blocks weighted for buying": _without(boosting, _weights=_unweighted),
    "boosting": _without(model, LEAST_RARER_OUTCOMES=np.inf),
    "boosting of purchases directly": ((boosting.PurchaseBoosting, "log_mean", _only("multiple")),),
    "boosting as multiple of the base": ((boosting.PurchaseBoosting, "log_mean", _only("direct")),),
    "totals of the levelled base": _without(
        model, _with_total=_as_it_is, _intercept=lambda *_: 0.0
    ),
    "spread of spend from the trials": _without(calibration, POWERS=np.ones(1)),
    "leaning on simple rules": _without(calibration, RULE_WEIGHTS=(0.0, 0.0)),
}


def main() -> None:
    """Print the table."""
    shops = [(load(case.shop), case) for case in CASES]
    small = [(shop.of_customers_known(case.cutoff, SMALL, 0), case) for shop, case in shops]
    whole_scores, small_scores = _scores(shops), _scores(small)
    print(f"| without | {' | '.join(METRICS)} | of {SMALL}: {' | '.join(METRICS)} |")  # noqa: T201
    for name in sys.argv[1:] or VARIANTS:
        patches = VARIANTS[name]
        with _patched(patches):
            gaps = _gaps(_scores(shops), whole_scores) + _gaps(_scores(small), small_scores)
        print(f"| {name} | " + " | ".join(f"{gap:+.2f}" for gap in gaps) + " |", flush=True)  # noqa: T201


def _scores(shops: list[tuple[Shop, Case]]) -> list[dict[str, float]]:
    return [score(shop, case, predict_directly(shop, case)) for shop, case in shops]


def _gaps(found: list[dict[str, float]], whole: list[dict[str, float]]) -> list[float]:
    gaps = [ahead(one, other) for one, other in zip(found, whole, strict=True)]
    return [float(np.mean([gap[metric] for gap in gaps])) for metric in METRICS]


@contextmanager
def _patched(patches: Patches) -> Iterator[None]:
    with ExitStack() as stack:
        for target, name, value in patches:
            stack.enter_context(patch.object(target, name, value))
        yield


if __name__ == "__main__":
    main()
