"""Statements about several at once, compiled for some numbers of them; see `compiled`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Select
from sqlalchemy.types import TypeEngine

from backend.database.compiled import HotRead, Row, Values, parameter
from backend.database.engine import AsyncEngine
from backend.database.failures import OURS

Places = Mapping[str, Sequence[BindParameter[Any]]]
"""Where the values of each name are put."""
# What fewer are asked for leaves places empty: NULL equals nothing.
SIZES = (4, 16, 64, 256, 1024)


class HotLookup:
    """A SELECT of those rows that any of several values is of.

    Parameters
    ----------
    statement_of
        Makes it of the places of the values.
    types
        Of the values, by name.
    """

    def __init__(
        self, statement_of: Callable[[Places], Select[Any]], types: Mapping[str, TypeEngine[Any]]
    ) -> None:
        self._statement_of = statement_of
        self._types = types
        self._reads: dict[int, HotRead] = {}

    async def rows(
        self, engine: AsyncEngine, asked: Sequence[Values], database: str = OURS
    ) -> list[Row]:
        """Ask once for each 1,024; otherwise as `HotRead.rows`."""
        found: list[Row] = []
        for start in range(0, len(asked), SIZES[-1]):
            some = asked[start : start + SIZES[-1]]
            values = {_place(name, at): one[name] for at, one in enumerate(some) for name in one}
            found += await self._read_for(len(some)).rows(engine, values, database)
        return found

    def _read_for(self, count: int) -> HotRead:
        size = next(size for size in SIZES if size >= count)
        if size not in self._reads:
            places = {
                name: [parameter(_place(name, at), type_) for at in range(size)]
                for name, type_ in self._types.items()
            }
            self._reads[size] = HotRead(self._statement_of(places))
        return self._reads[size]


def _place(name: str, at: int) -> str:
    return f"{name}_{at}"
