"""Invented shops that go somewhere: they shrink, grow, turn, have seasons or a few large customers.

Four years each, seeded. Customers come as the shop's inflow has it, order at rates of their own
(gamma), leave after lifetimes of their own (exponential, mixed), and spend around levels of their
own (log-normal, heavy tails). Activity and inflow follow the shop's season and trend, and a shock
that all customers share, month by month: what no model of single customers can know.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.shops import Case, Shop

FloatArray = NDArray[np.float64]
FIRST = np.datetime64("2020-01-01")
DAYS = 4 * 365
YEAR = 365.25
MONTH = 30
CUSTOMERS = 2000
SHOCK, SHOCK_STAYS = 0.08, 0.7
TURN_DAY = 0.6 * DAYS
# After how many days forecasts are made, each up to five weeks later, and for how many days.
DATES = ((380, (180, 365)), (560, (90, 180)), (800, (180, 365)), (1060, (180, 365)), (1270, (90,)))


@dataclass(frozen=True, slots=True)
class Course:
    """Where a shop goes: logs a year of inflow and of activity, each with its spread by seed."""

    season: str
    inflow: tuple[float, float]
    activity: tuple[float, float]
    turns: bool = False


COURSES = {
    "steady": Course("none", (0.0, 0.05), (0.0, 0.03)),
    "one_season": Course("one", (0.0, 0.1), (0.0, 0.05)),
    "two_seasons": Course("two", (0.0, 0.1), (0.0, 0.05)),
    "shrinking": Course("none", (-0.25, 0.1), (-0.2, 0.08)),
    "shrinking_fashion": Course("two", (-0.2, 0.1), (-0.25, 0.08)),
    "growing": Course("one", (0.45, 0.15), (0.08, 0.05)),
    "turning": Course("none", (0.4, 0.1), (0.1, 0.05), turns=True),
}
KINDS = (*COURSES, "wholesale_few", "subscriptions")


def moving_shop(kind: str, seed: int) -> Shop:
    """Invent a shop of one of `KINDS`."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    invent = {"wholesale_few": _wholesale, "subscriptions": _subscriptions}
    customers = invent[kind](rng) if kind in invent else _on_course(COURSES[kind], rng)
    return _shop(kind, customers)


def moving_cases(kind: str, seed: int) -> list[Case]:
    """Return when forecasts are made of such a shop, and how far they reach."""
    rng = np.random.default_rng([seed, KINDS.index(kind), 1])
    return [
        Case(kind, str(FIRST + days + int(later)), horizon)
        for (days, horizons), later in zip(DATES, rng.integers(0, 35, len(DATES)), strict=True)
        for horizon in horizons
    ]


Customers = list[tuple[FloatArray, FloatArray]]  # days since the shop began, and amounts


def _on_course(course: Course, rng: np.random.Generator) -> Customers:
    inflow, activity = (rng.normal(*one) for one in (course.inflow, course.activity))
    level = _season(course.season) * _shocks(rng)
    arriving = level * _trend(inflow, -0.5 if course.turns else inflow)
    active = level * _trend(activity, -0.35 if course.turns else activity)
    dearer = rng.normal() * 0.03 * np.arange(DAYS) / YEAR
    first = rng.choice(DAYS, CUSTOMERS, p=arriving / arriving.sum()) + rng.random(CUSTOMERS)
    shape, mean = rng.choice([0.45, 0.7, 1.0]), rng.uniform(1.5, 4) / YEAR
    rate = rng.gamma(shape, mean / shape, CUSTOMERS)
    stay = rng.exponential(rng.uniform(400, 1200), CUSTOMERS)
    stay *= np.exp(0.8 * rng.normal(size=CUSTOMERS))
    usual = 3.6 + 0.6 * rng.normal(size=CUSTOMERS)
    found = []
    for start, per_day, days, log_value in zip(first, rate, stay, usual, strict=True):
        times = _orders(rng, start, start + days, per_day, active)
        tail = rng.standard_t(5, len(times)).clip(-6, 6)
        found.append((times, np.exp(log_value + 0.45 * tail + dearer[times.astype(int)])))
    return found


def _wholesale(rng: np.random.Generator) -> Customers:
    """Seventy of thirteen hundred bring nearly all of it."""
    active = _season("two" if rng.random() < 0.5 else "none") * _shocks(rng)
    active = active * _trend(*([rng.normal() * 0.1] * 2))
    found = []
    for number in range(1300):
        is_large = number < 70
        start = rng.random() * DAYS * (0.6 if is_large else 1)
        yearly = rng.uniform(4, 14) if is_large else rng.gamma(0.6, 1.6 / 0.6)
        end = start + rng.exponential(1500 if is_large else 600)
        times = _orders(rng, start, end, yearly / YEAR, active)
        usual = 7 + 0.8 * rng.normal() if is_large else 3.8 + 0.5 * rng.normal()
        found.append((times, np.exp(usual + 0.5 * rng.normal(size=len(times)))))
    return found


def _subscriptions(rng: np.random.Generator) -> Customers:
    """Order once a month until they cancel; one month in twenty-five is left out."""
    count = CUSTOMERS // 2
    arriving = _trend(*([rng.normal() * 0.15] * 2))
    first = rng.choice(DAYS, count, p=arriving / arriving.sum()) + rng.random(count)
    cancel = rng.uniform(0.03, 0.09) * np.exp(0.8 * rng.normal(size=count))
    found = []
    for start, chance in zip(first, cancel.clip(0.005, 0.6), strict=True):
        months = np.arange(rng.geometric(chance))
        kept = (rng.random(len(months)) >= 0.04) | (months == 0)
        times = start + 30.4 * months + rng.normal(size=len(months)) * 0.6 * (months > 0)
        times = times[kept & (times < DAYS)]
        found.append((times, np.full(len(times), rng.choice([19.9, 29.9, 49.9]))))
    return found


def _orders(
    rng: np.random.Generator, start: float, end: float, per_day: float, active: FloatArray
) -> FloatArray:
    """Return a first order at the start, and later ones as often as the shop is active."""
    end, top = min(end, DAYS), float(active.max())
    times = start + rng.random(rng.poisson(per_day * top * (end - start))) * (end - start)
    taken = rng.random(len(times)) * top < active[times.astype(int)]
    return np.append(start, times[taken])


def _season(kind: str) -> FloatArray:
    """Return what each day sells relative to a usual one."""
    if kind == "none":
        return np.ones(DAYS)
    if kind == "one":
        return 0.85 + 1.6 * _peak(335, 16)
    return 0.6 + 1.2 * _peak(105, 25) + 1.4 * _peak(285, 25)


def _peak(day_of_year: float, width_days: float) -> FloatArray:
    away = (np.arange(DAYS) % YEAR - day_of_year + YEAR / 2) % YEAR - YEAR / 2
    return np.asarray(np.exp(-0.5 * (away / width_days) ** 2))


def _trend(a_year: float, later: float) -> FloatArray:
    """Grow by so much a year (a log), and by another from the turn on."""
    day = np.arange(DAYS)
    until, since = np.minimum(day, TURN_DAY), np.maximum(day - TURN_DAY, 0)
    return np.asarray(np.exp((a_year * until + later * since) / YEAR))


def _shocks(rng: np.random.Generator) -> FloatArray:
    """Return what each day sells by chance, the same for all customers."""
    months = np.zeros(DAYS // MONTH + 1)
    news = SHOCK * np.sqrt(1 - SHOCK_STAYS**2)
    for month in range(1, len(months)):
        months[month] = SHOCK_STAYS * months[month - 1] + news * rng.normal()
    return np.exp(months[np.arange(DAYS) // MONTH])


def _shop(name: str, customers: Customers) -> Shop:
    customer = np.repeat(np.arange(1, len(customers) + 1), [len(times) for times, _ in customers])
    times, amounts = (np.concatenate(part) for part in zip(*customers, strict=True))
    order = np.argsort(times, kind="stable")
    created = FIRST.astype("datetime64[us]") + (times[order] * 86_400e6).astype("timedelta64[us]")
    return Shop(name, customer[order], created, amounts[order].round(2) + 0.01)
