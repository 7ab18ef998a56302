"""What takes long is begun once for all who ask, and kept for who comes after."""

import asyncio
from dataclasses import dataclass, field

import pytest

from backend.api.kept_reads import KeptReads
from backend.core.errors import TextNotWritable
from backend.store.served import Served

NOTHING = Served(None, 0, None)


@dataclass
class SlowRead:
    """Reads when it is let, and counts how often it was begun."""

    kept: KeptReads
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    begun: int = 0

    async def read(self) -> None:
        self.begun += 1
        await self.may_end.wait()
        await self.kept.of(NOTHING, "list", self.found)

    async def found(self) -> int:
        return 7


async def test_who_does_not_wait_leaves_it_to_be_kept() -> None:
    slow = SlowRead(KeptReads())
    asked = [slow.kept.is_soon("list", slow.read, 0.01) for _ in range(3)]
    assert await asyncio.gather(*asked) == [False] * 3
    assert slow.kept.known(NOTHING, "list") is None
    slow.may_end.set()
    assert await slow.kept.is_soon("list", slow.read, 60)
    assert (slow.begun, slow.kept.known(NOTHING, "list")) == (1, 7)


async def test_what_fails_in_time_is_told_and_begun_anew_by_who_asks_next() -> None:
    kept, tries = KeptReads(), list[int]()

    async def refused() -> None:
        tries.append(1)
        raise TextNotWritable("intelligence")

    for _ in range(2):
        with pytest.raises(TextNotWritable):
            await kept.is_soon("list", refused, 60)
    assert len(tries) == 2
