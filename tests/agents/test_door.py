"""Agents at the door of a real service: both eras, keys either way, hosts, origins, workers."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.agents.agent import ERAS, Agent, over_http
from tests.agents.issuer import RESOURCE, LocalIssuer
from tests.databases import SqliteFolder, wait_for
from tests.live import ADMIN_KEY, API_KEY, ROOT, SERVE, Live, environment, serving
from tests.performed import NO_WORKER, clustered_shop

MASKED = "masked-key-of-nobody"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    """Run an issuer of tokens."""
    made = LocalIssuer()
    yield made
    made.close()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, issuer: LocalIssuer) -> Iterator[Live]:
    """Serve a clustered shop from two processes."""
    folder = tmp_path_factory.mktemp("agents")
    url = f"sqlite:///{folder}/shop.db"
    wait_for(clustered_shop(url))
    variables = {
        **NO_WORKER,
        "API_KEY_MASKED": MASKED,
        "MCP_ALLOWED_HOSTS": "Shop.example.com",
        "MCP_PERSONAL_DATA": "true",
        "MCP_OAUTH_ISSUER": issuer.url,
        "MCP_RESOURCE_URL": RESOURCE,
    }
    with serving(
        url, folder, program=SERVE, arguments=("--workers", "2"), variables=variables
    ) as service:
        yield service


def asked(live: Live, **headers: str) -> httpx.Response:
    """Send one message as a client of 2025-11-25 would."""
    return live.client.post("/api/mcp", json=PING, headers={**ACCEPT, **headers})


@pytest.mark.parametrize("era", ERAS)
async def test_an_agent_of_each_era_is_answered_by_any_process(live: Live, era: str) -> None:
    async with over_http(live.address, era=era) as agent:
        for _ in range(6):  # each may go to either process
            assert "start_run" not in await agent.tools()
        told = await agent.call("describe_shop")
        assert told["last_run"]["state"] == "succeeded"
        read = await agent.client.read_resource("intelligence://glossary")
        assert "churn_risk" in read.contents[0].text  # type: ignore[union-attr]
        asking = await agent.client.get_prompt("explain_segment", {"segment_id": "vip"})
        assert "vip" in asking.messages[0].content.text  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "header", [{"X-API-Key": ADMIN_KEY}, {"Authorization": f"Bearer {ADMIN_KEY}"}]
)
async def test_a_key_comes_in_its_header_or_as_a_bearer(live: Live, header: dict[str, str]) -> None:
    async with over_http(live.address, header) as agent:
        assert "start_run" in await agent.tools()


async def test_a_masked_key_is_shown_nobody(live: Live) -> None:
    async with over_http(live.address, {"X-API-Key": MASKED}) as agent:
        masked = await agent.call("get_customer", customer_id="7")
    async with over_http(live.address) as agent:
        shown = await agent.call("get_customer", customer_id="7")
    assert "shop_text" not in masked["customer"]
    assert shown["customer"]["shop_text"]["email"] == "person7@example.com"


def test_nobody_enters_without_a_key_and_is_told_where_tokens_are_had(
    live: Live, issuer: LocalIssuer
) -> None:
    refused = asked(live)
    assert refused.status_code == 401
    assert refused.json()["detail"] == "Send a valid key in the X-API-Key header."
    assert "resource_metadata=" in refused.headers["WWW-Authenticate"]
    for place in ("", "/api/mcp"):
        told = live.client.get(f"/.well-known/oauth-protected-resource{place}").json()
        assert told["authorization_servers"] == [issuer.url]
        assert told["resource"] == RESOURCE


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "shop.example.com"}, 200),
        ({"Host": "evil.example.com"}, 421),
        ({"Origin": "https://evil.example.com"}, 403),
        ({"Content-Type": "text/plain"}, 400),
    ],
)
def test_a_foreign_host_or_origin_is_refused(
    live: Live, headers: dict[str, str], status: int
) -> None:
    assert asked(live, **{"X-API-Key": API_KEY, **headers}).status_code == status


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_there_is_nothing_but_post(live: Live, method: str) -> None:
    refused = live.client.request(method, "/api/mcp", headers={"X-API-Key": API_KEY})
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[" * 40 + b"]" * 40, 422),
        (b'{"id": 1, "id": 2}', 422),
        (b'"' + b"x" * 70_000 + b'"', 413),
    ],
)
def test_an_odd_body_is_refused(live: Live, body: bytes, status: int) -> None:
    headers = {**ACCEPT, "X-API-Key": API_KEY, "Content-Type": "application/json"}
    assert live.client.post("/api/mcp", content=body, headers=headers).status_code == status


ODD = [
    {},
    None,
    [PING] * 500,
    {**PING, "id": None},
    {**PING, "id": {}},
    {**PING, "id": 10**30},
    {**PING, "jsonrpc": "1.0"},
    {**PING, "method": ""},
    {**PING, "method": "x" * 9_000},
    {**PING, "params": "x"},
    {"jsonrpc": "2.0", "id": 1, "result": {}},
    {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": []}},
    {"jsonrpc": "2.0", "method": "notifications/progress"},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": 7}},
    {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {}},
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2099-01-01"},
    },
]


@pytest.mark.parametrize("version", [None, "2025-11-25", "2026-07-28", "2099-01-01", ""])
def test_odd_messages_are_answered_and_fill_no_log(live: Live, version: str | None) -> None:
    headers = {**ACCEPT, "X-API-Key": API_KEY, "Mcp-Session-Id": "of nobody"}
    headers |= {} if version is None else {"MCP-Protocol-Version": version}
    for message in ODD:
        answer = live.client.post("/api/mcp", json=message, headers=headers)
        assert answer.status_code in {200, 202, 400, 404}, (message, answer.text)
    lines = [json.loads(line) for line in live.log.read_text().splitlines()]
    assert [line for line in lines if line.get("logger", "").startswith("mcp")] == []
    assert asked(live, **{"X-API-Key": API_KEY}).json()["result"] == {}


def test_who_leaves_in_the_middle_leaves_nothing_behind(live: Live) -> None:
    call = {"name": "list_customers", "arguments": {"limit": 60}}
    body = json.dumps({**PING, "method": "tools/call", "params": call}).encode()
    head = f"POST /api/mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {API_KEY}\r\n"
    head += "Accept: application/json\r\nContent-Type: application/json\r\n"
    place = ("127.0.0.1", live.client.base_url.port or 0)
    for sent in (body, body[:20]):
        for _ in range(10):
            with socket.create_connection(place) as connection:
                length = f"Content-Length: {len(body)}\r\n\r\n"
                connection.sendall((head + length).encode() + sent)
    assert asked(live, **{"X-API-Key": API_KEY}).status_code == 200
    assert "Traceback" not in live.log.read_text()


async def test_a_token_opens_what_its_scopes_say(live: Live, issuer: LocalIssuer) -> None:
    for scope, has_it in (("intelligence:read", False), ("openid intelligence:admin", True)):
        sent = {"Authorization": f"Bearer {issuer.token(scope)}"}
        async with over_http(live.address, sent) as agent:
            assert ("start_run" in await agent.tools()) is has_it
    assert asked(live, Authorization=f"Bearer {issuer.token('openid')}").status_code == 403


def test_a_token_that_is_not_for_us_opens_nothing(live: Live, issuer: LocalIssuer) -> None:
    stranger = LocalIssuer()
    wrong = [
        issuer.token(aud="https://other.example.com"),
        issuer.token(iss="https://other.example.com"),
        issuer.token(exp=1),
        stranger.token(iss=issuer.url),
        issuer.token()[:-4] + "AAAA",
        "eyJhbGciOiJub25lIn0.e30.",
        "é",
    ]
    stranger.close()
    for token in wrong:
        sent = {b"accept": b"application/json", b"authorization": f"Bearer {token}".encode()}
        refused = live.client.post("/api/mcp", json=PING, headers=sent)
        assert refused.status_code == 401, token


def test_an_issuers_keys_are_not_asked_for_each_time(live: Live, issuer: LocalIssuer) -> None:
    for _ in range(20):
        asked(live, Authorization=f"Bearer {issuer.token()}")
    assert issuer.asked <= 2 * 2  # once by each process, and once more for a key nobody knew


def test_counts_and_log_know_the_door_by_its_path_alone(live: Live) -> None:
    assert asked(live, **{"X-API-Key": API_KEY}).status_code == 200
    assert 'route="/api/mcp"' in live.get("/metrics", ADMIN_KEY).text
    assert API_KEY not in live.log.read_text()


async def test_a_command_answers_by_standard_input_and_output(live: Live) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "backend", "mcp"],
        env=environment(live.url, {"PATH": os.environ["PATH"]}),
        cwd=str(ROOT),
    )
    async with Client(stdio_client(server)) as client:
        agent = Agent(client)
        assert "start_run" not in await agent.tools()
        told = await agent.call("list_customers", limit=2)
    assert told["total"] == 80


def test_it_can_be_left_out(tmp_path: Path, sqlite_folder: SqliteFolder) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    with serving(url, tmp_path, variables={**NO_WORKER, "MCP": "false"}) as service:
        assert asked(service, **{"X-API-Key": API_KEY}).status_code == 404
