"""Segments beside what shops know, on real shops, planted ones and noise, by the judge.

    python -m bench.segments [--direct] [--nights] [--young] [--seeds N] [--essec ORDERS.parquet]

Without options every shop goes the public way: its orders in a database, a run as of the date,
the membership that it published; and again a day later, and on resampled customers.

--direct   calls the clustering itself instead: the same numbers, sooner
--nights   sixty nights with monthly refits on each real shop, and refits on 80 % of its
           customers: ids kept, customers moved
--young    only shops cut short and small (bench/young_shops.py), the few VIPs of twelve seeds, and
           kinds of customers that the vocabulary has no word for (bench/odd_shops.py)
--seeds    planted shops of this many seeds per mix (6)
--essec    cuts of ten years of small gifts too, from a file that is no part of this project; what
           was changed for young shops was chosen on these and on invented shops

The rivals are fitted in the same run: the named RFM groups, cells of recency and money with equal
numbers of customers, and k-means on log RFM, the last two with as many segments as ours.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from backend.behaviour.baskets import Baskets
from backend.behaviour.customer_facts import CustomerFacts
from backend.behaviour.history import ONE_DAY, OrderHistory
from backend.segments.buyers import behaviour_of
from backend.segments.habit_evidence import with_habits
from backend.segments.learn.night import segment
from backend.segments.membership import Before
from backend.segments.options import ClusteringOptions
from backend.segments.segment_model import SegmentModel
from backend.store.stored import read_model
from backend.wording.segment_names import guarded_name
from bench.odd_shops import ODD_KINDS, odd_shop
from bench.paths import Backend, fill
from bench.planted import AS_OF, HORIZON_DAYS, MIXES, Planted, noise_shop, planted_shop
from bench.segment_judge import (
    agreement,
    best_f1,
    calibration_error,
    eta_squared,
    rfm_cells,
    rfm_groups,
    tree_accuracy,
)
from bench.shops import Shop, gift_shop, load
from bench.young_shops import GIFT_CUTS, JUDGED, Cut

CASES = (
    ("cdnow", "1997-08-15", 180),
    ("cdnow", "1997-10-01", 180),
    ("cdnow", "1998-01-01", 180),
    ("cdnow_sample", "1998-01-01", 180),
    ("online_retail_2", "2010-12-01", 182),
    ("online_retail_2", "2011-03-15", 182),
    ("online_retail_2", "2011-06-10", 182),
)
PLANTED_CUSTOMERS = 12_000
NOISE_SIZES = (500, 1000, 3000, 6000, 12_000, 24_000)
BOOTSTRAPS = 4
# Of young and small shops: above the named RFM groups by so much in the mean, above in so many of
# them, and never further below.
YOUNG_AHEAD, YOUNG_ABOVE, YOUNG_BELOW = 0.03, 0.8, -0.01
VIP_SEEDS, VIP_MEAN, VIP_USUAL, VIP_OFTEN = 12, 0.6, 0.55, 9
NIGHTS = 60
RESAMPLES = 5
COLUMNS = (
    "customers",
    "k",
    "eta2",
    "rfm",
    "cells",
    "kmeans",
    "ari",
    "day",
    "tree",
    "conf_err",
    "vip",
    "lapsed_vip",
)
console = Console(width=170)
Ids = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Case:
    """A shop at a date, and what its customers spent in the horizon after it."""

    name: str
    shop: Shop
    as_of: np.datetime64
    horizon_days: int
    items: NDArray[np.int64] | None = None
    kind: NDArray[np.str_] | None = None

    def known(self, as_of: np.datetime64) -> tuple[Ids, OrderHistory, Baskets | None]:
        """Return the customers known by then, their orders and their baskets."""
        past = self.shop.created_at < as_of
        ids, index = np.unique(self.shop.customer_id[past], return_inverse=True)
        history = OrderHistory.from_orders(
            index,
            self.shop.created_at[past],
            self.shop.amount[past],
            customer_count=len(ids),
            as_of=as_of,
        )
        if self.items is None:
            return ids, history, None
        units = self.items[past].astype(float)
        unknown = np.full(len(ids), np.nan)
        return (
            ids,
            history,
            Baskets(
                orders=np.bincount(index, minlength=len(ids)).astype(float),
                lines=unknown,
                units=np.bincount(index, units, len(ids)).astype(float),
                units_squared=np.bincount(index, units**2, len(ids)).astype(float),
                distinct_products=unknown,
                distinct_vendors=unknown,
                repeated_products=unknown,
            ),
        )

    def spend(self, ids: Ids) -> NDArray[np.float64]:
        """Return log(1 + spend) of these customers in the horizon."""
        after = self.shop.created_at - self.as_of
        inside = (after >= np.timedelta64(0)) & (after < self.horizon_days * ONE_DAY)
        inside &= np.isin(self.shop.customer_id, ids)
        place = np.searchsorted(ids, self.shop.customer_id[inside])
        return np.log1p(np.bincount(place, self.shop.amount[inside], len(ids)))

    def resampled(self, seed: int) -> Case:
        """Draw customers with replacement, each drawing a customer of its own."""
        rng = np.random.default_rng(seed)
        ids, place = np.unique(self.shop.customer_id, return_inverse=True)
        drawn = rng.integers(0, len(ids), len(ids))
        order = np.argsort(place, kind="stable")
        start = np.searchsorted(place[order], np.arange(len(ids) + 1))
        counts = np.diff(start)[drawn]
        rows = np.concatenate([order[start[one] : start[one + 1]] for one in drawn])
        shop = Shop(
            self.shop.name,
            np.repeat(np.arange(1, len(drawn) + 1), counts),
            self.shop.created_at[rows],
            self.shop.amount[rows],
        )
        items = None if self.items is None else self.items[rows]
        return Case(self.name, shop, self.as_of, self.horizon_days, items)


@dataclass(frozen=True, slots=True)
class Found:
    """What one run said of the customers, ascending by id."""

    ids: Ids
    segments: Ids
    confidence: NDArray[np.float64]
    next_day: Ids
    model: SegmentModel


Way = Callable[[Case], Found]


def directly(case: Case) -> Found:
    """Call the clustering, and again a day later."""
    ids, history, baskets = case.known(case.as_of)
    options = ClusteringOptions()
    first = segment(
        history, behaviour_of(history), options, ids, naming=guarded_name, baskets=baskets
    )
    assert first.model is not None
    later, moved_on, more = case.known(case.as_of + ONE_DAY)
    was = np.full(len(later), None, dtype=object)
    was[np.searchsorted(later, ids)] = first.ids
    before = Before(model=first.model, ids=was, as_of=case.as_of)
    night = segment(
        moved_on,
        behaviour_of(moved_on),
        options,
        later,
        naming=guarded_name,
        baskets=more,
        before=before,
    )
    next_day = night.ids[np.searchsorted(later, ids)]
    return Found(ids, first.ids, first.confidence, next_day, first.model)


def publicly(case: Case) -> Found:
    """Put the orders into a database and run as of both days; read what was published."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "shop.db"
        run = Backend(database, case.horizon_days)
        run("migrate", "--shop-tables")
        fill(database, case.shop, case.items)
        run("cluster", "--as-of", str(case.as_of)[:10], "--json")
        ids, segments, confidence, model = _published(database)
        run("cluster", "--as-of", str(case.as_of + ONE_DAY)[:10], "--json")
        later, next_day, _, _ = _published(database)
    return Found(ids, segments, confidence, next_day[np.searchsorted(later, ids)], model)


def _published(database: Path) -> tuple[Ids, Ids, NDArray[np.float64], SegmentModel]:
    connection = sqlite3.connect(database)
    rows = connection.execute(
        "SELECT customer_id, archetype_id, cluster_confidence FROM customer_intelligence"
        " WHERE frequency > 0 ORDER BY customer_id"
    ).fetchall()
    (stored,) = connection.execute(
        "SELECT model FROM intelligence_runs WHERE published = 1"
    ).fetchone()
    connection.close()
    model = read_model(stored)
    assert model is not None
    ids, segments, confidence = zip(*rows, strict=True)
    return np.array(ids), np.array(segments, dtype=object), np.array(confidence, float), model


def main() -> None:
    """Do what the options ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("--nights", action="store_true")
    parser.add_argument("--young", action="store_true")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--essec", help="a Parquet file of gifts")
    options = parser.parse_args()
    if options.nights:
        for name, as_of in (("cdnow", "1997-11-15"), ("online_retail_2", "2011-06-10")):
            _nights(name, np.datetime64(as_of, "us"))
            _resampled_refits(name, np.datetime64(as_of, "us"))
        return
    path = directly if options.direct else publicly
    _young(path, options.essec)
    _few_vips(path)
    _odd_kinds(path)
    if options.young:
        return
    for title, cases in (
        ("Real shops", _real()),
        ("Planted shops", _planted(options.seeds)),
        ("Noise", _noise()),
    ):
        _print(title, [_judged(case, path) for case in cases])


def _real() -> Iterator[Case]:
    for name, as_of, horizon in CASES:
        yield Case(f"{name} {as_of}", load(name).counted(), np.datetime64(as_of, "us"), horizon)


def _planted(seeds: int) -> Iterator[Case]:
    for mix in MIXES:
        for seed in range(seeds):
            yield _invented(f"{mix} {seed}", planted_shop(PLANTED_CUSTOMERS, seed, mix))


def _noise() -> Iterator[Case]:
    for seed, count in enumerate(NOISE_SIZES):
        yield _invented(f"noise {count}", noise_shop(count, seed))


def _invented(name: str, planted: Planted) -> Case:
    as_of = AS_OF.astype("datetime64[us]")
    return Case(name, planted.shop, as_of, HORIZON_DAYS, planted.items, planted.kind)


def _young(path: Way, gifts: str | None) -> None:
    """Judge cuts by what their segments explain."""
    whole = {name: load(name).counted() for name in {cut.shop for cut in JUDGED}}
    _judge_cuts("Young and small shops", JUDGED, whole, path)
    if gifts is not None:
        _judge_cuts("Gifts, young and small", GIFT_CUTS, {"gifts": gift_shop(gifts)}, path)


def _judge_cuts(title: str, cuts: Sequence[Cut], whole: Mapping[str, Shop], path: Way) -> None:
    rows = []
    for cut in cuts:
        as_of = cut.as_of.astype("datetime64[us]")
        case = Case(str(cut), cut.of(whole[cut.shop], 0), as_of, cut.horizon_days)
        rows.append(_explained(case, path(case)))
    _print(title, rows)
    ahead = np.array([row["eta2"] - row["rfm"] for row in rows])
    _verdict(ahead.mean() >= YOUNG_AHEAD, f"above RFM groups by {ahead.mean():.3f} in the mean")
    above = float((ahead > 0).mean())
    _verdict(above >= YOUNG_ABOVE, f"above them in {above:.0%} of {len(ahead)} cuts")
    _verdict(ahead.min() >= YOUNG_BELOW, f"at the least {ahead.min():+.3f}")


def _few_vips(path: Way) -> None:
    """Judge how well some segment holds planted VIPs, of whom there are few."""
    found: dict[str, list[float]] = {"vip": [], "lapsed_vip": []}
    for seed in range(VIP_SEEDS):
        case = _invented(f"few_vips {seed}", planted_shop(PLANTED_CUSTOMERS, seed, "few_vips"))
        one = path(case)
        assert case.kind is not None
        for kind, scores in found.items():
            scores.append(best_f1(one.segments, case.kind[one.ids - 1] == kind))
    for kind, scores in found.items():
        usual = sum(score >= VIP_USUAL for score in scores)
        said = f"{kind} F1 {np.mean(scores):.3f} in the mean of {VIP_SEEDS} seeds with few of them"
        _verdict(float(np.mean(scores)) >= VIP_MEAN, said)
        _verdict(usual >= VIP_OFTEN, f"{kind} F1 at least {VIP_USUAL} in {usual}")


def _odd_kinds(path: Way) -> None:
    """Say how well some segment holds kinds that the vocabulary has no word for."""
    case = _invented("odd kinds", odd_shop(PLANTED_CUSTOMERS, 0))
    found = path(case)
    assert case.kind is not None
    kind = case.kind[found.ids - 1]
    said = ", ".join(f"{odd} {best_f1(found.segments, kind == odd):.2f}" for odd in ODD_KINDS)
    row = _explained(case, found)
    console.print(f"F1 of odd kinds, for the record: {said}", highlight=False)
    console.print(f"η² {row['eta2']:.3f}, RFM groups {row['rfm']:.3f}, k {row['k']}")


def _judged(case: Case, path: Way) -> dict[str, Any]:
    found = path(case)
    row = _explained(case, found)
    if not case.name.startswith("noise"):
        row |= _stability(case, found)
    if case.kind is not None and "vip" in case.kind:
        kind = case.kind[found.ids - 1]
        row |= {name: best_f1(found.segments, kind == name) for name in ("vip", "lapsed_vip")}
    console.print(f"[dim]{row}[/dim]", soft_wrap=True, highlight=False)
    return row


def _explained(case: Case, found: Found) -> dict[str, Any]:
    ids, history, _ = case.known(case.as_of)
    facts = CustomerFacts.of(history)
    recency, frequency = facts.recency_days, facts.frequency
    money = facts.avg_order_value * frequency
    spend, k = case.spend(ids), len(set(found.segments.tolist()))
    quiet = _quiet(case, ids)
    return {
        "case": case.name,
        "customers": len(ids),
        "k": k,
        "eta2": eta_squared(found.segments.astype(str), spend),
        "rfm": eta_squared(rfm_groups(recency, frequency, money), spend),
        "cells": eta_squared(rfm_cells(recency, money, k), spend),
        "kmeans": eta_squared(_kmeans(recency, frequency, money, k), spend),
        "day": float((found.segments != found.next_day)[quiet].mean()),
        "tree": tree_accuracy(found.segments, np.column_stack([recency, frequency, money])),
    }


def _quiet(case: Case, ids: Ids) -> NDArray[np.bool_]:
    """Return who does not order on the day after."""
    after = case.shop.created_at - case.as_of
    tomorrow = (after >= np.timedelta64(0)) & (after < ONE_DAY)
    quiet: NDArray[np.bool_] = ~np.isin(ids, case.shop.customer_id[tomorrow])
    return quiet


def _kmeans(
    recency: NDArray[np.float64], frequency: NDArray[np.float64], money: NDArray[np.float64], k: int
) -> Ids:
    facts = np.log1p(np.column_stack([recency, frequency, money]))
    labels: Ids = KMeans(k, n_init=5, random_state=0).fit_predict(
        StandardScaler().fit_transform(facts)
    )
    return labels


def _stability(case: Case, found: Found) -> dict[str, float]:
    """Fit on resampled customers, let each model assign the real ones, and compare."""
    _, history, baskets = case.known(case.as_of)
    customers = with_habits(behaviour_of(history), history, baskets)
    aris, kept = [], np.zeros(len(found.ids))
    for seed in range(BOOTSTRAPS):
        model = directly(case.resampled(seed)).model
        ids = model.assign(customers).ids
        aris.append(agreement(found.segments, ids))
        kept += ids == found.segments
    return {
        "ari": float(np.mean(aris)),
        "conf_err": calibration_error(found.confidence, kept / BOOTSTRAPS),
    }


def _nights(name: str, start: np.datetime64) -> None:
    """Simulate nights with the monthly refit, and say what moved."""
    case = Case(name, load(name).counted(), start, 0)
    before: Before | None = None
    was: dict[Any, str] = {}
    moved, decisions = list[float](), []
    for night in range(NIGHTS):
        as_of = start + night * ONE_DAY
        ids, history, _ = case.known(as_of)
        if before is not None:
            places = np.array([was.get(one) for one in ids.tolist()], dtype=object)
            before = Before(model=before.model, ids=places, as_of=before.as_of)
        found = segment(
            history,
            behaviour_of(history),
            ClusteringOptions(),
            ids,
            naming=guarded_name,
            before=before,
        )
        if before is not None:
            assert found.report.moved_without_order is not None
            moved.append(found.report.moved_without_order)
            assert before.model is not None
            assert found.model is not None
            gone = before.model.segment_ids - found.model.segment_ids
            if found.report.refit != "kept":
                decisions.append((night, found.report.refit, sorted(gone)))
        was = dict(zip(ids.tolist(), found.ids.tolist(), strict=True))
        before = Before(model=found.model, ids=found.ids, as_of=as_of)
    console.print(
        f"{name} from {start!s:.10}: {NIGHTS} nights, of the customers without an order "
        f"{np.mean(moved):.2%} moved a night, {max(moved):.2%} in the worst; refits {decisions}",
        soft_wrap=True,
    )


def _resampled_refits(name: str, start: np.datetime64) -> None:
    """Refit a month later on 80 % of the customers, several times, and say which ids went."""
    shop = load(name).counted()
    ids, history, _ = Case(name, shop, start, 0).known(start)
    first = segment(history, behaviour_of(history), ClusteringOptions(), ids, naming=guarded_name)
    assert first.model is not None
    for seed in range(RESAMPLES):
        kept = np.random.default_rng(seed).choice(ids, int(0.8 * len(ids)), replace=False)
        rows = np.isin(shop.customer_id, kept)
        orders = (shop.customer_id[rows], shop.created_at[rows], shop.amount[rows])
        case = Case(name, Shop(name, *orders), start, 0)
        at = np.searchsorted(ids, np.unique(kept))
        eve = Before(model=first.model, ids=first.ids[at], as_of=start)
        _, history, _ = case.known(start)
        found = segment(
            history,
            behaviour_of(history),
            ClusteringOptions(),
            ids[at],
            naming=guarded_name,
            before=eve,
            refit="now",
        )
        assert found.model is not None
        gone = sorted(first.model.segment_ids - found.model.segment_ids)
        console.print(f"{name} on 80 %: {found.report.refit}, gone {gone}", highlight=False)


def _print(title: str, rows: list[dict[str, Any]]) -> None:
    table = Table(title=title)
    table.add_column("case")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(row["case"], *(_cell(row.get(column)) for column in COLUMNS))
    means = {
        column: np.mean([row[column] for row in rows if column in row])
        for column in COLUMNS
        if any(column in row for row in rows)
    }
    table.add_section()
    table.add_row("mean", *(_cell(means.get(column)) for column in COLUMNS))
    console.print(table)
    if title != "Noise":
        ahead = [row["eta2"] - row["rfm"] for row in rows]
        console.print(
            f"η² above the named RFM groups: {np.mean(ahead):+.3f} on average, "
            f"{min(ahead):+.3f} at the least"
        )


def _verdict(passed: bool, said: str) -> None:
    console.print(f"[{'green' if passed else 'red'}]{'PASS' if passed else 'FAIL'}[/] {said}")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


if __name__ == "__main__":
    main()
