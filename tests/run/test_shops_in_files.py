"""Shops that files tell: the same numbers as of the same shop in a database, and every answer."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backend.database.engine import opened
from backend.store.migrate import migrate
from tests.conftest import NewDatabase
from tests.performed import clustered, config_of
from tests.shops import AS_OF, Shop, fill, invented
from tests.warehouses import WAYS, tables_of

OF_THE_RUN = {"run_id", "updated_at", "changed_at"}


async def published(shop_url: str, folder: Path, **variables: str) -> list[dict[str, Any]]:
    """Run over a shop with our tables in a file of their own, and return all that is published."""
    ours = f"sqlite:///{folder / 'ours.db'}"
    config = config_of(shop_url, intelligence_url=ours)
    if variables:
        config = config_of(shop_url, intelligence_url=ours, shop_variables=variables)
    async with opened(ours) as engine:
        await migrate(engine)
        await clustered(engine, ours, config, as_of=AS_OF)
        async with engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT * FROM customer_intelligence ORDER BY customer_id")
            )
            found = [dict(row) for row in rows.mappings()]
    return [{k: v for k, v in row.items() if k not in OF_THE_RUN} for row in found]


@pytest.fixture(scope="module")
def shop() -> Shop:
    return invented(120)


@pytest.mark.parametrize("way", WAYS)
async def test_a_shop_in_files_gives_the_numbers_of_the_same_shop_in_a_database(
    way: str, shop: Shop, new_postgres: NewDatabase, tmp_path: Path
) -> None:
    url = new_postgres()
    await fill(url, shop)
    (tmp_path / "server").mkdir()
    expected = await published(url, tmp_path / "server")
    assert len(expected) == 120
    assert await published(WAYS[way](tables_of(shop), tmp_path), tmp_path) == expected
