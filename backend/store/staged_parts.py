"""What workers have found of parts of a shop, kept until their run has ended.

A part may be worked on more than once: a worker dies, or is only thought dead. Each attempt writes
under a name of its own, whole or not at all, and whoever reads names the one that was taken.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from sqlalchemy import delete, insert, select

from backend.core.errors import LeaseLost
from backend.database.engine import AsyncConnection, AsyncEngine, transaction
from backend.store.tables import runs, staged_parts

# Below what MySQL and MariaDB take in one message unless told otherwise (16 MiB).
BYTES_PER_PIECE = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedPart:
    """Where something is that one attempt has found of one part.

    Attributes
    ----------
    run_id
        The run that it is for.
    stage
        What it is.
    partition_number
        Which part it is about.
    attempt
        Who found it.
    """

    run_id: str
    stage: str
    partition_number: int
    attempt: str


async def stage(engine: AsyncEngine, run_id: str, found: dict[StagedPart, bytes]) -> None:
    """Keep what an attempt has found, all of it or nothing.

    Raises
    ------
    LeaseLost
        When the run is no longer at work: nobody will read it.
    """
    async with transaction(engine) as connection:
        await _refuse_ended(connection, run_id)
        for part, data in found.items():
            for number, piece in enumerate(_pieces(data)):
                row = {**asdict(part), "piece": number, "bytes": piece}
                await connection.execute(insert(staged_parts).values(row))


async def read_staged(connection: AsyncConnection, part: StagedPart) -> bytes:
    """Return what an attempt has found."""
    of_part = (staged_parts.c[name] == value for name, value in asdict(part).items())
    pieces = select(staged_parts.c.bytes).where(*of_part).order_by(staged_parts.c.piece)
    return b"".join(await connection.scalars(pieces))


async def forget_staged(engine: AsyncEngine, run_id: str) -> None:
    """Forget what was found for a run that ends."""
    async with transaction(engine) as connection:
        await connection.execute(delete(staged_parts).where(staged_parts.c.run_id == run_id))


async def forget_left_over(engine: AsyncEngine, run_id: str) -> None:
    """Forget what was found for others than the run that is at work: they were cut short."""
    async with transaction(engine) as connection:
        await connection.execute(delete(staged_parts).where(staged_parts.c.run_id != run_id))


async def _refuse_ended(connection: AsyncConnection, run_id: str) -> None:
    state = await connection.scalar(select(runs.c.state).where(runs.c.id == run_id))
    if state != "running":
        raise LeaseLost(run_id)


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, max(len(data), 1), BYTES_PER_PIECE):
        yield data[start : start + BYTES_PER_PIECE]
