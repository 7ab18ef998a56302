"""One clustered shop per kind of database, served by a real process; tests here only read it."""

from collections.abc import Iterator

import pytest

from tests.conftest import wait_for
from tests.live import Live, serving
from tests.performed import perform_once
from tests.shops import AS_OF, Shop, fill, invented


@pytest.fixture(scope="module")
def shop() -> Shop:
    """Invent a shop with people that are hard to search for."""
    made = invented(160)
    made.customers[0].update(email="o'hara@example.com", first_name="Séan", last_name="O'Hara")
    made.customers[1].update(email="100%_sure@example.com", first_name="100%", last_name="Sure")
    made.customers[2].update(email=None, first_name=None, last_name=None)
    made.customers[3].update(first_name="=1+1")
    return made


@pytest.fixture(scope="module")
def live(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory, shop: Shop
) -> Iterator[Live]:
    """Serve the shop after one run."""
    wait_for(fill(module_database_url, shop))
    wait_for(perform_once(module_database_url, as_of=AS_OF))
    with serving(module_database_url, tmp_path_factory.mktemp("live")) as service:
        yield service
