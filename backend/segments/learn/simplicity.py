"""Whether segments can be said in a sentence: a small tree must be able to describe them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from backend.segments.buyers import Behaviour
from backend.segments.learn.segment_tuning import BorderTuning

DEPTH = 3


def described_share(behaviour: Behaviour, ids: NDArray[Any], most_rows: int) -> float:
    """Return the share of customers whom a depth-3 tree on recency, days and money puts right."""
    rows = np.arange(len(ids))
    if len(rows) > most_rows:
        rows = np.random.default_rng(0).choice(rows, most_rows, replace=False)
    few = behaviour.of(rows)
    money = few.mean_log_value + np.log(few.order_days)
    facts = np.column_stack([few.recency_days, few.order_days, money])
    labels = ids[rows].astype(str)
    tree = DecisionTreeClassifier(max_depth=DEPTH, random_state=0)
    return float(tree.fit(facts, labels).score(facts, labels))


def is_simple(behaviour: Behaviour, ids: NDArray[Any], tuning: BorderTuning) -> bool:
    """Whether the tree describes enough of them."""
    share = described_share(behaviour, ids, tuning.most_rows_described)
    return share >= tuning.least_described
