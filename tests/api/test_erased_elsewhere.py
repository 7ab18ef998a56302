"""Who is erased by one replica, or leaves the shop, is nobody to any other: in no answer at all."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.conftest import NewDatabase, execute, wait_for
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import CLUSTERED_CUSTOMERS, NO_WORKER, clustered_shop
from tests.waiting import wait_until

pytestmark = pytest.mark.external

PROFILE, LISTED = "/api/mcp/customers/4", "/api/mcp/customers?limit=1000"
# Each has been asked before, so that whatever a process keeps of an answer it has.
ABOUT_FOUR = (
    PROFILE,
    f"{PROFILE}?explain=true",
    LISTED,
    "/api/mcp/customers?format=csv",
    "/api/mcp/customers/search?query=person4@example.com",
    "/api/mcp/customers/search?query=Last4",
    "/api/mcp/segments/changes?limit=1000",
    "/api/admin/changes?limit=10000",
    "/api/admin/customers/4/export",
)


@pytest.fixture(params=["new_postgres", pytest.param("new_mysql", marks=pytest.mark.long)])
def replicas(
    request: pytest.FixtureRequest, redis_url: str, tmp_path: Path
) -> Iterator[tuple[Live, Live]]:
    """Serve a shop twice with one Redis; each repeats answers for a second."""
    make: NewDatabase = request.getfixturevalue(request.param)
    url = make(clustered_shop)
    known = {"ANSWER_SECONDS": "1", "SERVED_RUN_SECONDS": "1", "REDIS_URL": redis_url}
    with ExitStack() as stack:
        made = []
        for name in ("one", "other"):
            (folder := tmp_path / name).mkdir()
            served = serving(url, folder, variables={**NO_WORKER, **known})
            made.append(stack.enter_context(served))
        yield made[0], made[1]


def answers(live: Live) -> dict[str, httpx.Response]:
    found = {path: live.get(path, ADMIN_KEY) for path in ABOUT_FOUR}
    headers = {"X-API-Key": API_KEY}
    for wanted in ({"ids": ["4"]}, {"emails": ["person4@example.com"]}):
        batch = live.client.post("/api/mcp/customers/batch", headers=headers, json=wanted)
        found[str(wanted)] = batch
    return found


def names_four(answer: httpx.Response) -> bool:
    """Whether an answer has the customer's e-mail or name, other than as what was asked for."""
    told = answer.text.replace('"emails":["person4@example.com"]', "")
    return re.search(r"person4@|First4\b|Last4\b", told) is not None


def tells_of_four(answer: httpx.Response) -> bool:
    """Whether an answer names the customer, or tells of their id more than that it is nobody's."""
    if answer.status_code == 404:
        return names_four(answer)
    of_id = re.search(r'"customer_id": ?"4"|^4,', answer.text, re.MULTILINE)
    return names_four(answer) or of_id is not None


def test_an_erasure_is_seen_by_all_who_ask_any_replica(replicas: tuple[Live, Live]) -> None:
    one, other = replicas
    for live in replicas:
        before = answers(live)
        assert {path for path, answer in before.items() if not answer.is_success} == set()
        assert {path for path, answer in before.items() if not tells_of_four(answer)} == set()
    erased = one.client.delete("/api/admin/customers/4", headers={"X-API-Key": ADMIN_KEY})
    assert erased.status_code == 204
    other.until(PROFILE, 404)
    for live in replicas:
        after = answers(live)
        export = after.pop("/api/admin/customers/4/export").json()
        assert (export["person"], export["accounts"]) == (None, [])
        assert export["erased_at"] is not None
        assert {row["table"] for row in export["held"]} <= {"intelligence_customers_gone"}
        assert {path for path, answer in after.items() if tells_of_four(answer)} == set()
        page = after[LISTED].json()
        assert page["total"] == len(page["customers"]) == CLUSTERED_CUSTOMERS - 1
        moved = after["/api/mcp/segments/changes?limit=1000"].json()
        assert moved["total"] == len(moved["changes"]) == CLUSTERED_CUSTOMERS - 1


def test_who_leaves_the_shop_has_no_name_on_any_replica(replicas: tuple[Live, Live]) -> None:
    for live in replicas:
        assert "person4@" in answers(live)[PROFILE].text
    wait_for(execute(replicas[0].url, "DELETE FROM customers WHERE id = 4"))
    for live in replicas:
        for path in (PROFILE, f"{PROFILE}?explain=true"):  # each is repeated for a second
            wait_until(lambda: live.get(path, ADMIN_KEY).status_code == 404)  # noqa: B023
        # The others were asked after these, and are repeated as long.
        wait_until(lambda: not naming_four(live), lambda: naming_four(live))  # noqa: B023


def naming_four(live: Live) -> set[str]:
    return {path for path, answer in answers(live).items() if names_four(answer)}
