"""docs/agents.md: every way to connect, as printed, leads to the tools."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.agents.agent import Agent, over_http
from tests.databases import SqliteFolder, wait_for
from tests.live import ADMIN_KEY, API_KEY, ROOT, Live, environment, serving
from tests.performed import NO_WORKER, clustered_shop

PAGE = (ROOT / "docs" / "agents.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(r"```(bash|json|python)\n(.*?)```", PAGE, re.DOTALL)
PRINTED, AT_HOME = "https://shop.example.com", "/srv/intelligence-backend"


@pytest.fixture(scope="module")
def live(sqlite_folder: SqliteFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve a clustered shop."""
    url = sqlite_folder.empty()
    wait_for(clustered_shop(url))
    with serving(url, tmp_path_factory.mktemp("live"), variables=NO_WORKER) as service:
        yield service


def block(language: str, part: str) -> str:
    """Return the one block that has this in it."""
    (found,) = [code for kind, code in BLOCKS if kind == language and part in code]
    return found


def server_of(configuration: str) -> Any:
    """Return what a client is told of the one server."""
    (server,) = json.loads(configuration)["mcpServers"].values()
    return server


def test_every_block_is_tried_here() -> None:
    assert [kind for kind, _ in BLOCKS] == ["bash", "json", "json", "python"]


async def test_claude_code(live: Live) -> None:
    """`claude` itself signs in to its maker; what it is told is taken as its manual says."""
    claude, mcp, add, *told = shlex.split(block("bash", "claude"))
    assert (claude, mcp, add, told[:2]) == ("claude", "mcp", "add", ["--transport", "http"])
    name, url, option, header = told[2:]
    assert (name, option) == ("shop", "--header")
    field, _, value = header.replace("$API_KEY", API_KEY).partition(": ")
    assert url == f"{PRINTED}/api/mcp"
    async with over_http(live.address, {field: value}) as agent:
        assert "describe_shop" in await agent.tools()


async def test_cursor(live: Live) -> None:
    server = server_of(block("json", '"url"'))
    assert server["url"] == f"{PRINTED}/api/mcp"
    headers = {name: value.replace("…", API_KEY) for name, value in server["headers"].items()}
    async with over_http(live.address, headers) as agent:
        assert "describe_shop" in await agent.tools()


@pytest.mark.parametrize("admin", [False, True])
async def test_claude_desktop(live: Live, tmp_path: Path, admin: bool) -> None:
    server = server_of(block("json", '"command"'))
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "backend").symlink_to(ROOT / "backend")
    told = [one.replace(AT_HOME, str(tmp_path)) for one in server["args"]]
    if admin:
        told[-1] += " --admin"
    started = StdioServerParameters(
        command=server["command"], args=told, env=environment(live.url), cwd="/"
    )
    async with Client(stdio_client(started)) as client:
        tools = await Agent(client).tools()
    assert ("start_run" in tools) is admin


def test_code_of_ones_own(live: Live, tmp_path: Path) -> None:
    program = tmp_path / "ask.py"
    program.write_text(block("python", "Client").replace("http://127.0.0.1:8000", live.address))
    done = subprocess.run(
        [sys.executable, program],
        env={"API_KEY": API_KEY, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    total, at_risk = done.stdout.split()
    told = live.get("/api/mcp/customers?min_churn_risk=0.5&limit=1").json()
    assert int(total) == told["total"]
    assert float(at_risk) == told["sums"]["value_at_risk"]


async def test_the_table_of_tools_is_whole(live: Live) -> None:
    async with over_http(live.address, {"X-API-Key": ADMIN_KEY}) as agent:
        assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == await agent.tools()
