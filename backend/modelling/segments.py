"""Clusters become segments: ids that last, names a marketer understands, profiles."""

import zlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.core.words import NO_ORDERS
from backend.modelling.baskets import Baskets
from backend.modelling.clustering import (
    ClusteringOptions,
    Scaling,
    choose_k,
    fit_kmeans,
    fit_scaling,
    refit_kmeans,
    upper_bound,
)
from backend.modelling.features import Features, features
from backend.modelling.forecast import Forecast
from backend.modelling.history import OrderHistory

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ALL = "all_customers"
FEWEST = 20
SAMPLE_FOR_K = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment, as it is shown.

    Attributes
    ----------
    characteristics
        Medians over its customers.
    """

    id: str
    parent_id: str | None
    level: int
    name: str
    description: str
    customer_count: int
    share_of_customers: float
    share_of_revenue: float | None
    avg_ltv: float | None
    churn_risk_avg: float | None
    characteristics: dict[str, float | None]

    def as_dict(self) -> dict[str, Any]:
        """Return the segment as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StandingModel:
    """Borders between segments, kept from one run to the next.

    Attributes
    ----------
    centres
        Shape (k, 3), scaled.
    ids
        Segment of each centre.
    """

    scaling: Scaling
    centres: FloatArray
    ids: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON values."""
        return {
            "centre": self.scaling.centre.tolist(),
            "spread": self.scaling.spread.tolist(),
            "limit": None if np.isinf(self.scaling.limit) else self.scaling.limit,
            "centres": self.centres.tolist(),
            "ids": list(self.ids),
        }

    def assign(self, points: FloatArray) -> NDArray[Any]:
        """Return the segment id of each row of unscaled points, shape (n, 3)."""
        scaled = self.scaling(points)
        distances = ((scaled[:, None, :] - self.centres[None, :, :]) ** 2).sum(axis=2)
        assigned: NDArray[Any] = np.array(self.ids, dtype=object)[distances.argmin(axis=1)]
        return assigned

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "StandingModel":
        """Read what `as_dict` wrote."""
        limit = np.inf if values["limit"] is None else values["limit"]
        scaling = Scaling(np.array(values["centre"]), np.array(values["spread"]), limit)
        return cls(scaling, np.array(values["centres"]), tuple(values["ids"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """Who is in which segment.

    Attributes
    ----------
    membership
        Shape (customers,), index into `segments`.
    confidence
        Shape (customers,), in [0, 1]; NaN where unknown.
    moved_by_model
        Shape (customers,), whether a customer is elsewhere than the standing model puts them.
    """

    membership: IntArray
    confidence: FloatArray
    moved_by_model: NDArray[np.bool_]
    segments: tuple[Segment, ...]
    model: StandingModel | None
    report: dict[str, Any]
    notes: tuple[str, ...]


NAMES = {
    NO_ORDERS: "No Orders Yet",
    "all_customers": "All Customers",
    "new_one_time": "New One-Time Buyers",
    "lapsed_one_time": "Lapsed One-Time Buyers",
    "high_value_repeat": "Loyal High Spenders",
    "regular_repeat": "Active Regulars",
    "low_value_repeat": "Active Light Buyers",
    "lapsed_high_value": "Lapsed High Spenders",
    "lapsed_regular": "Lapsed Regulars",
    "lapsed_light": "Lapsed Light Buyers",
}
REFITS = 10


def segment(
    history: OrderHistory,
    baskets: Baskets | None,
    forecast: Forecast,
    options: ClusteringOptions,
    previous: StandingModel | None,
    customer_keys: NDArray[Any],
) -> Segmentation:
    """Put every customer into a segment.

    Parameters
    ----------
    history
        Orders of all customers.
    baskets
        Order lines per customer, where the shop has them.
    forecast
        Value and churn, for the profiles.
    options
        Bounds of k, sample, scaling.
    previous
        The model of the published run; None before the first.
    customer_keys
        Shape (customers,), the shop's ids; the sample is drawn by their hash.
    """
    facts = features(history)
    buyers = np.flatnonzero(facts.frequency > 0)
    ids = np.full(history.customer_count, NO_ORDERS, dtype=object)
    confidence = np.full(history.customer_count, np.nan)
    moved = np.zeros(history.customer_count, dtype=bool)
    if len(buyers) < max(options.min_k, FEWEST):
        ids[buyers] = ALL
        words = f"{len(buyers)} customers with orders are too few to cluster: one segment."
        return _assembled(facts, forecast, ids, confidence, moved, None, {"k": 1}, (words,))
    points = _points(facts, buyers)
    sample = _sample(customer_keys[buyers], options)
    model, k = _fit(points[sample], _rows(facts, buyers[sample]), options)
    ids[buyers] = model.assign(points)
    confidence[buyers] = _confidence(model, points, points[sample], options.seed)
    if previous is not None:
        moved[buyers] = previous.assign(points) != ids[buyers]
    report = {"k": k, "upper_bound": upper_bound(len(sample), options), "sample": len(sample)}
    return _assembled(facts, forecast, ids, confidence, moved, model, report, _notes(k, options))


def _points(facts: Features, rows: IntArray) -> FloatArray:
    """Recency, frequency and money in logs, shape (rows, 3)."""
    columns = (facts.recency_days, facts.frequency, facts.monetary_avg)
    return np.log1p(np.column_stack([column[rows] for column in columns]))


def _sample(keys: NDArray[Any], options: ClusteringOptions) -> IntArray:
    """Draw by a hash of the id: a customer drawn today is drawn tomorrow."""
    size = options.sample_size
    if size is None or size >= len(keys):
        return np.arange(len(keys))
    hashes = np.array([zlib.crc32(str(key).encode(), options.seed) for key in keys.tolist()])
    return np.sort(np.argsort(hashes, kind="stable")[:size])


def _fit(
    points: FloatArray, facts: Features, options: ClusteringOptions
) -> tuple[StandingModel, int]:
    scaling = fit_scaling(points, robust=options.robust_scaling)
    scaled = scaling(points)
    rng = np.random.default_rng(options.seed)
    few = scaled[rng.permutation(len(scaled))[:SAMPLE_FOR_K]]
    upper = min(upper_bound(len(points), options), len(np.unique(scaled, axis=0)))
    justified = choose_k(few, max_k=upper, seed=options.seed)
    fitted = fit_kmeans(scaled, min(max(justified, options.min_k), upper), options.seed)
    ids = [_rule(facts, fitted.labels_ == label) for label in range(fitted.n_clusters)]
    return StandingModel(scaling, fitted.cluster_centers_, tuple(ids)), justified


def _rule(facts: Features, chosen: NDArray[np.bool_]) -> str:
    """Say what a cluster is by its medians against the shop's; the same behaviour, the same id."""
    recency, frequency, money = (
        np.median(column[chosen])
        for column in (facts.recency_days, facts.frequency, facts.monetary)
    )
    is_fresh = recency <= np.median(facts.recency_days)
    if frequency < 2:
        return "new_one_time" if is_fresh else "lapsed_one_time"
    light, high = np.quantile(facts.monetary, (0.4, 0.75))
    if is_fresh:
        words = ("low_value_repeat", "regular_repeat", "high_value_repeat")
    else:
        words = ("lapsed_light", "lapsed_regular", "lapsed_high_value")
    return words[int(money > light) + int(money > high)]


def _confidence(
    model: StandingModel, points: FloatArray, sample: FloatArray, seed: int
) -> FloatArray:
    """Share of bootstrap refits in which a customer keeps the segment."""
    rng = np.random.default_rng(seed)
    ids = model.assign(points)
    scaled = model.scaling(sample)
    kept = np.zeros(len(points))
    for _ in range(REFITS):
        drawn = scaled[rng.integers(0, len(scaled), len(scaled))]
        centres = refit_kmeans(drawn, model.centres)
        kept += StandingModel(model.scaling, centres, model.ids).assign(points) == ids
    return kept / REFITS


def _notes(justified: int, options: ClusteringOptions) -> tuple[str, ...]:
    if justified < options.min_k:
        return (f"Asked for at least {options.min_k} segments, the data justify {justified}.",)
    return ()


def _rows(facts: Features, rows: IntArray) -> Features:
    return Features(
        facts.recency_days[rows],
        facts.frequency[rows],
        facts.monetary[rows],
        facts.monetary_avg[rows],
    )


def _assembled(
    facts: Features,
    forecast: Forecast,
    ids: NDArray[Any],
    confidence: FloatArray,
    moved: NDArray[np.bool_],
    model: StandingModel | None,
    report: dict[str, Any],
    notes: tuple[str, ...],
) -> Segmentation:
    present, membership = np.unique(ids, return_inverse=True)
    segments = [
        _described(str(name), membership == index, facts, forecast)
        for index, name in enumerate(present)
    ]
    return Segmentation(
        membership=membership.astype(np.int64),
        confidence=confidence,
        moved_by_model=moved,
        segments=tuple(segments),
        model=model,
        report=report,
        notes=notes,
    )


def _described(
    identity: str, chosen: NDArray[np.bool_], facts: Features, forecast: Forecast
) -> Segment:
    medians = {
        "recency_days": _median(facts.recency_days[chosen]),
        "frequency": _median(facts.frequency[chosen].astype(float)),
        "monetary_avg": _median(facts.monetary_avg[chosen]),
    }
    money = np.nan_to_num(facts.monetary)
    return Segment(
        id=identity,
        parent_id=None,
        level=1,
        name=NAMES[identity],
        description=_sentence(medians),
        customer_count=int(chosen.sum()),
        share_of_customers=float(chosen.mean()),
        share_of_revenue=float(money[chosen].sum() / money.sum()) if money.sum() else None,
        avg_ltv=_mean(facts.monetary[chosen] + forecast.predicted_value[chosen], 2),
        churn_risk_avg=_mean(forecast.churn_risk[chosen], 4),
        characteristics=medians,
    )


def _sentence(medians: dict[str, float | None]) -> str:
    if medians["recency_days"] is None:
        return "Has not ordered yet."
    return (
        f"Typically {medians['frequency']:.0f} orders of {medians['monetary_avg']:,.2f}, "
        f"the last one {medians['recency_days']:.0f} days ago."
    )


def _median(values: FloatArray) -> float | None:
    known = values[~np.isnan(values)]
    return round(float(np.median(known)), 2) if len(known) else None


def _mean(values: FloatArray, places: int) -> float | None:
    known = values[~np.isnan(values)]
    return round(float(known.mean()), places) if len(known) else None
