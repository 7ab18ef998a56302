"""How far a run is: told by the work, written to the run's row now and then."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

# Stage → share of a run's time it usually takes; they add up to 1.
STAGES: Mapping[str, float] = {
    "read": 0.15,
    "forecast": 0.50,
    "segments": 0.25,
    "publish": 0.10,
}
WRITE_EVERY_SECONDS = 0.5


@dataclass(slots=True)
class Progress:
    """The latest word on a run. Set from any thread, read by the writer."""

    stage: str = "read"
    stage_share: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)

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
        """Begin a stage."""
        self.stage, self.stage_share = stage, 0.0

    def advance(self, share: float) -> None:
        """Say how much of the current stage is done, in [0, 1]."""
        self.stage_share = min(max(share, 0.0), 1.0)

    def count(self, **counts: int) -> None:
        """Add facts such as `customers=24000`."""
        self.counts = {**self.counts, **counts}


Write = Callable[[Progress], Awaitable[None]]


@asynccontextmanager
async def written(progress: Progress, write: Write) -> AsyncIterator[None]:
    """Write `progress` every half second while the body works."""

    async def keep_writing() -> None:
        while True:
            await write(progress)
            await asyncio.sleep(WRITE_EVERY_SECONDS)

    writer = asyncio.create_task(keep_writing())
    try:
        yield
    finally:
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
