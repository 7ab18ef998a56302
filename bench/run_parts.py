"""What each part of a run costs by the size of the shop, in seconds of the processor, and beyond.

    python -m bench.run_parts [--customers N …] [--without-lines]

On PostgreSQL, one run in this process for each size, which is counted without the database's own
processes. A straight line through what each stage took says what is fixed and what grows; the
exponent says how straight it is. What is said of other sizes is extrapolated, and marked so.
"""

import argparse
import asyncio
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from backend.database.engine import opened
from backend.run.perform import perform
from backend.run.progress import Progress
from backend.store.migrate import migrate
from bench.big_shop import AS_OF, fill, invented
from tests import services
from tests.performed import claimed, config_of

SIZES = (50_000, 200_000, 500_000)
SAID = (1_000_000, 10_000_000, 100_000_000)


@dataclass
class Clocked(Progress):
    """Counts the processor's seconds of each stage."""

    spent: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.process_time)

    def leave(self) -> None:
        """End the current stage."""
        now = time.process_time()
        if self._entered_at is not None:
            self.spent[self.stage] = now - self.began
        self.began = now
        super().leave()


async def spent_on(url: str, customers: int, *, lines: bool) -> Mapping[str, float]:
    """Run over a new shop, and return what its stages took."""
    await fill(url, invented(customers), lines=lines)
    async with opened(url) as engine:
        await migrate(engine)
        run_id = await claimed(engine, as_of=datetime.fromisoformat(AS_OF).replace(tzinfo=UTC))
        progress = Clocked()
        await perform(config_of(url, run_seconds=86_400), run_id, "mine", progress)
    return progress.spent


def measured(sizes: Sequence[int], *, lines: bool) -> Sequence[Mapping[str, float]]:
    """Measure each size on a server of its own."""
    found = []
    for size in sizes:
        with services.own_postgresql() as server:
            spent = dict(asyncio.run(spent_on(server.url, size, lines=lines)))
            found.append(spent)
            _tell(f"{size:>12,} " + "".join(f"{k:>12}{v:8.1f}" for k, v in spent.items()))
    return found


def main() -> None:
    """Print seconds, exponents, and what they make of larger shops."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", nargs="+", type=int, default=[*SIZES])
    parser.add_argument("--without-lines", action="store_true")
    given = parser.parse_args()
    found = measured(given.customers, lines=not given.without_lines)
    for stage in found[-1]:
        _tell(f"{stage:10} {_said([one[stage] for one in found], given.customers)}")


def _said(seconds: Sequence[float], sizes: Sequence[int]) -> str:
    """Say what is fixed, what grows, by what exponent, and what that comes to beyond."""
    slope, fixed = np.polyfit(sizes, seconds, 1)
    fixed = max(float(fixed), 0.0)
    growing = [max(one - fixed, 0.01) for one in seconds]
    exponent = math.log(growing[-1] / growing[0]) / math.log(sizes[-1] / sizes[0])
    beyond = (f"{size:,}: {fixed + slope * size:,.0f} s" for size in SAID)
    return (
        f"{fixed:.1f} s and {slope * 1e6:.1f} s per million, exponent of what grows "
        f"{exponent:.2f}; extrapolated {', '.join(beyond)}"
    )


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
