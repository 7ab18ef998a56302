"""Strangers that Schemathesis makes of the description: every route, good values and bad ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import NewDatabase
from tests.live import ADMIN_KEY, API_KEY, Live, environment, run, serving
from tests.performed import NO_WORKER, perform_once
from tests.shops import AS_OF, fill, invented

CONFIGURED = Path(__file__).with_name("schemathesis.toml")
CUSTOMERS = 160
HOURS_OF_PATIENCE = 2  # a hundred examples of every route are more than one bound for all tests
HOOKS = {"SCHEMATHESIS_HOOKS": "tests.api.fuzzed"}
# Each operation is tried with wrong keys, and to each of them 401 is expected, not 429.
# As of a day on which customers still order: else no campaign could show anything.
VARIABLES = {
    **NO_WORKER,
    "WRONG_KEYS_PER_MINUTE": "100000",
    "RUN_AS_OF": AS_OF.isoformat(),
}


async def shop_of_strangers(url: str) -> None:
    """Prepare a shop that one run has seen, large enough that a campaign could show something."""
    await fill(url, invented(CUSTOMERS))
    await perform_once(url, as_of=AS_OF)


@pytest.fixture
def clustered(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop that one run has seen; which database is behind it does not matter."""
    with serving(new_sqlite(shop_of_strangers), tmp_path, variables=VARIABLES) as service:
        yield service


def fuzz(live: Live, folder: Path, key: str, *arguments: str) -> None:
    """Let Schemathesis ask all it can think of, always the same, and look at every answer."""
    header = f"X-API-Key: {key}"
    told = ["--config-file", str(CONFIGURED), "run", f"{live.address}/openapi.json"]
    assert live.get("/openapi.json").is_success  # made once; Schemathesis waits ten seconds for it
    asked = run(
        "schemathesis.cli",
        [*told, "--header", header, *arguments],
        folder,
        environment(live.url, HOOKS),
        patience_seconds=HOURS_OF_PATIENCE * 3600,
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert not [line for line in live.log.read_text().splitlines() if "unexpected error" in line]


def test_every_answer_to_a_stranger_is_as_described(clustered: Live, tmp_path: Path) -> None:
    fuzz(clustered, tmp_path, ADMIN_KEY, "--max-examples", "3")


@pytest.mark.long
@pytest.mark.external
@pytest.mark.parametrize("key", [API_KEY, ADMIN_KEY])
def test_nor_do_many_more_find_what_is_not_described(
    new_database: NewDatabase, tmp_path: Path, key: str
) -> None:
    url = new_database(shop_of_strangers)
    with serving(url, tmp_path, variables=VARIABLES) as service:
        fuzz(service, tmp_path, key, "--max-examples", "100")
