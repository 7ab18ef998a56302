"""One step up for each format of a stored result that ever was: JSON values in, JSON values out."""

from typing import Any

Json = dict[str, Any]


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


def report_with_all_its_parts(stored: Json) -> Json:
    """Fill in what the first reports did not say, as unknown or as it follows from what they do."""
    segments, groups = stored["segments"], stored.get("groups", [])
    return {
        "readiness": {"ready": True, "findings": []},
        "picture": [],
        "groups": groups,
        "lineage": [],
        "names": {one["id"]: one["name"] for one in (*segments, *groups)},
        **stored,
    }
