"""What any earlier build stored is read for ever; what a later one stored is said to be so."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from backend.behaviour.customer_facts import CustomerFacts
from backend.behaviour.history import PurchaseDays
from backend.core.errors import FormatOfTheFuture
from backend.report import render_report
from backend.results.campaign_life import AnswerKind, CountedAnswer
from backend.results.move import MovesByCause
from backend.results.readiness import Readiness
from backend.segments.crossings import behaviour_of_one
from backend.store.stored import (
    ANSWER,
    EXPLAINER,
    MODEL,
    PROMISE,
    REPORT,
    SCORING,
    SEGMENT,
    StoredKind,
    read_model,
    read_scoring,
    read_segment,
    write_profile,
    write_scoring,
)
from backend.wording.campaign_sentences import answer_sentences
from tests.in_json import in_json
from tests.store.stored_results import builds_with, segment_rows, text_of

KINDS: dict[str, StoredKind[Any]] = {
    "report": REPORT,
    "explainer": EXPLAINER,
    "model": MODEL,
    "scoring": SCORING,
    "promise": PROMISE,
    "answer": ANSWER,
}


def lost(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """Name what was stored and is not there any more, or is another value."""
    if isinstance(before, dict):
        for name, value in before.items():
            if name not in after:
                yield f"{where}.{name} is gone"
            else:
                yield from lost(value, after[name], f"{where}.{name}")
    elif isinstance(before, list):
        assert len(before) == len(after), where
        for place, pair in enumerate(zip(before, after, strict=True)):
            yield from lost(*pair, f"{where}[{place}]")
    elif before != after:
        yield f"{where} was {before!r}, is {after!r}"


def formats_of(kind: StoredKind[Any], name: str) -> set[int]:
    """Return the numbers of the formats that there are fixtures of."""
    named = [json.loads(text_of(build, name)).get("format", 1) for build in builds_with(name)]
    return {(kind.names or {}).get(one, one) for one in named}


@pytest.mark.parametrize("name", KINDS)
def test_there_is_a_text_of_every_format_that_ever_was(name: str) -> None:
    kind = KINDS[name]
    assert formats_of(kind, name) == set(range(1, kind.newest + 1))


@pytest.mark.parametrize("build", builds_with("report"))
def test_a_report_of_every_build_is_read_and_drawn(build: str) -> None:
    report = REPORT.read(text_of(build, "report"))
    assert report.customers.total == 160
    assert {segment.id for segment in report.segments} <= set(report.names)
    page = render_report(report)
    assert "Customer intelligence as of 1 June 2024" in page
    assert all(segment.name in page for segment in report.segments if segment.id != "no_orders")


@pytest.mark.parametrize("build", ["10_0", "typed"])
def test_nothing_that_a_report_said_is_lost_to_the_last_digit(build: str) -> None:
    stored = json.loads(text_of(build, "report"))
    stored.pop("format", None)
    assert not [*lost(stored, in_json(REPORT.read(json.dumps(stored))))]


def test_the_first_reports_say_only_what_they_knew() -> None:
    report = REPORT.read(text_of("first_segments", "report"))
    assert report.readiness == Readiness.of([])
    assert (report.groups, report.lineage, report.picture) == ((), (), ())
    assert (report.moves.appeared, report.moves.gone, report.moves.flows) == (None, None, ())
    assert report.clustering.refit is None
    assert report.segments[0].rule.sentence == report.segments[0].description
    assert report.forecast.interval_coverage.typical_level_error is None


def test_who_came_is_told_from_who_moved_in_reports_that_counted_both() -> None:
    stored = json.loads(text_of("first_groups", "report"))
    flows = [("new", None, "one_time", 7), ("moved", "one_time", "regular_repeat", 2)]
    rows = [{"from": origin, "to": to, "customers": count} for _, origin, to, count in flows]
    stored["moves"] = {"total": 9, "by_cause": {"behaviour": 9}, "flows": rows}
    moves = REPORT.read(json.dumps(stored)).moves
    assert (moves.total, moves.appeared, moves.gone) == (2, 7, 0)
    assert [(flow.from_, flow.to, flow.customers) for flow in moves.flows] == [flows[1][1:]]
    stored["moves"]["flows"] = rows[:1]
    assert REPORT.read(json.dumps(stored)).moves.by_cause == MovesByCause()


@pytest.mark.parametrize("build", builds_with("explainer"))
def test_an_explainer_of_every_build_explains(build: str) -> None:
    explainer = EXPLAINER.read(text_of(build, "explainer"))
    facts = CustomerFacts.one(
        recency_days=12, frequency=7, avg_order_value=80.0, age_days=400, usual_gap_days=60.0
    )
    for told in (explainer.churn(facts, 0.4), explainer.value(facts, 310.0)):
        parts = [part.amount for part in told.parts]
        assert told.base + sum(parts) == pytest.approx(told.score)
    stored = json.loads(text_of(build, "explainer"))
    stored.pop("format", None)
    assert not [*lost(stored, json.loads(EXPLAINER.write(explainer)))]


@pytest.mark.parametrize("build", ["10_0", "typed"])
def test_borders_of_boxes_still_say_where_customers_are(build: str) -> None:
    model = read_model(text_of(build, "model"))
    assert model is not None
    once, often = behaviour_of_one(30, 1, 50.0), behaviour_of_one(30, 9, 50.0)
    assert [model.assign(one).ids[0] for one in (once, often)] == ["one_time", "repeat"]
    stored, again = json.loads(text_of(build, "model")), json.loads(MODEL.write(model))
    del stored["format"], again["format"]
    assert stored == again


@pytest.mark.parametrize("build", builds_with("scoring"))
def test_a_scoring_model_of_every_build_forecasts(build: str) -> None:
    model = read_scoring(text_of(build, "scoring"), text_of(build, "model"))
    assert model.forecast is not None
    assert model.segments is not None
    bought = np.array([19_700, 19_800, 19_873])
    days = PurchaseDays(19_875, np.zeros(3, int), bought, np.full(3, 40.0), np.ones(3, int))
    told = model.forecast.forecast(days, 1)
    assert 0 < told.churn_risk[0] < 0.5
    assert told.predicted_value_low[0] < told.predicted_value[0] < told.predicted_value_high[0]
    stored, again = json.loads(text_of(build, "scoring")), json.loads(write_scoring(model))
    assert stored == again


@pytest.mark.parametrize("build", ["first_segments", "first_groups"])
def test_borders_around_centres_are_learnt_anew(build: str) -> None:
    assert read_model(text_of(build, "model")) is None


def test_open_borders_stay_open() -> None:
    model = read_model(text_of("10_0", "model"))
    assert model is not None
    ends = [end for boxes in model.boxes.values() for end in (boxes.low, boxes.high)]
    assert {*np.unique(np.isinf(np.concatenate([end.ravel() for end in ends])))} == {True, False}
    assert all((boxes.low < boxes.high).all() for boxes in model.boxes.values())


@pytest.mark.parametrize("build", builds_with("segments"))
def test_the_segments_of_every_build_are_read(build: str) -> None:
    for row in segment_rows(build):
        segment = read_segment(row)
        assert (segment.id, segment.name) == (row["id"], row["name"])
        assert segment.customer_count == row["customer_count"]
        assert not [*lost(json.loads(row["profile"]), {**in_json(segment), "format": 2})]
        assert read_segment({**row, "profile": write_profile(segment)}) == segment


@pytest.mark.parametrize("name", ["promise", "answer"])
def test_what_campaigns_of_every_build_promised_and_brought_is_read_to_the_last_digit(
    name: str,
) -> None:
    kind = KINDS[name]
    for build in builds_with(name):
        text = text_of(build, name)
        value = kind.read(text)
        stored = json.loads(text)
        stored.pop("format", None)
        assert not [*lost(stored, in_json(value))]
        assert kind.read(kind.write(value)) == value


def test_a_campaign_that_is_stored_still_says_what_it_brought() -> None:
    answer = ANSWER.read(text_of("campaigns", "answer"))
    counted = CountedAnswer(kind=AnswerKind.SETTLED, run_id=None, answer=answer)
    said = [one.replace("\N{NO-BREAK SPACE}", " ") for one in answer_sentences(counted, "EUR")]
    assert said == [
        "It worked: a customer who was reached spent 11.84 EUR more than one who was held out, "
        "between 5.98 EUR and 17.23 EUR with 95 % confidence.",
        "All together it brought 4,795 EUR, between 2,423 EUR and 6,980 EUR.",
        "For each unit of the 300 EUR that it cost, 15.98 came back.",
    ]
    assert (answer.treated.drawn, answer.treated.missing, len(answer.segments)) == (407, 2, 2)


FUTURE: dict[str, Callable[[str], object]] = {
    "report": REPORT.read,
    "explainer": EXPLAINER.read,
    "segmentation": read_model,
    "segment": SEGMENT.read,
    "promise of a campaign": PROMISE.read,
    "answer of a campaign": ANSWER.read,
}


@pytest.mark.parametrize("what", FUTURE)
@pytest.mark.parametrize("found", [99, "circles-7"])
def test_a_format_of_the_future_is_named(what: str, found: int | str) -> None:
    with pytest.raises(FormatOfTheFuture) as refused:
        FUTURE[what](json.dumps({"format": found}))
    assert (refused.value.what, refused.value.found) == (what, str(found))
    assert f"The stored {what} is of format {found}, and this version" in str(refused.value)
    assert "a newer one wrote it" in str(refused.value)
