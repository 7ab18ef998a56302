"""Names from a language model: the real client against a local server that answers for it."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from backend.clients import anthropic_namer
from backend.clients.anthropic_namer import AnthropicNamer
from backend.clients.naming import RuleNamer, SegmentFacts, create_namer
from backend.results.segment import Words
from tests.language_model import FakeModel, SlowModel, entry, said
from tests.waiting import wait_until

SEGMENTS = (
    SegmentFacts("high_value_repeat", "Loyal High Spenders", "Buys often.", {"frequency": 12.0}),
    SegmentFacts("lapsed_one_time", "Lapsed One-Time Buyers", "Bought once.", {"frequency": 1.0}),
)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeModel]:
    monkeypatch.setattr(anthropic_namer, "MAX_RETRIES", 1)
    fake = FakeModel()
    yield fake
    fake.close()


def namer(model: FakeModel) -> AnthropicNamer:
    return AnthropicNamer(api_key="sk-test", model="any-model", base_url=model.url)


async def test_one_request_names_all_new_segments(model: FakeModel) -> None:
    model.answer = lambda: (
        200,
        said([entry("high_value_repeat", "Inner Circle"), entry("lapsed_one_time", "One Visit")]),
    )
    words = await namer(model).word(SEGMENTS, set())
    assert words == {
        "high_value_repeat": Words("Inner Circle", "They buy."),
        "lapsed_one_time": Words("One Visit", "They buy."),
    }
    assert len(model.asked) == 1
    assert model.asked[0]["model"] == "any-model"


async def test_only_our_own_words_and_aggregates_are_sent(model: FakeModel) -> None:
    await namer(model).word(SEGMENTS, set())
    content = model.asked[0]["messages"][0]["content"]
    sent = json.loads(content if isinstance(content, str) else content[0]["text"])
    assert sent == {
        "segments": [
            {"id": s.id, "name": s.name, "description": s.description, "facts": dict(s.facts)}
            for s in SEGMENTS
        ]
    }


@pytest.mark.parametrize(
    "entries",
    [
        [entry("high_value_repeat", "")],
        [entry("high_value_repeat", "x" * 61)],
        [entry("high_value_repeat", "<b>VIP</b>")],
        [entry("high_value_repeat", "See https://evil.example")],
        [entry("high_value_repeat", "Two\nLines")],
        [entry("high_value_repeat", "Fine", "markup **here**")],
        [entry("high_value_repeat", "lapsed one-time buyers")],
        [entry("high_value_repeat", "Taken Already")],
        [entry("unknown_segment", "Fine")],
    ],
)
async def test_an_unusable_name_is_dropped(model: FakeModel, entries: list[dict[str, str]]) -> None:
    model.answer = lambda: (200, said(entries))
    assert await namer(model).word(SEGMENTS, {"Taken Already"}) == {}


async def test_two_segments_never_get_one_name(model: FakeModel) -> None:
    model.answer = lambda: (
        200,
        said([entry("high_value_repeat", "Same"), entry("lapsed_one_time", "SAME")]),
    )
    assert set(await namer(model).word(SEGMENTS, set())) == {"high_value_repeat"}


@pytest.mark.parametrize(
    "answer",
    [
        (500, {"type": "error", "error": {"type": "api_error", "message": "no"}}),
        (401, {"type": "error", "error": {"type": "authentication_error", "message": "no"}}),
        (200, b"not json"),
        (200, said([], text="I would rather not.")),
        (200, {}),
    ],
    ids=["server error", "wrong key", "not json", "no structure", "empty"],
)
async def test_on_any_failure_the_rules_names_stay(
    model: FakeModel, answer: tuple[int, Any], caplog: pytest.LogCaptureFixture
) -> None:
    model.answer = lambda: answer
    assert await namer(model).word(SEGMENTS, set()) == {}
    assert "sk-test" not in caplog.text


async def test_retries_are_bounded(model: FakeModel) -> None:
    model.answer = lambda: (529, {"type": "error", "error": {"type": "overloaded_error"}})
    assert await namer(model).word(SEGMENTS, set()) == {}
    assert len(model.asked) == 2


async def test_nothing_new_asks_nobody(model: FakeModel) -> None:
    assert await namer(model).word([], set()) == {}
    assert model.asked == []


async def test_without_a_key_rules_name() -> None:
    made = create_namer(api_key=None, model="any", base_url=None)
    assert isinstance(made, RuleNamer)
    assert await made.word(SEGMENTS, set()) == {}


async def test_a_gateway_that_drips_is_left_when_the_time_is_over() -> None:
    """Each blank comes well within what the client waits for one: only the deadline ends it."""
    gateway = SlowModel()
    hasty = AnthropicNamer(
        api_key="sk-test", model="any-model", base_url=gateway.url, deadline_seconds=0.5
    )
    assert await hasty.word(SEGMENTS, set()) == {}
    assert gateway.asked == 1
    await asyncio.to_thread(wait_until, gateway.is_left)
    gateway.close()
