"""Names of segments: what a person or the model gave stays; new segments are worded once."""

from collections.abc import Mapping, Set
from dataclasses import replace

from backend.clients.naming import Namer, SegmentFacts
from backend.data.intelligence import GivenName
from backend.modelling.segmentation import Segment
from backend.pipeline.findings import Findings


async def worded(found: Findings, names: Mapping[str, GivenName], namer: Namer) -> Findings:
    """Give every segment its name: the one given before, else the namer's, else the rule's."""
    fresh = [segment for segment in found.segments if segment.id not in names]
    taken = {given.name for given in names.values()}
    words = await namer.word([_facts(segment) for segment in fresh], taken)
    new = {
        identity: GivenName(wording.name, wording.description, "model")
        for identity, wording in words.items()
    }
    given = {**names, **new}
    segments = tuple(_named(segment, given, taken) for segment in found.segments)
    return replace(found, segments=segments, new_names=new)


def _named(segment: Segment, given: Mapping[str, GivenName], taken: Set[str]) -> Segment:
    if (words := given.get(segment.id)) is None:
        if segment.name not in taken:
            return segment
        # A person gave the rule's name to another segment: two never share one.
        return replace(segment, name=f"{segment.name} ({segment.id})")
    return replace(segment, name=words.name, description=words.description or segment.description)


def _facts(segment: Segment) -> SegmentFacts:
    """Pick what the language model may know: our own words and aggregates."""
    facts = {
        "customer_count": segment.customer_count,
        "share_of_customers": segment.share_of_customers,
        "share_of_revenue": segment.share_of_revenue,
        "avg_ltv": segment.avg_ltv,
        "churn_risk_avg": segment.churn_risk_avg,
        "apart_from_nearest": segment.nearest["sentence"] if segment.nearest else None,
        **segment.characteristics,
    }
    return SegmentFacts(segment.id, segment.name, segment.description, facts)
