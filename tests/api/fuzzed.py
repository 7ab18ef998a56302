"""What no description of an API can say of its requests: hooks for Schemathesis.

Nothing is excluded by them. A request that contradicts one of these rules is put right before it is
sent; the tests of the routes themselves show how each is refused.
"""

from typing import Any

import schemathesis
from schemathesis import Case, HookContext

from backend.core.visible import is_readable

IN_PAGES = {
    "list_customers",
    "list_segment_customers",
    "list_runs",
    "list_campaigns",
    "list_treated",
}
BESIDE_A_CURSOR = {"cursor", "limit", "totals"}
SIGNED_CHARACTERS = 40
LONGEST_URL = 2000
LAST_YEAR = 2024  # has a 29th of February, as any year that it stands for may


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Put a request right where its parts contradict each other."""
    operation = case.operation.definition.raw.get("operationId")
    if operation in IN_PAGES:
        leave_cursors_to_pages(case)
    if operation == "list_segment_customers":
        name_a_segment_once(case)
    if operation == "start_run" and isinstance(case.body, dict):
        put_bounds_in_order(case.body)
        stay_in_the_past(case.body)
    if operation == "create_webhook" and isinstance(case.body, dict):
        name_a_receiver(case.body)
    if operation == "create_campaign" and isinstance(case.body, dict):
        show_something(case, case.body)
        make_visible(case.body)
    if operation == "suppose_orders" and isinstance(case.body, dict):
        suppose_what_can_be(case.body)
    if operation == "name_segment" and isinstance(case.body, dict):
        make_visible(case.body)


def leave_cursors_to_pages(case: Case[Any]) -> None:
    """A cursor is signed, and carries its question: only one of a page is true, and it alone."""
    query: Any = case.query or {}
    cursor = query.get("cursor")
    if not isinstance(cursor, str):
        return
    if len(cursor) < SIGNED_CHARACTERS:
        del query["cursor"]
    else:
        for name in query.keys() - BESIDE_A_CURSOR:
            del query[name]


def name_a_segment_once(case: Case[Any]) -> None:
    """The address says which segment or group it is; only it tells which of the two."""
    query: Any = case.query or {}
    for name in {"segment", "group"} & query.keys():
        del query[name]


def put_bounds_in_order(body: dict[str, Any]) -> None:
    """A schema cannot say that `min_k` is at most `max_k`, which has a default."""
    given = [body[name] for name in ("min_k", "max_k") if isinstance(body.get(name), int | float)]
    if given:
        body["min_k"], body["max_k"] = min(given), max(given)


def stay_in_the_past(body: dict[str, Any]) -> None:
    """Nor that `as_of` has come."""
    as_of = body.get("as_of")
    if isinstance(as_of, str) and as_of[:4].isdecimal() and int(as_of[:4]) > LAST_YEAR:
        body["as_of"] = f"{LAST_YEAR}{as_of[4:]}"


def show_something(case: Case[Any], body: dict[str, Any]) -> None:
    """Nor that a campaign is of so many, for so long, that it could show something."""
    if case.meta is None or case.meta.generation.mode.is_positive:
        body.update(filter={}, holdout_share=0.5, window_days=365, goal="buyers")


def suppose_what_can_be(body: dict[str, Any]) -> None:
    """Nor that an order is at most two years ahead."""
    for order in body["orders"] if isinstance(body.get("orders"), list) else ():
        at = order.get("at") if isinstance(order, dict) else None
        if isinstance(at, str) and at[:4].isdecimal():
            order["at"] = f"{LAST_YEAR}{at[4:]}"


def name_a_receiver(body: dict[str, Any]) -> None:
    """No pattern says which URLs a webhook may have, nor that one limit is at most the other."""
    url = body.get("url")
    if isinstance(url, str) and 0 < len(url) <= LONGEST_URL:
        body["url"] = "https://hooks.example.com/intelligence"
    for name in ("at_risk_from", "at_risk_again_below"):
        if type(body.get(name)) in {int, float} and 0 <= body[name] <= 1:
            body[name] = 0.5


def make_visible(body: dict[str, Any]) -> None:
    """No pattern that all clients read says which characters Unicode calls invisible."""
    for name in ("name", "description"):
        text = body.get(name)
        if isinstance(text, str) and text and not is_readable(text):
            seen = "".join(filter(str.isprintable, text)).strip()
            body[name] = seen if is_readable(seen) else "ß"
