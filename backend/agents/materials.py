"""Resources, which an agent may read beside its tools, and prompts, which a person may choose."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.agents import toolbox
from backend.agents.caller import Caller
from backend.agents.frame import MEANINGS
from backend.core.errors import MaterialNotOffered
from backend.wording import agent_prompts

SEGMENT = "intelligence://segments/"
Read = Callable[[Caller], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Readable:
    """A resource.

    Attributes
    ----------
    uri, name, description
        As the agent reads them.
    read
        Returns what it holds.
    """

    uri: str
    name: str
    description: str
    read: Read


@dataclass(frozen=True, slots=True)
class Asking:
    """A prompt.

    Attributes
    ----------
    name, description
        As people choose it.
    takes
        Its arguments, and what each is.
    requires
        Those that it cannot do without.
    words
        Makes of them what the agent is told.
    """

    name: str
    description: str
    takes: Mapping[str, str]
    requires: frozenset[str]
    words: Callable[[Mapping[str, str]], str]


async def _glossary(_caller: Caller) -> dict[str, Any]:
    return {"numbers_of_a_customer": MEANINGS}


async def _latest_report(caller: Caller) -> dict[str, Any]:
    parts = "describe_shop", "list_segments", "get_quality"
    told = {name: await toolbox.call(caller, name, {}) for name in parts}
    return {name: {k: v for k, v in part.items() if k != "note"} for name, part in told.items()}


READABLE = (
    Readable(
        "intelligence://glossary", "Glossary", "What each number of a customer means", _glossary
    ),
    Readable(
        "intelligence://reports/latest",
        "Latest report",
        "The served run: the shop, its segments, how good the numbers are",
        _latest_report,
    ),
)
PROMPTS = (
    Asking(
        "win_back_plan",
        "Whom to win back this week, and what it is worth",
        {"customers": "how many to name; 50 if left out"},
        frozenset(),
        agent_prompts.win_back_plan,
    ),
    Asking(
        "monthly_review",
        "What changed, in words and money",
        {"since": "a date, such as 2026-10-01"},
        frozenset(),
        agent_prompts.monthly_review,
    ),
    Asking(
        "explain_segment",
        "Who a segment is and what to do with it",
        {"segment_id": "the segment's id"},
        frozenset({"segment_id"}),
        agent_prompts.explain_segment,
    ),
    Asking(
        "what_campaigns_brought",
        "What acting on lists brought beside who was held out, and what to do again",
        {"campaign_id": "one alone; all if left out"},
        frozenset(),
        agent_prompts.what_campaigns_brought,
    ),
    Asking(
        "can_i_trust_these_numbers",
        "How wrong they were on this shop's past",
        {},
        frozenset(),
        agent_prompts.can_i_trust_these_numbers,
    ),
)


async def read(caller: Caller, uri: str) -> str:
    """Return a resource as JSON.

    Raises
    ------
    MaterialNotOffered, SegmentNotFound, AnswerTooLong
        When there is no such resource, or more of it than can be read.
    """
    if uri.startswith(SEGMENT):
        segment_id = uri.removeprefix(SEGMENT)
        return toolbox.written(
            await toolbox.call(caller, "get_segment", {"segment_id": segment_id})
        )
    for one in READABLE:
        if one.uri == uri:
            return toolbox.written(await one.read(caller))
    raise MaterialNotOffered([*(one.uri for one in READABLE), f"{SEGMENT}{{segment_id}}"])


def prompt(name: str) -> Asking:
    """Return a prompt.

    Raises
    ------
    MaterialNotOffered
        When there is none of this name.
    """
    for one in PROMPTS:
        if one.name == name:
            return one
    raise MaterialNotOffered(one.name for one in PROMPTS)
