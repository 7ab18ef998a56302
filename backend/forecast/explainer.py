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
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from backend.behaviour.customer_facts import CustomerFacts
from backend.core.arrays import FloatArray, IntArray

MOST_BINS = 16
DETAILS = "details"


@dataclass(frozen=True, slots=True)
class Contribution:
    """One fact's part in a score.

    Attributes
    ----------
    feature
        "recency", "frequency", "order_value", "age" or "details".
    amount
        What it adds, in the unit of the score.
    reason
        The fact in words.
    """

    feature: str
    amount: float
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score as the base plus contributions, the largest first.

    Attributes
    ----------
    base
        Mean score of the shop's customers with orders.
    score
        The customer's own.
    contributions
        Their amounts add up to ``score - base``.
    """

    base: float
    score: float
    contributions: tuple[Contribution, ...]

    def rounded(self, digits: int) -> Explanation:
        """Round so that the parts still add up to the rounded score; "details" takes the rest."""
        base, score = round(self.base, digits), round(self.score, digits)
        told = [
            Contribution(c.feature, round(c.amount, digits), c.reason) for c in self.contributions
        ]
        left = round(score - base - sum(c.amount for c in told if c.feature != DETAILS), digits)
        return Explanation(
            base,
            score,
            tuple(
                Contribution(DETAILS, left, c.reason) if c.feature == DETAILS else c for c in told
            ),
        )


@dataclass(frozen=True, slots=True)
class _Table:
    """Effects of one fact by its bins; the last bin is for unknown."""

    edges: FloatArray
    churn: FloatArray
    value: FloatArray

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
    """

    base_churn: float
    base_value: float
    typical_frequency: float
    typical_order_value: float
    tables: Mapping[str, _Table]

    def churn(self, facts: CustomerFacts, churn_risk: float) -> Explanation:
        """Explain one customer's churn risk; `facts` holds the customer alone."""
        return self._explain(facts, churn_risk, self.base_churn, "churn", _log_odds)

    def value(self, facts: CustomerFacts, predicted_value: float) -> Explanation:
        """Explain one customer's predicted value; `facts` holds the customer alone."""
        return self._explain(facts, predicted_value, self.base_value, "value", _log)

    def as_dict(self) -> dict[str, Any]:
        """Return the explainer as plain JSON values."""
        return {
            "base_churn": self.base_churn,
            "base_value": self.base_value,
            "typical_frequency": self.typical_frequency,
            "typical_order_value": self.typical_order_value,
            "tables": {
                name: {
                    "edges": _significant(table.edges),
                    "churn": _significant(table.churn),
                    "value": _significant(table.value),
                }
                for name, table in self.tables.items()
            },
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read an explainer that `as_dict` wrote."""
        tables = {
            name: _Table(*(np.array(t[part], dtype=float) for part in ("edges", "churn", "value")))
            for name, t in stored["tables"].items()
        }
        return cls(
            stored["base_churn"],
            stored["base_value"],
            stored["typical_frequency"],
            stored["typical_order_value"],
            tables,
        )

    def _explain(
        self,
        facts: CustomerFacts,
        score: float,
        base: float,
        target: str,
        scale: Callable[[float], FloatArray],
    ) -> Explanation:
        distance = float(scale(score) - scale(base))
        effects = self._effects(facts, target)
        effects[DETAILS] = distance - sum(effects.values())
        unit = (score - base) / distance if abs(distance) > 1e-12 else 0.0
        reasons = self._reasons(facts)
        told = [Contribution(name, e * unit, reasons[name]) for name, e in effects.items()]
        return Explanation(base, score, tuple(sorted(told, key=lambda c: -abs(c.amount))))

    def _effects(self, facts: CustomerFacts, target: str) -> dict[str, float]:
        effects: dict[str, float] = {}
        for name, fact in _features(facts).items():
            table = self.tables[name]
            # How long ago, in days and in usual gaps, is one fact to people.
            told = "recency" if name == "rhythm" else name
            effect = float(getattr(table, target)[table.bin(fact)[0]])
            effects[told] = effects.get(told, 0.0) + effect
        return effects

    def _reasons(self, facts: CustomerFacts) -> dict[str, str]:
        recency, gap = float(facts.recency_days[0]), float(facts.usual_gap_days[0])
        orders, amount = int(facts.frequency[0]), float(facts.avg_order_value[0])
        rhythm = "" if np.isnan(gap) else f"; usually orders every {_count(gap, 'day')}"
        return {
            "recency": f"{_count(recency, 'day')} since the last order{rhythm}",
            "frequency": f"{_count(orders, 'order')} so far; "
            f"the typical customer has {self.typical_frequency:.0f}",
            "order_value": f"{amount:,.2f} per order; "
            f"the typical customer spends {self.typical_order_value:,.2f}",
            "age": f"first ordered {_count(float(facts.age_days[0]), 'day')} ago",
            DETAILS: "how these combine, and finer details of the order history",
        }


def _features(facts: CustomerFacts) -> dict[str, FloatArray]:
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


def _significant(values: FloatArray) -> list[float]:
    return [float(f"{v:.6g}") for v in values]


def _count(number: float, noun: str) -> str:
    whole = round(number)
    return f"{whole:,} {noun}" + ("" if whole == 1 else "s")
