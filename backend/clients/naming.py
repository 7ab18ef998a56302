"""Words for new segments: a language model's where one is configured, else the rules' own."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from backend.core.late import late
from backend.results.segment import Words


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """What may be said of a segment: our own words and aggregates, never a customer."""

    id: str
    name: str
    description: str
    facts: Mapping[str, float | int | str | None]


class Namer(Protocol):
    """Words for segments that have none yet."""

    async def word(
        self, segments: Sequence[SegmentFacts], taken: Collection[str]
    ) -> dict[str, Words]:
        """Return words by segment id, for those it can word; never a name in `taken`."""
        ...


class RuleNamer:
    """Leaves every segment the words of its rule."""

    async def word(
        self, segments: Sequence[SegmentFacts], taken: Collection[str]
    ) -> dict[str, Words]:
        """Return nothing."""
        return {}


def create_namer(*, api_key: str | None, model: str, base_url: str | None) -> Namer:
    """Return the namer that the configuration asks for."""
    if api_key is None:
        return RuleNamer()
    namer: Namer = late("backend.clients.anthropic_namer").AnthropicNamer(
        api_key=api_key, model=model, base_url=base_url
    )
    return namer
