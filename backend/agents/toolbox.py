"""All tools, which of them a caller has, and a call: arguments read, work done, answer written."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from backend.agents.caller import Caller
from backend.agents.campaign_tools import list_campaigns
from backend.agents.customer_tools import find_customer, get_customer, list_customers
from backend.agents.meanings import meanings_of
from backend.agents.segment_tools import get_segment, list_moves, list_segments
from backend.agents.shop_tools import describe_shop, get_quality, start_run
from backend.agents.tool import Tool
from backend.api.keys import Role
from backend.core.errors import AnswerTooLong, ArgumentsUnfit, ToolNotOffered

TOOLS: tuple[Tool, ...] = (
    describe_shop,
    list_segments,
    get_segment,
    list_customers,
    find_customer,
    get_customer,
    list_moves,
    get_quality,
    list_campaigns,
    start_run,
)
# Three characters of JSON are about a token: ten thousand of those are what clients take.
MOST_CHARACTERS = 30_000


def offered(role: Role) -> list[Tool]:
    """Return the tools that exist for a role."""
    return [one for one in TOOLS if role >= one.opens_with]


async def call(caller: Caller, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what a tool answers, as JSON has it.

    Raises
    ------
    ToolNotOffered, ArgumentsUnfit, AnswerTooLong
        When there is no such tool for this caller, or not for these arguments.
    BackendError
        When it cannot be done.
    """
    found = _tool(caller, name)
    answer = await found.work(caller, _read(found, arguments))
    told = answer.model_dump(mode="json", by_alias=True)
    told["meanings"] = {**meanings_of(found.answer), **told["meanings"]}
    written(told)
    return told


def written(told: Mapping[str, Any]) -> str:
    """Return what an agent is told as JSON.

    Raises
    ------
    AnswerTooLong
        When it is more than agents can read.
    """
    text = json.dumps(told, ensure_ascii=False)
    if len(text) > MOST_CHARACTERS:
        raise AnswerTooLong
    return text


def _tool(caller: Caller, name: str) -> Tool:
    found = {one.name: one for one in offered(caller.role)}
    if name not in found:
        raise ToolNotOffered(found)
    return found[name]


def _read(found: Tool, arguments: dict[str, Any]) -> BaseModel:
    try:
        return found.arguments.model_validate(arguments)
    except ValidationError as error:
        takes = found.takes.get("properties", {})
        raise ArgumentsUnfit(found.name, map(_said, error.errors()), takes) from None


def _said(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"]) or "arguments"
    return f"{where}: {item['msg']}"
