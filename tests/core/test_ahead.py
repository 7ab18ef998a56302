"""What is made ahead is given in order, one ahead at most, and what fails does so in its turn."""

import threading
from contextlib import aclosing

import pytest

from backend.core.ahead import made_ahead


async def test_all_is_given_in_order_and_one_is_made_ahead() -> None:
    begun, most = list[int](), 0

    def make(one: int) -> int:
        begun.append(one)
        return one * one

    given = list[int]()
    async for made in made_ahead(make, range(20)):
        given.append(made)
        most = max(most, len(begun) - len(given))
    assert given == [one * one for one in range(20)]
    assert most <= 1


async def test_nothing_is_made_of_nothing() -> None:
    assert [one async for one in made_ahead(str, [])] == []


async def test_it_is_made_elsewhere() -> None:
    here = threading.get_ident()
    assert [one async for one in made_ahead(lambda _: threading.get_ident() != here, [0])] == [True]


async def test_what_fails_does_so_after_what_came_before_it() -> None:
    given = list[float]()

    async def use() -> None:
        async for made in made_ahead(lambda one: 1 / one, [2, 1, 0, 4]):
            given.append(made)

    with pytest.raises(ZeroDivisionError):
        await use()
    assert given == [0.5, 1.0]


async def test_who_stops_using_waits_for_what_is_being_made() -> None:
    begun, ended = list[int](), list[int]()

    def make(one: int) -> int:
        begun.append(one)
        ended.append(one)
        return one

    async with aclosing(made_ahead(make, range(9))) as each:
        async for _ in each:
            break
    assert begun == ended
    assert len(begun) <= 2
