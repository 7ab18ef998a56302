"""Boosted trees asked what they add to the lifetime models: how often, and whether at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backend.core.arrays import FloatArray
from backend.forecast.base_scores import BaseScores
from backend.forecast.chances import expit, logit
from backend.forecast.features import Features
from backend.forecast.trees import Trees

LEAST_MULTIPLIED = 1e-3


@dataclass(frozen=True, slots=True)
class PurchaseBoosting:
    """Poisson regressions of purchase days: directly, and as a multiple of the base.

    Attributes
    ----------
    direct, multiple
        The regressions; their sums are logs.
    direct_share
        Of the direct one in the mixture of logs, in [0, 1].
    log_scale
        What both were divided by, as a log.
    """

    direct: Trees
    multiple: Trees
    direct_share: float
    log_scale: float

    def log_mean(self, features: Features, base: BaseScores) -> FloatArray:
        """Return logs of expected purchase days in the label window, both ways mixed."""
        direct, multiple = (
            np.log(np.exp(trees.sums(features.values))) for trees in (self.direct, self.multiple)
        )
        expected = np.log(np.maximum(base.expected, LEAST_MULTIPLIED))
        mixed = self.direct_share * direct + (1 - self.direct_share) * (multiple + expected)
        return np.asarray(mixed + self.log_scale)


@dataclass(frozen=True, slots=True)
class BuyBoosting:
    """Boosted log odds of buying at all."""

    trees: Trees

    def logit(self, features: Features) -> FloatArray:
        """Return the log odds of buying in the label window."""
        return logit(np.clip(expit(self.trees.sums(features.values)), 1e-6, 1 - 1e-6))
