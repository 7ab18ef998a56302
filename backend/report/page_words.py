"""Sentences of the report: what became of borders and of segments."""

from collections.abc import Mapping

from backend.results.clustering import ClusteringReport, Decision
from backend.results.move import SegmentEvent

REFITS: Mapping[Decision, str] = {
    "first": "The borders between segments were learnt for the first time.",
    "kept": "The borders that an earlier run learnt hold.",
    "adopted": "New borders were learnt and adopted.",
    "held_back": "New borders were learnt and held back: they would move too many at once.",
    "forced": "New borders were adopted as asked for.",
    "too_few": "There are no borders: all customers with orders are one segment.",
}


def refit_in_words(clustering: ClusteringReport) -> str:
    """Say what became of the borders between segments in this run."""
    return "" if clustering.refit is None else REFITS[clustering.refit]


def event_in_words(event: SegmentEvent, names: Mapping[str, str]) -> str:
    """Say where a segment came from, or what became of it."""
    name = names[event.segment_id]
    others = [f"{names[one]} ({share:.0%})" for one, share in event.relatives.items()]
    relatives = " and ".join(filter(None, [", ".join(others[:-1]), *others[-1:]]))
    if event.event == "split":
        return f"{name} came off another segment: its customers were in {relatives}."
    if event.event == "born":
        return f"{name} is new" + (f": its customers were in {relatives}." if others else ".")
    if event.event == "merged":
        return f"{name} went into another segment: its customers are in {relatives}."
    return f"{name} is gone" + (f": its customers are in {relatives}." if others else ".")
