"""Whether segments can be said in a sentence: a small tree must be able to describe them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from backend.segments.buyers import Behaviour

DEPTH = 3
# A little more than the four fifths that are promised: a tree on other sums must reach them too.
LEAST_DESCRIBED = 0.82
MOST_ROWS = 5_000


def described_share(behaviour: Behaviour, ids: NDArray[Any]) -> float:
    """Return the share of customers whom a depth-3 tree on recency, days and money puts right."""
    rows = np.arange(len(ids))
    if len(rows) > MOST_ROWS:
        rows = np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False)
    few = behaviour.of(rows)
    money = few.mean_log_value + np.log(few.order_days)
    facts = np.column_stack([few.recency_days, few.order_days, money])
    labels = ids[rows].astype(str)
    tree = DecisionTreeClassifier(max_depth=DEPTH, random_state=0)
    return float(tree.fit(facts, labels).score(facts, labels))


def is_simple(behaviour: Behaviour, ids: NDArray[Any]) -> bool:
    """Whether the tree describes enough of them."""
    return described_share(behaviour, ids) >= LEAST_DESCRIBED
