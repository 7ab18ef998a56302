"""Scaling, the choice of k, and k-means."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from backend.modelling.threads import one_thread

FloatArray = NDArray[np.float64]
REFERENCES = 8
WINSOR = 3.0
IQR_OF_NORMAL = 1.349


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteringOptions:
    """How to cluster.

    Attributes
    ----------
    sample_size
        Customers to fit on; None: all. Every customer is assigned all the same.
    min_k, max_k
        Bounds of the number of clusters.
    dynamic_k_range
        Whether the data bound k too, see `upper_bound`.
    robust_scaling
        Winsorised robust scaling, or plain standardising.
    seed
        Of everything random.
    refit
        "force" adopts new borders even where many customers would move.
    """

    sample_size: int | None = None
    min_k: int = 3
    max_k: int = 12
    dynamic_k_range: bool = True
    robust_scaling: bool = True
    seed: int = 0
    refit: Literal["auto", "force"] = "auto"


def upper_bound(customer_count: int, options: ClusteringOptions) -> int:
    """Return the most clusters that the data allow.

    max(min_k, min(⌊√(n/2)⌋, ⌊n/50⌋, max_k)) where k is dynamic, else max(min_k, max_k).
    """
    if not options.dynamic_k_range:
        return max(options.min_k, options.max_k)
    by_data = min(int(np.sqrt(customer_count / 2)), customer_count // 50)
    return max(options.min_k, min(by_data, options.max_k))


@dataclass(frozen=True, slots=True)
class Scaling:
    """Centre and spread of each column, and how far out values may lie."""

    centre: FloatArray
    spread: FloatArray
    limit: float

    def __call__(self, values: FloatArray) -> FloatArray:
        """Scale rows of shape (n, columns)."""
        return np.clip((values - self.centre) / self.spread, -self.limit, self.limit)


def fit_scaling(values: FloatArray, *, robust: bool) -> Scaling:
    """Learn a scaling: median and IQR, winsorised at ±3, or mean and standard deviation."""
    if not robust:
        return Scaling(values.mean(axis=0), _positive(values.std(axis=0)), np.inf)
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
    spread = (high - low) / IQR_OF_NORMAL
    # Where half of all customers share a value (one order), the IQR says nothing.
    spread = np.where(spread > 0, spread, values.std(axis=0))
    return Scaling(middle, _positive(spread), WINSOR)


def _positive(spread: FloatArray) -> FloatArray:
    return np.where(spread > 0, spread, 1.0)


def choose_k(points: FloatArray, *, max_k: int, seed: int) -> int:
    """Choose k by the gap statistic: the smallest k whose gap the next one does not beat.

    The reference is uniform over the box along the principal axes, so that noise has one cluster.

    References
    ----------
    .. [1] Tibshirani, Walther, Hastie (2001), Estimating the number of clusters in a data set via
       the gap statistic, J. R. Statist. Soc. B 63, 411-423.
    """
    rng = np.random.default_rng(seed)
    axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2]
    rotated = points @ axes.T
    low, high = rotated.min(axis=0), rotated.max(axis=0)
    references = [rng.uniform(low, high, size=rotated.shape) @ axes for _ in range(REFERENCES)]
    previous = _gap(points, references, 1, seed)
    for k in range(2, max_k + 1):
        current = _gap(points, references, k, seed)
        if previous[0] >= current[0] - current[1]:
            return k - 1
        previous = current
    return max_k


def _gap(
    points: FloatArray, references: list[FloatArray], k: int, seed: int
) -> tuple[float, float]:
    """Return the gap at k and its standard error."""
    logs = np.array([_log_dispersion(reference, k, seed) for reference in references])
    error = float(logs.std() * np.sqrt(1 + 1 / len(references)))
    return float(logs.mean() - _log_dispersion(points, k, seed)), error


def _log_dispersion(points: FloatArray, k: int, seed: int) -> float:
    return float(np.log(max(fit_kmeans(points, k, seed).inertia_, 1e-12)))


def fit_kmeans(points: FloatArray, k: int, seed: int) -> KMeans:
    """Fit k-means, the same to the last digit on any number of cores."""
    with one_thread():
        return KMeans(k, n_init=3, random_state=seed).fit(points)


def refit_kmeans(points: FloatArray, centres: FloatArray) -> FloatArray:
    """Let k-means settle from given centres; cluster i stays cluster i."""
    with one_thread():
        fitted = KMeans(len(centres), init=centres, n_init=1).fit(points)
    moved: FloatArray = fitted.cluster_centers_
    return moved
