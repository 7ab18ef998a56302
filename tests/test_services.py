"""The services that the other tests stand on."""

from sqlalchemy import text

from backend.data.engine import create_engine


async def test_every_kind_of_database_answers(database_url: str) -> None:
    engine = create_engine(database_url)
    async with engine.begin() as connection:
        assert await connection.scalar(text("SELECT 1 + 1")) == 2
    await engine.dispose()
