"""What workers have found is kept by attempt, whole, for as long as their run is at work."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from backend.core.errors import LeaseLost
from backend.database.engine import AsyncEngine, create_engine, transaction
from backend.store import leases
from backend.store.staged_parts import (
    BYTES_PER_PIECE,
    StagedPart,
    forget_left_over,
    forget_staged,
    read_staged,
    stage,
)
from tests.conftest import takes_its_turn
from tests.performed import claimed

pytestmark = takes_its_turn


@pytest.fixture
async def engine(migrated_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(migrated_url)
    yield made
    await made.dispose()


@pytest.fixture
async def part(engine: AsyncEngine) -> StagedPart:
    run_id = await claimed(engine)
    return StagedPart(run_id=run_id, stage="orders", partition_number=3, attempt="a" * 32)


async def found(engine: AsyncEngine, part: StagedPart) -> bytes:
    async with transaction(engine) as connection:
        return await read_staged(connection, part)


async def test_each_attempt_is_read_as_it_was_written(
    engine: AsyncEngine, part: StagedPart
) -> None:
    large = bytes(range(256)) * (BYTES_PER_PIECE // 256) + b"and more"
    other = replace(part, attempt="b" * 32)
    await stage(engine, part.run_id, {part: large, replace(part, stage="baskets"): b"few"})
    await stage(engine, part.run_id, {other: b""})
    assert await found(engine, part) == large
    assert await found(engine, replace(part, stage="baskets")) == b"few"
    assert await found(engine, other) == b""


async def test_nothing_is_staged_for_a_run_that_has_ended(
    engine: AsyncEngine, part: StagedPart
) -> None:
    await leases.fail(engine, part.run_id, token="mine", error="cancelled")
    with pytest.raises(LeaseLost):
        await stage(engine, part.run_id, {part: b"too late"})
    assert await found(engine, part) == b""


async def test_what_was_left_over_goes_with_the_next_run(
    engine: AsyncEngine, part: StagedPart
) -> None:
    await stage(engine, part.run_id, {part: b"left"})
    await forget_left_over(engine, part.run_id)
    assert await found(engine, part) == b"left"
    await forget_left_over(engine, "another")
    assert await found(engine, part) == b""
    await stage(engine, part.run_id, {part: b"again"})
    await forget_staged(engine, part.run_id)
    assert await found(engine, part) == b""
