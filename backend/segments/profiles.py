"""What segments are called, and how each is told apart from the one that is most like it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from backend.results.segment import Apart, Nearest, Segment
from backend.segments.axes import AXES
from backend.segments.vocabulary import BY_ID, HALF_IDS, OTHER_NAMES, guarded_name, name_of

KNOWN_IDS = frozenset({*BY_ID, *OTHER_NAMES, *HALF_IDS})


def known_name(identity: str) -> str:
    """Return the rules' name of any segment; an id of another version speaks for itself."""
    return name_of(identity) if identity in KNOWN_IDS else identity


def every_rule_name() -> frozenset[str]:
    """Return all names that the rules may give to any segment, now or later."""
    return frozenset(
        guarded_name(identity, returned, days)
        for identity in KNOWN_IDS
        for returned in (None, 1.0)
        for days in (None, np.inf)
    )


def told_apart(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Say what sets each segment apart from its nearest, by the name that one has here."""
    listed = tuple(segments)
    names = {one.id: one.name for one in listed}
    return tuple(
        replace(one, nearest=one.nearest and _in_words(one.nearest, names)) for one in listed
    )


def _in_words(nearest: Nearest, names: Mapping[str, str]) -> Nearest:
    """Name the nearest; who is not among the names keeps the name told."""
    name = names.get(nearest.id, nearest.name)
    facts = "; ".join(_apart_in_words(fact) for fact in nearest.apart)
    return replace(nearest, name=name, sentence=f"Unlike {name}: {facts}." if facts else None)


def _apart_in_words(fact: Apart) -> str:
    axis = AXES[fact.characteristic]
    return axis.words.format(f"{axis.said(fact.here)} instead of {axis.said(fact.there)}")
