"""What the values of columns tell of them, where their database's description does not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import FromClause
from sqlalchemy.types import TypeEngine

from backend.database.async_engines import AsyncConnection
from backend.database.expressions import MYSQL
from backend.database.kinds import Kind, stored_kind
from backend.database.mysql_collations import text_types

# Columns whose stored kind decides how they are read.
IDS = ("id", "customer_id", "order_id")
PROBED_ON_SQLITE = (*IDS, "product_id", "created_at", "total_price")
# Texts that are compared as they stand, so that an index answers.
COMPARED_ON_MYSQL = (*IDS, "email")


@dataclass(frozen=True, slots=True)
class ProbedColumns:
    """What columns are, by our names.

    Attributes
    ----------
    kinds
        What each holds.
    types
        What texts are written in, where that decides what they can be compared with.
    """

    kinds: Mapping[str, Kind]
    types: Mapping[str, TypeEngine[Any]] = field(default_factory=dict)


async def probed_columns(
    connection: AsyncConnection,
    base: FromClause,
    names: Mapping[str, str],
    kinds: Mapping[str, Kind],
) -> ProbedColumns:
    """Look at columns, of which `names` are the shop's and `kinds` what is described."""
    if connection.dialect.name == "sqlite":
        return ProbedColumns({**kinds, **await _stored_kinds(connection, base, names)})
    if connection.dialect.name not in MYSQL:
        return ProbedColumns(kinds)
    compared = [ours for ours in COMPARED_ON_MYSQL if kinds.get(ours) is Kind.TEXT]
    found = await text_types(connection, base, [names[ours] for ours in compared])
    texts = dict(zip(compared, found, strict=True))
    binary = {ours: Kind.BINARY for ours, type_ in texts.items() if type_ is None and ours in IDS}
    types = {ours: type_ for ours, type_ in texts.items() if type_ is not None}
    return ProbedColumns({**kinds, **binary}, types)


async def _stored_kinds(
    connection: AsyncConnection, base: FromClause, names: Mapping[str, str]
) -> dict[str, Kind]:
    return {
        ours: await stored_kind(connection, base, names[ours])
        for ours in PROBED_ON_SQLITE
        if names.get(ours)
    }
