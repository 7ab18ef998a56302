"""How far a run is, and what each of its stages took: told by the work, written now and then."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field

from backend.core.clock import monotonic_seconds
from backend.core.errors import LeaseLost
from backend.core.memory import peak_memory_mib
from backend.results.run_report import StageFigures

# Stage → share of a run's time it usually takes; they add up to 1. Between the 4,372 customers of
# the demo (read .23, forecast .24, segments .50, publish .02) and the 24,000 of `bench.run`.
STAGES: Mapping[str, float] = {
    "read": 0.20,
    "forecast": 0.35,
    "segments": 0.35,
    "publish": 0.10,
}
# Within a stage, what is done is guessed from the time: 63 % after so long, never all of it.
USUAL_SECONDS = 2.0
USUAL_ROWS_PER_SECOND = 1000.0
WRITE_EVERY_SECONDS = 0.5

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Progress:
    """The latest word on a run. Set from any thread, read by the writer.

    Attributes
    ----------
    stage, told_share
        Where it is, and how much of that the work says is done, in [0, 1].
    counts
        What it has met so far, such as customers.
    ended
        What the stages took that have ended.
    when_lost
        Called when the run was taken away.
    """

    stage: str = "read"
    told_share: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    ended: list[StageFigures] = field(default_factory=list)
    when_lost: Callable[[], None] = lambda: None
    _rows: int | None = None
    _usual_seconds: float = USUAL_SECONDS
    _entered_at: float | None = None

    @property
    def share(self) -> float:
        """Share of the whole run that is done, in [0, 1]; it never falls."""
        names = list(STAGES)
        before = names[: names.index(self.stage)]
        return sum(STAGES[name] for name in before) + STAGES[self.stage] * self._share_of_stage()

    def _share_of_stage(self) -> float:
        if self._entered_at is None:
            return 0.0
        seconds = monotonic_seconds() - self._entered_at
        return max(self.told_share, -math.expm1(-seconds / self._usual_seconds))

    def enter(self, stage: str, rows: int | None = None) -> None:
        """Begin one of `STAGES`, over so many rows where that is known; it ends the one before."""
        self.leave()
        self.stage, self.told_share, self._rows = stage, 0.0, rows
        self._usual_seconds = USUAL_SECONDS + (rows or 0) / USUAL_ROWS_PER_SECOND
        self._entered_at = monotonic_seconds()

    def leave(self) -> None:
        """End the current stage, if one has begun: keep and log what it took."""
        if self._entered_at is None:
            return
        figures = StageFigures(
            stage=self.stage,
            seconds=round(monotonic_seconds() - self._entered_at, 3),
            rows=self._rows,
            peak_memory_mib=peak_memory_mib(),
        )
        self._entered_at = None
        self.ended.append(figures)
        log.info("stage ended", extra=asdict(figures))

    def advance(self, share: float) -> None:
        """Say how much of the current stage is done, in [0, 1]."""
        self.told_share = min(max(share, self.told_share), 1.0)

    def count(self, **counts: int) -> None:
        """Add facts such as `customers=24000`."""
        self.counts = {**self.counts, **counts}

    def handle(self, rows: int) -> None:
        """Say how many rows the current stage has read."""
        self._rows = rows


Write = Callable[[Progress], Awaitable[None]]
WriteNow = Callable[[], Awaitable[None]]


@asynccontextmanager
async def written(progress: Progress, write: Write) -> AsyncIterator[WriteNow]:
    """Write `progress` every half second while the body works, and when it asks for it.

    A write that fails does not stop the next, nor the run: whether the run may publish is decided
    when it does. One that finds the run taken away is the last, and calls `when_lost`.
    """
    writer = _Writer(progress, write)
    writing = asyncio.create_task(writer.keep_writing())
    try:
        yield writer.write_now
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


class _Writer:
    def __init__(self, progress: Progress, write: Write) -> None:
        self._progress = progress
        self._write = write
        self._fails = False
        self._one_at_a_time = asyncio.Lock()  # else an older state may be written last

    async def keep_writing(self) -> None:
        while True:
            try:
                await self.write_now()
            except LeaseLost:
                self._progress.when_lost()
                return
            await asyncio.sleep(WRITE_EVERY_SECONDS)

    async def write_now(self) -> None:
        """Write once; a failure is logged when it begins and when it is over."""
        try:
            async with self._one_at_a_time:
                await self._write(self._progress)
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001, whatever it was, the run goes on
            if not self._fails:
                log.warning("progress is not written", extra={"error": type(error).__name__})
            self._fails = True
        else:
            if self._fails:
                log.info("progress is written again")
            self._fails = False
