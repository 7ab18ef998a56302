"""Every command of docs/realtime.md, run as printed."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import wait_for
from tests.databases import SqliteFolder
from tests.live import ADMIN_KEY, API_KEY, ROOT, Live, serving
from tests.performed import perform_once
from tests.services import need
from tests.shops import fill, invented

PAGE = (ROOT / "docs" / "realtime.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
ACCEPTED = {"repeated": False, "customers": 1, "unknown": 0, "guests": 0}
SIGNED = {"SHOPIFY_WEBHOOK_SECRET": "shared"}
PRINTED = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def live(sqlite_folder: SqliteFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve a shop that a run has seen a moment ago."""
    url, now = sqlite_folder.empty(), datetime.now(UTC)
    wait_for(fill(url, invented(60, as_of=now)))
    wait_for(perform_once(url, as_of=now))
    with serving(url, tmp_path_factory.mktemp("live"), variables=SIGNED) as service:
        yield service


def told_by(live: Live, place: int, folder: Path) -> dict[str, object]:
    """Run one block, and return what it prints."""
    need("curl", ["curl"])
    need("openssl", ["openssl"])
    done = subprocess.run(
        ("bash", "-euc", BLOCKS[place].replace(PRINTED, live.address)),
        env={**os.environ, "API_KEY": API_KEY, "ADMIN_API_KEY": ADMIN_KEY, **SIGNED},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def test_every_command_is_run_here() -> None:
    assert len(BLOCKS) == 5


def test_one_customer_is_scored_now(live: Live, tmp_path: Path) -> None:
    told = told_by(live, 0, tmp_path)
    assert (told["customer_id"], told["updated_at"]) == ("4", None)
    assert told["run_id"] == live.get("/api/mcp/runs/latest").json()["run_id"]
    assert str(told["as_of"]) > live.get("/api/mcp/customers/4").json()["as_of"]


def test_several_are_scored_at_once(live: Live, tmp_path: Path) -> None:
    told = told_by(live, 1, tmp_path)
    assert isinstance(told["customers"], list)
    assert [one["customer_id"] for one in told["customers"]] == ["4", "5"]
    assert told["missing"] == ["999999"]


def test_an_order_is_supposed(live: Live, tmp_path: Path) -> None:
    orders = live.get("/api/mcp/customers/4").json()["total_orders"]
    assert told_by(live, 2, tmp_path)["total_orders"] == orders + 1


def test_an_event_has_its_customer_published(live: Live, tmp_path: Path) -> None:
    before = live.get("/api/mcp/customers/4").json()
    assert told_by(live, 3, tmp_path) == ACCEPTED
    live.until_told("/api/mcp/customers/4", lambda told: told["as_of"] > before["as_of"])
    assert told_by(live, 3, tmp_path) == {**ACCEPTED, "repeated": True}


def test_a_signed_order_needs_no_key(live: Live, tmp_path: Path) -> None:
    assert told_by(live, 4, tmp_path) == ACCEPTED
