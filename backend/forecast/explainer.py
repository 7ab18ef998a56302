r"""Why this number: what moves a customer away from the shop's average, adding up to the score.

A customer's own contributions are read off the tables of an additive model of five plain facts, on
the scale where effects multiply (log odds of churn, log of value). What the tables miss is a last
contribution, "details". The logarithmic mean takes them to the scale people read,

.. math:: \Delta_j = f_j \, \frac{score - base}{g(score) - g(base)}, \quad
    \sum_j \Delta_j = score - base,

with g the log odds or the log [1]_: exact, and no effect changes its sign. Explaining takes
microseconds and five numbers, so it happens when asked.

References
----------
.. [1] Ang, Liu (2001), A new energy decomposition method: perfect in decomposition and consistent
   in aggregation, Energy 26(6). https://doi.org/10.1016/S0360-5442(01)00022-6
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from backend.behaviour.customer_facts import CustomerFacts
from backend.core.arrays import FloatArray, IntArray, StoredFloats
from backend.results.explanation import ExplainedFact

MOST_BINS = 16
DETAILS: Final = "details"
Feature = Literal["recency", "rhythm", "frequency", "order_value", "age"]


@dataclass(frozen=True, slots=True)
class Part:
    """One fact's part in a number, in the unit of the number."""

    feature: ExplainedFact
    amount: float


@dataclass(frozen=True, slots=True)
class NumberParts:
    """A number as the base plus parts, the largest first; `wording` says what they come from.

    Attributes
    ----------
    base
        Mean over the shop's customers with orders.
    score
        The customer's own.
    parts
        Their amounts add up to ``score - base``.
    """

    base: float
    score: float
    parts: tuple[Part, ...]

    def rounded(self, digits: int) -> NumberParts:
        """Round so that the parts still add up to the rounded score; "details" takes the rest."""
        base, score = round(self.base, digits), round(self.score, digits)
        told = [replace(part, amount=round(part.amount, digits)) for part in self.parts]
        known = sum(part.amount for part in told if part.feature != DETAILS)
        left = round(score - base - known, digits)
        parts = (replace(one, amount=left) if one.feature == DETAILS else one for one in told)
        return NumberParts(base, score, tuple(parts))


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects of one fact by its bins; the last bin is for unknown.

    Attributes
    ----------
    edges
        Shape (bins - 2,), where one bin ends and the next begins, ascending.
    churn, value
        Shape (bins,), added to the log odds of churn and to the log of value.
    """

    edges: StoredFloats
    churn: StoredFloats
    value: StoredFloats

    def bin(self, fact: FloatArray) -> IntArray:
        return np.where(
            np.isnan(fact), len(self.edges) + 1, np.searchsorted(self.edges, fact, side="right")
        )


@dataclass(frozen=True, slots=True)
class Explainer:
    """The distilled forecast of one run.

    Attributes
    ----------
    base_churn, base_value
        Means over customers with orders.
    typical_frequency, typical_order_value
        Medians over customers with orders.
    tables
        By fact.
    """

    base_churn: float
    base_value: float
    typical_frequency: float
    typical_order_value: float
    tables: Mapping[Feature, Effects]

    def churn(self, facts: CustomerFacts, churn_risk: float) -> NumberParts:
        """Explain one customer's churn risk; `facts` holds the customer alone."""
        return self._explain(facts, churn_risk, self.base_churn, "churn", _log_odds)

    def value(self, facts: CustomerFacts, predicted_value: float) -> NumberParts:
        """Explain one customer's predicted value; `facts` holds the customer alone."""
        return self._explain(facts, predicted_value, self.base_value, "value", _log)

    def _explain(
        self,
        facts: CustomerFacts,
        score: float,
        base: float,
        target: str,
        scale: Callable[[float], FloatArray],
    ) -> NumberParts:
        distance = float(scale(score) - scale(base))
        effects = self._effects(facts, target)
        effects[DETAILS] = distance - sum(effects.values())
        unit = (score - base) / distance if abs(distance) > 1e-12 else 0.0
        parts = [Part(fact, effect * unit) for fact, effect in effects.items()]
        return NumberParts(base, score, tuple(sorted(parts, key=lambda one: -abs(one.amount))))

    def _effects(self, facts: CustomerFacts, target: str) -> dict[ExplainedFact, float]:
        effects: dict[ExplainedFact, float] = {}
        for name, fact in _features(facts).items():
            table = self.tables[name]
            # How long ago, in days and in usual gaps, is one fact to people.
            told: ExplainedFact = "recency" if name == "rhythm" else name
            effect = float(getattr(table, target)[table.bin(fact)[0]])
            effects[told] = effects.get(told, 0.0) + effect
        return effects


def _features(facts: CustomerFacts) -> dict[Feature, FloatArray]:
    return {
        "recency": facts.recency_days,
        "rhythm": facts.recency_days / np.maximum(facts.usual_gap_days, 1.0),
        "frequency": facts.frequency,
        "order_value": facts.avg_order_value,
        "age": facts.age_days,
    }


def _edges(fact: FloatArray) -> FloatArray:
    known = fact[~np.isnan(fact)]
    if not len(known):
        return np.zeros(0)
    return np.unique(np.quantile(known, np.linspace(0, 1, MOST_BINS + 1)[1:-1], method="nearest"))


def _log_odds(probability: FloatArray | float) -> FloatArray:
    kept = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(kept / (1 - kept)))


def _log(value: FloatArray | float) -> FloatArray:
    return np.asarray(np.log(np.maximum(value, 1e-6)))


def _significant(values: FloatArray) -> FloatArray:
    """Round to what is worth storing."""
    return np.array([float(f"{value:.6g}") for value in values])
