"""The protocol's clients in TypeScript, of both majors and both eras, over HTTP and over stdio."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import wait_for
from tests.live import API_KEY, ROOT, Live, environment, serving
from tests.performed import NO_WORKER, clustered_shop

HERE = Path(__file__).parent / "typescript"
OLDEST_NODE = 20
PATIENT_SECONDS = 600


def node() -> int:
    """Return Node's major version; 0 where there is none."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return 0
    said = subprocess.run(("node", "--version"), capture_output=True, text=True, check=True)
    found = re.match(r"v(\d+)", said.stdout)
    return int(found.group(1)) if found else 0


pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(node() < OLDEST_NODE, reason=f"Node {OLDEST_NODE} or newer is not here"),
]


@dataclass(frozen=True, slots=True)
class InTypeScript:
    """A folder with the clients, and a service."""

    folder: Path
    live: Live

    def asked(self, era: str, transport: str) -> dict[str, Any]:
        """Return what an agent was told."""
        service = environment(self.live.url, NO_WORKER)
        variables = {
            "PATH": os.environ["PATH"],
            "ADDRESS": f"{self.live.address}/api/mcp",
            "API_KEY": API_KEY,
            "PYTHON": sys.executable,
            "SERVICE": json.dumps(service),
        }
        done = subprocess.run(
            ("node", "ask.mjs", era, transport),
            cwd=self.folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=PATIENT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3_000:]
        told: dict[str, Any] = json.loads(done.stdout)
        return told


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InTypeScript]:
    """Install the clients, whose versions `package.json` pins, and serve a clustered shop."""
    folder = tmp_path_factory.mktemp("typescript")
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    subprocess.run(("npm", "install", *quiet), cwd=folder, timeout=PATIENT_SECONDS, check=True)
    url = f"sqlite:///{folder}/shop.db"
    wait_for(clustered_shop(url))
    with serving(url, folder, variables=NO_WORKER) as live:
        yield InTypeScript(folder, live)


@pytest.mark.parametrize("transport", ["http", "stdio"])
@pytest.mark.parametrize("era", ["2026-07-28", "legacy", "first"])
def test_an_agent_in_typescript_is_told_what_the_api_tells(
    agents: InTypeScript, era: str, transport: str
) -> None:
    told = agents.asked(era, transport)
    snapshot = json.loads((ROOT / "tests" / "agents" / "tools.json").read_text())
    assert told["tools"] == [one["name"] for one in snapshot if one["name"] != "start_run"]
    listed = agents.live.get("/api/mcp/customers?min_churn_risk=0.3&limit=2").json()
    assert told["list"]["total"] == listed["total"] > 2
    shown = [(one["customer_id"], one["value_at_risk"]) for one in told["list"]["customers"]]
    assert shown == [(one["customer_id"], one["value_at_risk"]) for one in listed["customers"]]
    assert told["refused"] == [True, "No customer has the id nobody."]
    assert "churn_risk" in told["glossary"]["numbers_of_a_customer"]
    assert "vip" in told["asking"]
