"""What became of segments, told from what became of their customers."""

import numpy as np
import pytest

from backend.segments.lineage import lineage

Flows = dict[tuple[str | None, str], int]


@pytest.mark.parametrize(
    ("flows", "events"),
    [
        ({("whole", "whole"): 70, ("whole", "part"): 30}, {"part": ("split", {"whole": 1.0})}),
        ({("whole", "whole"): 98, ("whole", "part"): 2}, {"part": ("split", {"whole": 1.0})}),
        (
            {("whole", "upper"): 40, ("whole", "lower"): 60},
            {
                "upper": ("split", {"whole": 1.0}),
                "lower": ("split", {"whole": 1.0}),
                "whole": ("died", {"lower": 0.6, "upper": 0.4}),
            },
        ),
        (
            {("upper", "whole"): 40, ("lower", "whole"): 60},
            {
                "whole": ("born", {"lower": 0.6, "upper": 0.4}),
                "upper": ("merged", {"whole": 1.0}),
                "lower": ("merged", {"whole": 1.0}),
            },
        ),
        ({("small", "large"): 9, ("large", "large"): 91}, {"small": ("merged", {"large": 1.0})}),
        (
            {("gone", "one"): 5, ("gone", "two"): 5, ("one", "one"): 1, ("two", "two"): 1},
            {"gone": ("died", {"one": 0.5, "two": 0.5})},
        ),
        (
            {("one", "new"): 3, ("two", "new"): 3, ("one", "one"): 9, ("two", "two"): 9},
            {"new": ("born", {"one": 0.5, "two": 0.5})},
        ),
        ({(None, "first"): 9, ("no_orders", "first"): 1}, {"first": ("born", {"no_orders": 1.0})}),
        ({("same", "same"): 5, (None, "same"): 5}, {}),
    ],
    ids=[
        "a part leaves, the whole stays",
        "a small part leaves",
        "a whole is halved",
        "two halves become one",
        "a small one is swallowed",
        "one is shared out",
        "a new one from several",
        "the first there is",
        "nothing happened",
    ],
)
def test_what_became_of_the_customers_says_what_became_of_the_segments(
    flows: Flows, events: dict[str, tuple[str, dict[str, float]]]
) -> None:
    before = np.array([end for (end, _), n in flows.items() for _ in range(n)], dtype=object)
    after = np.array([end for (_, end), n in flows.items() for _ in range(n)], dtype=object)
    known = set(before.tolist()) - {None, "no_orders"}
    found = lineage(known, set(after.tolist()), before, after)
    assert {event.segment_id: (event.event, event.relatives) for event in found} == events


def test_a_segment_without_customers_comes_and_goes_without_relatives() -> None:
    nobody = np.array([], dtype=object)
    found = lineage({"old"}, {"new"}, nobody, nobody)
    assert [(event.segment_id, event.event, event.relatives) for event in found] == [
        ("new", "born", {}),
        ("old", "died", {}),
    ]
