"""The forecast distilled into an additive model of five plain facts, fitted as part of a run.

A run publishes its tables (some kilobytes) instead of an explanation per customer.
"""

from __future__ import annotations

import numpy as np

from backend.behaviour.customer_facts import CustomerFacts
from backend.core.arrays import FloatArray
from backend.forecast.explainer import (
    Effects,
    Explainer,
    Feature,
    _edges,
    _features,
    _log,
    _log_odds,
    _significant,
)

MOST_ROWS = 50_000


# Customers' worth of pull of every table entry towards no effect.
RIDGE = 5.0


def fit_explainer(
    facts: CustomerFacts, churn_risk: FloatArray, predicted_value: FloatArray
) -> Explainer | None:
    """Distil a forecast; arrays of shape (customers,), NaN where there is no order.

    Returns
    -------
    Explainer or None
        None where no customer has an order.
    """
    buyers = np.flatnonzero(~np.isnan(churn_risk))
    if not len(buyers):
        return None
    base_churn, base_value = float(churn_risk[buyers].mean()), float(predicted_value[buyers].mean())
    # Evenly over the customers, whose sequence says nothing: a sample without chance.
    rows = buyers[:: -(-len(buyers) // MOST_ROWS)]
    columns = {name: fact[rows] for name, fact in _features(facts).items()}
    edges = {name: _edges(fact) for name, fact in columns.items()}
    targets = np.column_stack(
        [
            _log_odds(churn_risk[rows]) - _log_odds(base_churn),
            _log(predicted_value[rows]) - _log(base_value),
        ]
    )
    effects = _additive(columns, edges, targets)
    return Explainer(
        base_churn,
        base_value,
        float(np.median(facts.frequency[buyers])),
        float(np.median(facts.avg_order_value[buyers])),
        {name: _table(edges[name], effect) for name, effect in effects.items()},
    )


def _table(edges: FloatArray, effect: FloatArray) -> Effects:
    return Effects(_significant(edges), _significant(effect[:, 0]), _significant(effect[:, 1]))


def _additive(
    columns: dict[Feature, FloatArray], edges: dict[Feature, FloatArray], targets: FloatArray
) -> dict[Feature, FloatArray]:
    """Fit one effect per bin and fact by ridge regression; shapes (bins, targets).

    Typical customers are below the mean value, for few are far above it: each fact carries its
    share of that distance by how much it matters, so that "details" are zero on average.
    """
    bins = {n: Effects(edges[n], edges[n], edges[n]).bin(f) for n, f in columns.items()}
    sizes = {n: len(edges[n]) + 2 for n in columns}
    centred = np.concatenate([np.eye(sizes[n])[bins[n]] for n in columns], axis=1)
    share = centred.mean(axis=0)
    centred -= share  # in place: these are 40 MiB
    mean = targets.mean(axis=0)
    gram = centred.T @ centred + RIDGE * np.eye(len(share))
    coefficients = np.linalg.solve(gram, centred.T @ (targets - mean))
    starts = np.cumsum([0, *sizes.values()])
    parts = {n: slice(a, b) for n, a, b in zip(columns, starts[:-1], starts[1:], strict=True)}
    effects = {n: coefficients[p] - share[p] @ coefficients[p] for n, p in parts.items()}
    matters = {n: share[parts[n]] @ e**2 for n, e in effects.items()}
    total = np.maximum(np.sum([*matters.values()], axis=0), 1e-12)
    return {n: e + mean * matters[n] / total for n, e in effects.items()}
