"""One step up for each format of a stored result that ever was: JSON values in, JSON values out.

What an earlier format did not say follows from what it did, or is unknown.
"""

from collections.abc import Iterable, Iterator
from typing import Any

Json = dict[str, Any]
KINDS = ("segments", "groups")


class NoWayUp(Exception):
    """What this format says cannot be said in the next one."""


def as_it_is(stored: Json) -> Json:
    """Take a format that was called by another name only."""
    return stored


def centres_to_boxes(stored: Json) -> Json:
    """Give up on borders around centres: no boxes hold the same customers.

    Raises
    ------
    NoWayUp
        Always.
    """
    raise NoWayUp


def segment_with_a_rule(stored: Json) -> Json:
    """Fill in what the first segments lacked; they were described by medians instead of a rule."""
    rule = {"least_order_days": None, "sentence": stored["description"] or ""}
    return {"is_group": False, "avg_confidence": None, "rule": rule, "nearest": None, **stored}


def report_with_all_its_parts(stored: Json) -> Json:
    """Fill in what the first reports lacked."""
    unknown = ("refit", "fitted_at", "moved_without_order", "refit_would_move")
    told = {
        "readiness": {"ready": True, "findings": []},
        "picture": [],
        "groups": [],
        "lineage": [],
        **stored,
    }
    told |= {kind: [segment_with_a_rule(one) for one in told[kind]] for kind in KINDS}
    told |= {"clustering": {**dict.fromkeys(unknown), **stored["clustering"]}}
    told |= {"moves": _moves_apart(stored["moves"])}
    return {"names": dict(_names(told)), **told}


def _moves_apart(moves: Json) -> Json:
    """Part who moved from who appeared and who is gone, as far as the flows tell them apart."""
    if "appeared" in moves:
        return moves
    if "flows" not in moves:
        return {**moves, "appeared": None, "gone": None, "flows": []}
    flows = [flow for flow in moves["flows"] if flow["from"] and flow["to"]]
    return {
        "total": _customers(flows),
        "appeared": _customers(flow for flow in moves["flows"] if not flow["from"]),
        "gone": _customers(flow for flow in moves["flows"] if not flow["to"]),
        "by_cause": moves["by_cause"] if flows else {},
        "flows": flows,
    }


def _customers(flows: Iterable[Json]) -> int:
    return sum(flow["customers"] for flow in flows)


def _names(report: Json) -> Iterator[tuple[str, str]]:
    """Yield what each segment is called; one that is gone by its id."""
    for flow in report["moves"]["flows"]:
        yield from ((flow[end], flow[end]) for end in ("from", "to"))
    for event in report["lineage"]:
        yield from ((one, one) for one in (event["segment_id"], *event["relatives"]))
    for kind in KINDS:
        yield from ((one["id"], one["name"]) for one in report[kind])
