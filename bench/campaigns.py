"""Whether campaigns keep their word: made up on real shops, where what they do is known.

    python -m bench.campaigns [--draws N]

An audience is drawn from the customers whom a shop knew at a date, a part of it held out as the
service does, and what they then bought counted. Nothing was done to anybody, so that whoever finds
an effect errs. Then the treated buy by as much more as the campaign said that it would find. Spend
is limited as campaigns limit it, by the window before.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from backend.campaigns.arm_sums import ArmSums, WindowOutcomes
from backend.campaigns.detectable import (
    LARGEST_GROWTH,
    LEAST_BUYERS,
    EarlierWindow,
    detectable,
)
from backend.campaigns.differences import (
    Difference,
    adjusted_difference,
    buyers_difference,
    spend_difference,
)
from backend.campaigns.usual_outcome import POWER
from backend.core.arrays import BoolArray, FloatArray, IntArray
from bench.campaign_draws import limited_to, many_draws, more_buyers, more_orders, sums_of
from bench.campaign_scenes import Scene, scene

SCENES = (
    ("cdnow", "1997-07-01", 90),
    ("cdnow", "1998-01-01", 60),
    ("online_retail_2", "2011-03-15", 60),
    ("online_retail_2", "2011-09-01", 45),
)
# Customers, share held out, and whether they are of the largest segment alone.
SIZES = (
    (1_000, 0.1, False),
    (1_000, 0.5, False),
    (3_000, 0.1, False),
    (3_000, 0.3, False),
    (6_000, 0.05, False),
    (3_000, 0.2, True),
)
MANY_BUYERS = 50
WIDTH = 132  # of the tables, also in a file
# Campaigns on each audience, and how many of them are looked at for the widths alone.
BATCH, FEW = 200, 20
LEVEL, LEVELS, MOST = 0.05, (0.04, 0.06), 0.06
COVERAGES, POWER_OFF = (0.94, 0.96), 0.03

Shares = dict[str, float]
Statistic = Callable[[ArmSums, ArmSums], Difference]
STATISTICS: dict[str, Statistic] = {
    "buyers": buyers_difference,
    "spend": spend_difference,
    "adjusted": adjusted_difference,
}


@dataclass(frozen=True, slots=True)
class Came:
    """What campaigns of a kind came to: shares in [0, 1] by statistic, and widths.

    Attributes
    ----------
    erred, erred_upwards
        Found an effect where there was none, and one above zero.
    every_cent
        Found one where there was none, in spend that is not limited.
    covered, found
        Held the planted effect in their interval; found it.
    widths
        Of intervals for limited spend: of everybody together, and by strata, each without and with
        the forecast.
    """

    erred: Shares
    erred_upwards: Shares
    every_cent: Shares
    covered: Shares
    found: Shares
    widths: FloatArray


@dataclass(frozen=True, slots=True)
class Kind:
    """Campaigns of one size.

    Attributes
    ----------
    shop, customers, share
        Whose, of how many customers, and the share of them held out.
    buyers
        How many are expected to buy in the smaller arm.
    came
        Mean over all that were made up.
    """

    shop: str
    customers: int
    share: float
    buyers: float
    came: Came


def made_up(of: Scene, size: int, share: float, draws: int) -> Kind | None:
    """Make campaigns up, BATCH of them on each audience; None where they would be refused."""
    rng = np.random.default_rng(18)
    audiences = [of.only(rng.permutation(len(of.segments)) < size) for _ in range(draws // BATCH)]
    customers = len(audiences[0].segments)
    buying = float(np.mean([np.mean(one.outcomes.bought) for one in audiences]))
    if buying * customers * share < LEAST_BUYERS:
        return None
    batches = [_batch(one, share, rng) for one in audiences]
    came = Came(*(_mean([getattr(one, field.name) for one in batches]) for field in fields(Came)))
    return Kind(of.shop, customers, share, buying * customers * share, came)


def _mean(batches: list[Any]) -> Any:
    if isinstance(batches[0], dict):
        names = [name for name in STATISTICS if all(name in one for one in batches)]
        return {name: np.mean([one[name] for one in batches]) for name in names}
    return np.mean(batches, axis=0)


def _of_largest_segment(of: Scene) -> Scene:
    names, counts = np.unique(of.segments, return_counts=True)
    return of.only(of.segments == names[np.argmax(counts)])


def _batch(audience: Scene, share: float, rng: np.random.Generator) -> Came:
    outcomes, strata = audience.outcomes, audience.strata(share)
    held_out = many_draws(strata, share, BATCH, rng)
    limited = limited_to(outcomes, audience.limit)
    nothing_done = _arms(limited, strata, held_out)
    found = {name: told(*nothing_done) for name, told in STATISTICS.items()}
    whole = _arms(outcomes, strata, held_out)
    cents = {name: STATISTICS[name](*whole) for name in ("spend", "adjusted")}
    planted = dict(_planted(audience, strata, held_out, share, rng))
    return Came(
        erred={name: _share((one.low > 0) | (one.high < 0)) for name, one in found.items()},
        erred_upwards={name: _share(one.low > 0) for name, one in found.items()},
        every_cent={name: _share((one.low > 0) | (one.high < 0)) for name, one in cents.items()},
        covered={name: covered for name, (covered, _) in planted.items()},
        found={name: found for name, (_, found) in planted.items()},
        widths=_widths(limited, strata, held_out[:FEW]),
    )


def _planted(
    audience: Scene, strata: IntArray, held_out: BoolArray, share: float, rng: np.random.Generator
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Yield for each statistic how often an effect that was promised was covered, and found."""
    like = EarlierWindow(
        outcomes=audience.outcomes, segments=list(audience.segments), forecast_known=True
    )
    promise = detectable(like, audience=len(strata), share=share)
    usual = limited_to(audience.outcomes, promise.spend_limit)
    without = sums_of(usual, strata, held_out)
    buyers, mean = promise.smallest_buyers_effect, promise.usual_spend
    if buyers is not None:
        reached = more_buyers(usual, buyers / (1 - promise.usual_buying_share), BATCH, rng)
        yield "buyers", _told("buyers", sums_of(reached, strata, ~held_out), without, buyers)
    for name, effect in (
        ("spend", promise.smallest_spend_effect),
        ("adjusted", promise.smallest_adjusted_spend_effect),
    ):
        if effect is not None and effect <= mean * LARGEST_GROWTH:
            reached = more_orders(usual, strata, effect / mean, BATCH, rng)
            yield name, _told(name, sums_of(reached, strata, ~held_out), without, effect)


def _told(name: str, treated: ArmSums, without: ArmSums, truth: float) -> tuple[float, float]:
    told = STATISTICS[name](treated, without)
    return _share((told.low <= truth) & (truth <= told.high)), _share(told.low > 0)


def _arms(
    outcomes: WindowOutcomes, strata: IntArray, held_out: BoolArray
) -> tuple[ArmSums, ArmSums]:
    return sums_of(outcomes, strata, ~held_out), sums_of(outcomes, strata, held_out)


def _widths(outcomes: WindowOutcomes, strata: IntArray, held_out: BoolArray) -> FloatArray:
    told = [
        statistic(*_arms(outcomes, kinds, held_out))
        for kinds in (np.zeros_like(strata), strata)
        for statistic in (spend_difference, adjusted_difference)
    ]
    return np.array([np.mean(one.high - one.low) for one in told])


def _share(happened: BoolArray) -> float:
    return float(np.mean(happened))


def print_levels(console: Console, kinds: list[Kind]) -> None:
    """Print how often campaigns without an effect find one."""
    table = _table("Effects found where there are none, % (of them above zero)")
    for name in (*STATISTICS, "spend, every cent", "adjusted, every cent"):
        table.add_column(name, justify="right")
    for kind in kinds:
        came = kind.came
        limited = (f"{came.erred[one]:.1%} ({came.erred_upwards[one]:.1%})" for one in STATISTICS)
        cents = (f"{came.every_cent[one]:.1%}" for one in ("spend", "adjusted"))
        table.add_row(*_size(kind), *limited, *cents)
    console.print(table)


def print_planted(console: Console, kinds: list[Kind]) -> None:
    """Print how often what was promised is found, and how often its interval is right."""
    table = _table(f"Planted effects that are found with {POWER:.0%}: covered, found")
    for name in STATISTICS:
        table.add_column(name, justify="right")
    for kind in kinds:
        covered, found = kind.came.covered, kind.came.found
        both = (
            f"{covered[one]:.1%} {found[one]:.1%}" if one in found else "" for one in STATISTICS
        )
        table.add_row(*_size(kind), *both)
    console.print(table)


def print_widths(console: Console, kinds: list[Kind]) -> None:
    """Print what strata and forecast take off the widths of intervals."""
    table = _table("Interval for limited spend, narrower than of everybody without a forecast by")
    for name in ("forecast", "strata", "both", "forecast beside strata"):
        table.add_column(name, justify="right")
    for kind in kinds:
        without, forecast, strata, both = kind.came.widths
        shares = (forecast / without, strata / without, both / without, both / strata)
        table.add_row(*_size(kind), *(f"{1 - one:.1%}" for one in shares))
    console.print(table)


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("shop")
    for column in ("customers", "held out", "buyers"):
        table.add_column(column, justify="right")
    return table


def _size(kind: Kind) -> tuple[str, str, str, str]:
    return kind.shop, f"{kind.customers:,}", f"{kind.share:.0%}", f"{kind.buyers:.0f}"


def verdicts(kinds: list[Kind]) -> dict[str, bool]:
    """Say what was promised, and whether it was kept."""
    large = [kind.came for kind in kinds if kind.buyers >= MANY_BUYERS]

    def all_of(cames: Iterable[Came], of: str, low: float, high: float) -> bool:
        return all(low <= one <= high for came in cames for one in getattr(came, of).values())

    narrower = [kind.came.widths for kind in kinds]
    return {
        f"4 to 6 % err where {MANY_BUYERS} buyers are expected per arm": all_of(
            large, "erred", *LEVELS
        ),
        "nowhere more than 6 % do": all_of((kind.came for kind in kinds), "erred", 0, MOST),
        "intervals cover 94 to 96 %": all_of(large, "covered", *COVERAGES),
        "power is what was promised within three points": all_of(
            large, "found", POWER - POWER_OFF, POWER + POWER_OFF
        ),
        "the forecast narrows intervals on every shop": all(
            one[1] < one[0] and one[3] < one[2] for one in narrower
        ),
    }


def main() -> None:
    """Print three tables, and PASS or FAIL for each promise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10_000, help="campaigns of each size")
    draws = parser.parse_args().draws
    scenes = [scene(*one) for one in SCENES]
    made = [
        made_up(_of_largest_segment(one) if alone else one, size, share, draws)
        for one in scenes
        for size, share, alone in SIZES
    ]
    kinds = [kind for kind in made if kind is not None]
    console = Console(width=WIDTH)
    print_levels(console, kinds)
    print_planted(console, kinds)
    print_widths(console, kinds)
    error = math.sqrt(LEVEL * (1 - LEVEL) / draws)
    console.print(f"{draws:,} campaigns a row: standard error of {LEVEL:.0%} is {error:.2%}")
    for promise, kept in verdicts(kinds).items():
        console.print(f"{'PASS' if kept else 'FAIL'}  {promise}")


if __name__ == "__main__":
    main()
