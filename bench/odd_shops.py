"""An invented shop of kinds that the vocabulary has no word for; reported, never tuned to.

Two years before a date and some months after it, as in bench/planted.py: who buys in a burst and
never again, in summers alone, at the end of months, once a year as a present, ever more seldom, or
ever dearer, among those who bought once or now and then.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.planted import AS_OF_DAY, HISTORY_DAYS, HORIZON_DAYS, Planted
from bench.shops import Shop

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
ODD_KINDS = ("burst", "summer", "month_end", "yearly", "fading", "dearer")
ORDINARY = {"once": 0.4, "occasional": 0.24}
SHARES = ORDINARY | dict.fromkeys(ODD_KINDS, 0.06)
BEGIN, END = AS_OF_DAY - HISTORY_DAYS, AS_OF_DAY + HORIZON_DAYS


def odd_shop(count: int, seed: int) -> Planted:
    """Invent a shop of six odd kinds and two ordinary ones."""
    rng = np.random.default_rng(seed)
    kind = rng.choice([*SHARES], count, p=[*SHARES.values()])
    times = [_times(rng, str(one)) for one in kind]
    customer = np.repeat(np.arange(1, count + 1), [len(one) for one in times])
    logs = [_log_amounts(rng, str(one), len(own)) for one, own in zip(kind, times, strict=True)]
    at, amount = np.concatenate(times), np.exp(np.concatenate(logs))
    order = np.argsort(at, kind="stable")
    created = (at[order] * 86_400e6).astype("datetime64[us]")
    shop = Shop("odd", customer[order], created, amount[order].round(2) + 0.01)
    return Planted(shop, kind, 1 + rng.poisson(1.0, len(order)))


def _times(rng: np.random.Generator, kind: str) -> FloatArray:
    """Return when one customer orders, in days; at least once in the two years."""
    first = BEGIN + rng.random() * (HISTORY_DAYS - 1)
    found: dict[str, Callable[[], FloatArray]] = {
        "once": lambda: np.empty(0),
        "occasional": lambda: first + np.cumsum(rng.exponential(150, 12)),
        "burst": lambda: first + rng.random(rng.integers(4, 9)) * 30,
        "summer": lambda: _inside(rng, lambda day: (_month(day) >= 6) & (_month(day) <= 8)),
        "month_end": lambda: _inside(rng, lambda day: _day_of_month(day) >= 28),
        "yearly": lambda: first + 365.25 * np.arange(1, 4) + 3 * rng.normal(size=3),
        "fading": lambda: first + np.cumsum(12 * 1.5 ** np.arange(12)),
        "dearer": lambda: first + np.cumsum(rng.exponential(60, 30)),
    }
    times = np.sort(np.append(first, found[kind]()))
    return times[(times >= first) & (times < END)]


def _inside(rng: np.random.Generator, chosen: Callable[[FloatArray], BoolArray]) -> FloatArray:
    """Order every tenth day or so that is one of the chosen."""
    days = BEGIN + rng.random(rng.poisson(0.1 * (END - BEGIN))) * (END - BEGIN)
    return np.asarray(days[chosen(days)])


def _month(day: FloatArray) -> NDArray[np.int64]:
    months = day.astype("datetime64[D]").astype("datetime64[M]")
    return np.asarray(months.astype(np.int64) % 12 + 1)


def _day_of_month(day: FloatArray) -> NDArray[np.int64]:
    dates = day.astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray((dates - months).astype(np.int64) + 1)


def _log_amounts(rng: np.random.Generator, kind: str, count: int) -> FloatArray:
    grows = 0.12 * np.arange(count) if kind == "dearer" else 0.0
    usual = 3.7 + 0.3 * rng.normal()
    return np.asarray(usual + grows + 0.4 * rng.normal(size=count))
