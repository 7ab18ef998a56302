"""Of many who ask at once one works, and all have what it comes to, well or not."""

import asyncio
from collections.abc import Awaitable

import pytest

from backend.core.one_for_all import OneForAll


class Work:
    """Work that goes on until a test lets it end."""

    def __init__(self) -> None:
        self.begun = 0
        self.end = asyncio.Event()
        self.fails = False

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        await self.end.wait()
        if self.fails:
            raise LookupError(number)
        return number


async def asked_by(many: int, one: OneForAll[int], work: Work) -> list[asyncio.Task[int]]:
    asking = [asyncio.create_task(one.done(work)) for _ in range(many)]
    await asyncio.sleep(0)  # all of them have asked then
    await asyncio.sleep(0)
    return asking


async def gathered(asking: list[asyncio.Task[int]]) -> list[int | BaseException]:
    every: list[Awaitable[int]] = [*asking]
    return await asyncio.gather(*every, return_exceptions=True)


@pytest.mark.parametrize("fails", [False, True])
async def test_all_have_what_one_comes_to_and_the_next_begins_anew(fails: bool) -> None:
    one, work = OneForAll[int](), Work()
    work.fails = fails
    asking = await asked_by(20, one, work)
    work.end.set()
    told = await gathered(asking)
    assert {str(each) for each in told} == {"1"}
    assert {isinstance(each, LookupError) for each in told} == {fails}
    assert [str(each) for each in await gathered(await asked_by(1, one, work))] == ["2"]


async def test_whoever_gives_up_leaves_it_to_the_others() -> None:
    one, work = OneForAll[int](), Work()
    first, *others = await asked_by(3, one, work)
    first.cancel()
    work.end.set()
    assert await gathered(others) == [1, 1]
    assert first.cancelled()


async def test_who_asks_after_a_change_waits_for_nothing_older() -> None:
    one, work = OneForAll[int](), Work()
    before = await asked_by(2, one, work)
    one.begin_anew()
    after = await asked_by(2, one, work)
    work.end.set()
    assert await gathered([*before, *after]) == [1, 1, 2, 2]
