"""Invented shops: one with planted kinds of customers, one of pure noise. Seeded.

Two years of history before `AS_OF`, and `HORIZON_DAYS` after it so that what happened next can be
scored. The planted shop is heavy-tailed and overlapping, and mostly one-time buyers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.shops import Shop

FloatArray = NDArray[np.float64]
AS_OF = np.datetime64("2024-10-01")
AS_OF_DAY = float(AS_OF.astype("datetime64[D]").astype(int))
HISTORY_DAYS = 731
HORIZON_DAYS = 120
KINDS = (
    "one_and_done",
    "occasional",
    "holiday",
    "weekender",
    "steady",
    "subscriber",
    "bulk",
    "vip",
    "lapsed_vip",
    "one_time_big",
)
BASE = (0.38, 0.16, 0.12, 0.09, 0.08, 0.04, 0.04, 0.015, 0.015, 0.06)
FEW_VIPS = (0.42, 0.18, 0.10, 0.08, 0.08, 0.03, 0.03, 0.005, 0.010, 0.065)
LOYAL = (0.20, 0.20, 0.08, 0.12, 0.20, 0.06, 0.05, 0.03, 0.03, 0.03)
MIXES = {"base": BASE, "few_vips": FEW_VIPS, "loyal": LOYAL}


class Habit(NamedTuple):
    """Mean gap (days), gamma shape of gaps, life (days), log order value, its spread, items."""

    gap: float
    shape: float
    life: float
    value: float
    spread: float
    items: float


HABITS = {
    "occasional": Habit(150, 1.0, 320, 3.65, 0.45, 1.9),
    "weekender": Habit(60, 1.2, 600, 3.05, 0.35, 1.5),
    "steady": Habit(45, 2.0, 1500, 3.75, 0.4, 2.2),
    "subscriber": Habit(30, 160, 700, 3.5, 0.08, 1.2),
    "bulk": Habit(85, 1.6, 1200, 5.0, 0.45, 14),
    "vip": Habit(20, 1.5, 2000, 4.9, 0.4, 3),
}


@dataclass(frozen=True, slots=True)
class Planted:
    """A shop, the kind of each customer (ids count from 1), and items per order."""

    shop: Shop
    kind: NDArray[np.str_]
    items: NDArray[np.int64]


def planted_shop(count: int, seed: int, mix: str = "base") -> Planted:
    """Invent a shop of ten kinds of customers."""
    rng = np.random.default_rng(seed)
    share = np.asarray(MIXES[mix]) / np.sum(MIXES[mix])
    kind = np.array(KINDS)[rng.choice(len(KINDS), count, p=share)]
    rows = [_customer(rng, index, str(one)) for index, one in enumerate(kind)]
    return _assembled(f"planted_{mix}", rows, kind)


def noise_shop(count: int, seed: int) -> Planted:
    """Let everybody follow one Poisson process and one law of value."""
    rng = np.random.default_rng(seed)
    rows = []
    for index in range(count):
        first = AS_OF_DAY - HISTORY_DAYS + rng.random() * HISTORY_DAYS
        left = AS_OF_DAY + HORIZON_DAYS - first
        times = np.append(first, first + rng.random(rng.poisson(left / 250)) * left)
        price = np.exp(3.7 + 0.6 * rng.normal(size=len(times)))
        items = 1 + rng.poisson(1.0, len(times))
        rows.append((np.full(len(times), index), times, price, items))
    return _assembled("noise", rows, np.full(count, "noise"))


Rows = tuple[NDArray[np.int64], FloatArray, FloatArray, NDArray[np.int64]]


def _customer(rng: np.random.Generator, index: int, kind: str) -> Rows:
    times, value, spread, typical_items = _orders(rng, kind)
    level = value + spread * 0.7 * rng.normal()
    tail = rng.standard_t(4, len(times)).clip(-6, 6)
    mistake = 30 if rng.random() < 0.001 else 1
    price = np.exp(level + spread * 0.7 * tail) * mistake + 0.5
    mean_items = max(typical_items * np.exp(0.25 * rng.normal()) - 1, 0.05)
    return np.full(len(times), index), times, price, 1 + rng.poisson(mean_items, len(times))


def _orders(rng: np.random.Generator, kind: str) -> tuple[FloatArray, float, float, float]:
    first = AS_OF_DAY - HISTORY_DAYS + rng.random() * HISTORY_DAYS
    if kind == "one_and_done":
        return np.array([first]), 3.6, 0.45, 1.6
    if kind == "one_time_big":
        return np.array([first]), 5.2, 0.4, 3
    if kind == "holiday":
        return _holidays(rng), 3.9, 0.4, 2.5
    if kind == "lapsed_vip":
        stop = AS_OF_DAY - 200 - rng.random() * 250
        start = max(AS_OF_DAY - HISTORY_DAYS, stop - 120 - rng.random() * 300)
        return _renewals(rng, start, stop, 20 * np.exp(0.25 * rng.normal()), 1.5), 4.9, 0.4, 3
    habit = HABITS[kind]
    end = min(AS_OF_DAY + HORIZON_DAYS, first + rng.exponential(habit.life) + 1)
    times = _renewals(rng, first, end, habit.gap * np.exp(0.3 * rng.normal()), habit.shape)
    times = _to_weekends(rng, times) if kind == "weekender" else times
    return times, habit.value, habit.spread, habit.items


def _renewals(
    rng: np.random.Generator, start: float, end: float, mean: float, shape: float
) -> FloatArray:
    count = max(int((end - start) / mean * 1.6) + 8, 4)
    gaps = rng.gamma(shape, mean / shape, count)
    times = start + np.concatenate([[0], np.cumsum(gaps)])
    return times[times < end]


def _holidays(rng: np.random.Generator) -> FloatArray:
    starts = [
        AS_OF_DAY + float((np.datetime64(f"{year}-11-10") - AS_OF).astype(int))
        for year in (2022, 2023, 2024)
    ]
    times = [
        start + rng.random() * 42
        for start in starts
        for _ in range(1 + (rng.random() < 0.3))
        if rng.random() < 0.55
    ]
    if not times or min(times) >= AS_OF_DAY:
        times = [starts[1] + rng.random() * 42]
    return np.array(times)


def _to_weekends(rng: np.random.Generator, times: FloatArray) -> FloatArray:
    day = np.floor(times)
    weekday = (day.astype(int) + 3) % 7
    moved = (weekday < 5) & (rng.random(len(times)) < 0.9)
    saturday = day + (5 - weekday) + (rng.random(len(times)) < 0.5) + rng.random(len(times)) * 0.9
    return np.where(moved, saturday, times)


def _assembled(name: str, rows: list[Rows], kind: NDArray[np.str_]) -> Planted:
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    customer, times, price, items = columns
    kept = (times >= AS_OF_DAY - HISTORY_DAYS) & (times < AS_OF_DAY + HORIZON_DAYS)
    order = np.flatnonzero(kept)[np.argsort(times[kept], kind="stable")]
    created = (times[order] * 86_400e6).astype("datetime64[us]")
    shop = Shop(name, customer[order].astype(np.int64) + 1, created, price[order].round(2))
    return Planted(shop, kind, items[order].astype(np.int64))
