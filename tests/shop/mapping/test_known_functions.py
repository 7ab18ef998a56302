"""Every function that a mapping may use, on real servers: written anew it gives the same value."""

from pathlib import Path

import pytest
from sqlalchemy import text

from backend.database.engine import opened
from backend.shop.mapping.guard import written_anew
from tests.conftest import NewDatabase
from tests.warehouses import in_duckdb

CALLS = Path(__file__).parent / "calls"  # an expression a line
MAKERS = {"sqlite": "new_sqlite", "postgresql": "new_postgres", "mysql": "new_mysql"}
DATABASES = (*MAKERS, "duckdb")


def calls(database: str) -> list[str]:
    files = (CALLS / f"{name}.sql" for name in ("everywhere", database))
    return [line for file in files for line in file.read_text().splitlines()]


def url_of(database: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if database == "duckdb":
        return in_duckdb({}, folder)
    make: NewDatabase = request.getfixturevalue(MAKERS[database])
    return make()


@pytest.mark.parametrize("database", DATABASES)
async def test_what_a_mapping_may_call_gives_the_same_written_anew(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = url_of(database, request, tmp_path)
    async with opened(url) as engine, engine.connect() as connection:
        for call in calls(database):
            pair = f"SELECT {call}", written_anew(f"SELECT {call}", database)
            found = [
                (await connection.execute(text(sql.replace(":", "\\:")))).scalar() for sql in pair
            ]
            assert found[0] == found[1], pair
            assert type(found[0]) is type(found[1]), pair
