"""An agent without a language model: it speaks the protocol by the kit's own client."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.live import API_KEY

# What a connection begins with: the handshake of 2025-11-25, or nothing, as of 2026-07-28.
ERAS = ("legacy", "2026-07-28")


@dataclass(frozen=True, slots=True)
class Agent:
    """A connected agent."""

    client: Client

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return its structured answer, which its text says too."""
        result = await self.client.call_tool(tool, arguments)
        (content,) = result.content
        text: str = content.text  # type: ignore[union-attr]
        assert not result.is_error, text
        told: dict[str, Any] = json.loads(text)
        assert result.structured_content == told
        return told

    async def refused(self, tool: str, **arguments: Any) -> str:
        """Call a tool that refuses, and return its sentence."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error
        return str(result.content[0].text)  # type: ignore[union-attr]

    async def tools(self) -> list[str]:
        """Return the names of the tools that there are for this key."""
        return [one.name for one in (await self.client.list_tools()).tools]


@asynccontextmanager
async def over_http(
    address: str, headers: dict[str, str] | None = None, era: str = ERAS[1]
) -> AsyncIterator[Agent]:
    """Connect an agent to a service."""
    sent = {"X-API-Key": API_KEY} if headers is None else headers
    async with (
        httpx2.AsyncClient(headers=sent, timeout=60, trust_env=False) as http,
        Client(streamable_http_client(f"{address}/api/mcp", http_client=http), mode=era) as client,
    ):
        yield Agent(client)
