"""A list of ids can be joined, however long and whatever its texts hold."""

import pytest
from sqlalchemy import select

from backend.database.engine import AsyncEngine, transaction
from backend.database.listed import listed

TEXTS = ["cus_A", "cus_a", "é", "7", "it's", '"quoted"', "back\\slash", "😀", " blank "]


@pytest.mark.parametrize("ids", [[], [7, -3, 9_000_000_000], TEXTS, list(range(40_000))])
async def test_what_is_listed_is_a_table(shop_engine: AsyncEngine, ids: list[int | str]) -> None:
    async with transaction(shop_engine) as connection:
        members = listed(connection.dialect.name, ids)
        found = (await connection.scalars(select(members.c.customer_id))).all()
    assert sorted(found, key=str) == sorted(ids, key=str)
