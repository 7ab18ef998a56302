"""A shop after two runs, and its pages as a server gives them; tests here only read it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.conftest import wait_for
from tests.live import Live, serving
from tests.performed import NO_WORKER, perform_once
from tests.shops import AS_OF, fill, invented
from tests.web.browsing import MASKED_KEY

DAY_BEFORE = AS_OF - timedelta(days=60)


@pytest.fixture(scope="package")
def paged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve a shop that two runs have seen."""
    folder = tmp_path_factory.mktemp("paged")
    url = f"sqlite:///{folder}/shop.db"
    wait_for(fill(url, invented(400)))
    for as_of in (DAY_BEFORE, AS_OF):
        wait_for(perform_once(url, as_of=as_of))
    with serving(url, folder, variables={**NO_WORKER, "API_KEY_MASKED": MASKED_KEY}) as service:
        yield service


@pytest.fixture(autouse=True)
def nobody_has_signed_in(paged: Live) -> None:
    """Let tests begin without what those before were given to carry."""
    paged.client.cookies.clear()
