"""A shop whose customers buy often enough for campaigns, and how campaigns are asked for."""

from typing import Any

import httpx

from tests.databases import execute, wait_for
from tests.live import ADMIN_KEY, Live
from tests.performed import perform_once
from tests.shops import AS_OF, fill, invented

CUSTOMERS = 1200
SALT = "5a17" * 8
CAMPAIGNS = "/api/admin/campaigns"
# As of a day that the shop knows; runs and campaigns take place then.
THEN = {"RUN_AS_OF": AS_OF.isoformat(), "RUN_WORKER": "false"}
WANTED = {
    "name": "Spring letter",
    "filter": {"min_frequency": 1},
    "holdout_share": 0.3,
    "window_days": 90,
    "goal": "buyers",
    "cost": 300,
}


async def campaign_shop(url: str) -> None:
    """Prepare a shop of 1,200 that one run has seen, as of `AS_OF`."""
    await fill(url, invented(CUSTOMERS))
    await perform_once(url, as_of=AS_OF)


def asked(live: Live, method: str, path: str = "", **more: Any) -> httpx.Response:
    """Ask about campaigns with the admin key."""
    headers = {"X-API-Key": ADMIN_KEY, **more.pop("headers", {})}
    return live.client.request(method, f"{CAMPAIGNS}{path}", headers=headers, **more)


def described(live: Live, **changes: Any) -> dict[str, Any]:
    """Describe a campaign."""
    answer = asked(live, "POST", json={**WANTED, **changes})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def salted(url: str) -> None:
    """Have drafts drawn by a salt that is known: the same customers, whenever they are drawn."""
    wait_for(
        execute(url, f"UPDATE intelligence_campaigns SET salt = '{SALT}' WHERE run_id IS NULL")
    )


def started(live: Live, **changes: Any) -> dict[str, Any]:
    """Describe a campaign and start it."""
    return _begun(live, described(live, **changes))


def started_alike(live: Live, **changes: Any) -> dict[str, Any]:
    """Describe a campaign and start it, drawn by the salt that is known."""
    draft = described(live, **changes)
    salted(live.url)
    return _begun(live, draft)


def _begun(live: Live, draft: dict[str, Any]) -> dict[str, Any]:
    answer = asked(live, "POST", f"/{draft['id']}/start")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
