"""How far a run is, and what each of its stages took: told by the work, written now and then."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field

from backend.core.clock import monotonic_seconds
from backend.core.errors import LeaseLost
from backend.core.memory import peak_memory_mib
from backend.results.run_report import StageFigures

# Stage → share of a run's time it usually takes; they add up to 1.
STAGES: Mapping[str, float] = {
    "read": 0.15,
    "forecast": 0.50,
    "segments": 0.25,
    "publish": 0.10,
}
WRITE_EVERY_SECONDS = 0.5

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Progress:
    """The latest word on a run. Set from any thread, read by the writer.

    Attributes
    ----------
    stage, stage_share
        Where it is, and how much of that is done, in [0, 1].
    counts
        What it has met so far, such as customers.
    ended
        What the stages took that have ended.
    """

    stage: str = "read"
    stage_share: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    ended: list[StageFigures] = field(default_factory=list)
    _rows: int | None = None
    _entered_at: float | None = None

    @property
    def share(self) -> float:
        """Share of the whole run that is done, in [0, 1]."""
        done = 0.0
        for stage, weight in STAGES.items():
            if stage == self.stage:
                return min(done + weight * self.stage_share, 1.0)
            done += weight
        return done

    def enter(self, stage: str) -> None:
        """Begin one of `STAGES`, which ends the one before."""
        self.leave()
        self.stage, self.stage_share, self._rows = stage, 0.0, None
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
        self.stage_share = min(max(share, 0.0), 1.0)

    def count(self, **counts: int) -> None:
        """Add facts such as `customers=24000`."""
        self.counts = {**self.counts, **counts}

    def handle(self, rows: int) -> None:
        """Say how many rows the current stage reads, scores or writes."""
        self._rows = rows


Write = Callable[[Progress], Awaitable[None]]
WriteNow = Callable[[], Awaitable[None]]


@asynccontextmanager
async def written(progress: Progress, write: Write) -> AsyncIterator[WriteNow]:
    """Write `progress` every half second while the body works, and when it asks for it.

    A write that fails does not stop the next, nor the run: whether the run may publish is decided
    when it does. One that finds the run taken away is the last.
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

    async def keep_writing(self) -> None:
        while True:
            try:
                await self.write_now()
            except LeaseLost:
                return
            await asyncio.sleep(WRITE_EVERY_SECONDS)

    async def write_now(self) -> None:
        """Write once; a failure is logged when it begins and when it is over."""
        try:
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
