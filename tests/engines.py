"""An engine on an empty database of each kind."""

from collections.abc import AsyncIterator

import pytest

from backend.database.engine import AsyncEngine, create_engine


@pytest.fixture
async def shop_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connect to an empty database that a test fills with a shop."""
    engine = create_engine(database_url)
    yield engine
    await engine.dispose()
