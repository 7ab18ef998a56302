"""What may be asked of the clustering."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteringOptions:
    """How to cluster.

    Attributes
    ----------
    sample_size
        Customers with orders to fit on; None: all. Every customer is assigned all the same.
    min_k, max_k
        Bounds of the number of segments with orders.
    dynamic_k_range
        Whether the data bound k too, see `upper_bound`.
    robust_scaling
        Winsorised robust scaling, or plain standardising.
    seed
        Of everything random.
    """

    sample_size: int | None = None
    min_k: int = 2
    max_k: int = 12
    dynamic_k_range: bool = True
    robust_scaling: bool = True
    seed: int = 0


def upper_bound(customer_count: int, options: ClusteringOptions) -> int:
    """Return the most segments that the data allow.

    max(min_k, min(⌊√(n/2)⌋, ⌊n/50⌋, max_k)) where k is dynamic, else max(min_k, max_k).
    """
    if not options.dynamic_k_range:
        return max(options.min_k, options.max_k)
    by_data = min(int(np.sqrt(customer_count / 2)), customer_count // 50)
    return max(options.min_k, min(by_data, options.max_k))
