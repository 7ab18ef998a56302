"""Answers that a process may repeat take no more room than they are given, all told."""

import tracemalloc

import pytest
from starlette.routing import Route
from starlette.types import Scope

from backend.api.keys import Role
from backend.api.repeated import MADE_OF, MOST_BYTES, RepeatedAnswers
from backend.api.served_state import ServedState
from backend.api.whole_answers import WholeAnswer
from backend.database.engine import create_engine
from backend.store.served import Served

SERVED = Served(published=None, erased=0, last_erased_at=None)
ROUTE = Route("/api/mcp/customers/{customer_id}", endpoint=lambda: None)
HEADERS = {b"content-length": b"1300", b"content-type": b"application/json"}


def asked_for(customer: int) -> Scope:
    return {
        "path": "".join(("/api/mcp/customers/", str(customer))),
        "query_string": b"",
        "headers": [(b"accept-encoding", b"gzip, " + b"br")],
        "state": {MADE_OF: SERVED, "role": Role.READS},
    } | {"route": ROUTE}


def answers_kept() -> RepeatedAnswers:
    known = ServedState(create_engine("sqlite:///never-opened.db"), 0)
    answers = RepeatedAnswers(known, 300)
    answers._forget_unless(SERVED)
    return answers


@pytest.mark.parametrize("size", [300, 1300, 30_000])
def test_however_many_there_are_they_take_no_more_room(size: int) -> None:
    answers, many = answers_kept(), 4 * MOST_BYTES // (size + 1000)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for customer in range(many):
        body = customer.to_bytes(size, "big")
        answers.keep(asked_for(customer), WholeAnswer.of(HEADERS, body))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert MOST_BYTES / 2 < held - before < 1.1 * MOST_BYTES


def test_an_answer_larger_than_all_the_room_is_not_kept() -> None:
    answers = answers_kept()
    answers.keep(asked_for(1), WholeAnswer.of(HEADERS, bytes(MOST_BYTES)))
    assert len(answers._kept) == 0
