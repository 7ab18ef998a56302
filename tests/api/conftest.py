"""One clustered shop per kind of database, served by a real process; tests here only read it."""

from collections.abc import Iterator

import pytest

from tests.conftest import NewDatabase
from tests.live import Live, serving
from tests.performed import perform_once
from tests.shops import AS_OF, Shop, fill, invented


def hard_to_search() -> Shop:
    """Invent a shop with people that are hard to search for."""
    made = invented(160)
    made.customers[0].update(email="o'hara@example.com", first_name="Séan", last_name="O'Hara")
    made.customers[1].update(email="100%_sure@example.com", first_name="100%", last_name="Sure")
    made.customers[2].update(email=None, first_name=None, last_name=None)
    made.customers[3].update(first_name="=1+1")
    return made


async def seen_once(url: str) -> None:
    """Prepare that shop after one run."""
    await fill(url, hard_to_search())
    await perform_once(url, as_of=AS_OF)


@pytest.fixture(scope="module")
def shop() -> Shop:
    """Give the shop that is served."""
    return hard_to_search()


@pytest.fixture(scope="module")
def live(
    new_module_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """Serve the shop after one run."""
    with serving(new_module_database(seen_once), tmp_path_factory.mktemp("live")) as service:
        yield service
