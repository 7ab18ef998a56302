"""Words for new segments from a language model.

The model is told numbers and our own words, never a customer and never a text of the shop, so
there is nothing in the request that could steer it or leak. It only rewords: what it answers is
checked, and on any failure the rule's name stays.
"""

import asyncio
import json
import logging
import re
from collections.abc import Collection, Sequence
from typing import Any

from anthropic import AsyncAnthropic
from pydantic import BaseModel, Field

from backend.clients.naming import SegmentFacts
from backend.core.visible import is_readable
from backend.results.segment import Words

TIMEOUT_SECONDS = 30.0
# All tries together: the client's own time-out begins anew with every byte.
DEADLINE_SECONDS = 60.0
MAX_RETRIES = 2
MAX_TOKENS = 4_000
NAME_LENGTH = 60
DESCRIPTION_LENGTH = 300

INSTRUCTIONS = """\
You name customer segments of an online shop for its marketing team. For every segment in the \
JSON you get an id, the name and description our rules gave it, and measured facts. Answer with \
one entry per id: a name of two to five words in title case that a marketer understands at once, \
different for every segment, and a description of one sentence that says only what the facts say. \
Keep the meaning of the rule's name. Plain text, no markup."""

log = logging.getLogger(__name__)


class _Entry(BaseModel):
    id: str
    name: str = Field(description="Two to five words in title case")
    description: str = Field(description="One sentence")


class _Answer(BaseModel):
    segments: list[_Entry]


class AnthropicNamer:
    """Asks a language model once for all new segments."""

    def __init__(
        self,
        *,
        api_key: str,
        model: str,
        base_url: str | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._model = model
        self._deadline_seconds = deadline_seconds
        self._client = AsyncAnthropic(
            api_key=api_key,
            base_url=base_url,
            timeout=TIMEOUT_SECONDS,
            max_retries=MAX_RETRIES,
        )

    async def word(
        self, segments: Sequence[SegmentFacts], taken: Collection[str]
    ) -> dict[str, Words]:
        """Return the model's words where they are usable, none on any failure."""
        if not segments:
            return {}
        try:
            async with asyncio.timeout(self._deadline_seconds), self._client as client:
                answer = await client.messages.parse(
                    model=self._model,
                    max_tokens=MAX_TOKENS,
                    system=INSTRUCTIONS,
                    messages=[{"role": "user", "content": _question(segments)}],
                    output_format=_Answer,
                )
        except Exception as error:  # noqa: BLE001, a name is never worth a run
            log.warning("segments keep their rules' names", extra={"error": type(error).__name__})
            return {}
        return _usable(answer.parsed_output, segments, taken)


def _question(segments: Sequence[SegmentFacts]) -> str:
    rows: list[dict[str, Any]] = [
        {
            "id": segment.id,
            "name": segment.name,
            "description": segment.description,
            "facts": dict(segment.facts),
        }
        for segment in segments
    ]
    return json.dumps({"segments": rows})


def _usable(
    answer: _Answer | None, segments: Sequence[SegmentFacts], taken: Collection[str]
) -> dict[str, Words]:
    """Keep what is asked for, short, plain and unique; the rule's names of others count too."""
    asked = {segment.id for segment in segments}
    used = {name.casefold() for name in taken}
    usable: dict[str, Words] = {}
    for entry in answer.segments if answer else []:
        others = {segment.name.casefold() for segment in segments if segment.id != entry.id}
        name, description = entry.name.strip(), entry.description.strip()
        if entry.id not in asked or entry.id in usable or name.casefold() in used | others:
            continue
        if _is_plain(name, NAME_LENGTH) and _is_plain(description, DESCRIPTION_LENGTH):
            usable[entry.id] = Words(name, description)
            used.add(name.casefold())
    return usable


def _is_plain(text: str, length: int) -> bool:
    """Whether a text is short and free of markup, links and control characters."""
    markup = re.search(r"[<>{}\[\]`*_#|\\@]|https?:|www\.", text)
    return len(text) <= length and markup is None and is_readable(text)
