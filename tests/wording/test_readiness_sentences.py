"""Every judgement of the readiness check has a sentence, and publishes the same facts."""

import inspect

import pytest

from backend.readiness import database_judgement, judgement, judging, order_judgement
from backend.readiness.judgement import Judgement, SeenCurrencies
from backend.shop.mapping.layers import load_mapping
from backend.wording.readiness_sentences import _sentence, finding_in_words, readiness_in_words

JUDGEMENTS = [
    kind
    for module in (judgement, order_judgement, database_judgement)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Judgement) and kind not in {Judgement, order_judgement.OutOfProportion}
]


@pytest.mark.parametrize("kind", JUDGEMENTS)
def test_every_judgement_has_words_of_its_own(kind: type[Judgement]) -> None:
    assert kind in _sentence.registry


def test_one_error_makes_a_shop_unready() -> None:
    fine, wrong = judging.judge_ours(None), judging.judge_ours("Nobody may.")
    assert readiness_in_words([fine]).ready
    assert not readiness_in_words([fine, wrong]).ready


@pytest.mark.parametrize(
    ("found", "code", "level", "sentence"),
    [
        (
            judging.judge_ids(1200, 3),
            "duplicate_customer_id",
            "warning",
            "3 of 1,200 customers repeat another's id and are taken for one: does the table hold "
            "versions or copies?",
        ),
        (
            judging.judge_totals(200, 30),
            "totals_disagree",
            "warning",
            "total_spent or orders_count disagree with the orders of 30 of 200 customers (15%). "
            "Are orders missing, or other statuses counted there?",
        ),
        (
            judging.judge_kinds({"customers.id": "integer", "orders.customer_id": "text"}),
            "types",
            "warning",
            "Types do not fit and are converted: customers.id is integer, orders.customer_id is "
            "text.",
        ),
        (
            judging.judge_kinds({"orders.total_price": "text"}),
            "types",
            "warning",
            "Types do not fit and are converted: orders.total_price is text, expected a number.",
        ),
        (
            judging.judge_shop_user(["orders", "customers"]),
            "shop_is_writable",
            "warning",
            "The user that reads the shop may change orders, customers: a read-only user is "
            "recommended.",
        ),
    ],
)
def test_a_finding_says_what_was_judged(
    found: Judgement, code: str, level: str, sentence: str
) -> None:
    finding = finding_in_words(found)
    assert (finding.code, finding.level, finding.sentence) == (code, level, sentence)


def currency_of(orders: dict[str, int], **variables: str) -> str | None:
    mapping = load_mapping(variables)
    seen = SeenCurrencies(code="currencies", level="ok", orders=orders)
    return judging.currency_of([seen], mapping)


def test_the_currency_is_the_one_that_counts_else_the_one_in_the_data_else_unknown() -> None:
    assert currency_of({"eur": 5, "usd": 2}, CURRENCY="eur") == "EUR"
    assert currency_of({"eur": 5}) == "EUR"
    assert currency_of({"eur": 5, "usd": 2}) is None
    assert currency_of({"eur": 5, "": 2}) is None
    assert currency_of({"euro": 5}) is None
    assert currency_of({}) is None
    assert currency_of({"usd": 5}, CURRENCY_RATE="divide") is None
