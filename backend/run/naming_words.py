"""Names of segments: what a person or the model gave stays; new segments are worded once."""

from collections.abc import Mapping
from dataclasses import replace

from backend.clients.naming import Namer, SegmentFacts
from backend.results.segment import Segment, Words
from backend.run.learn import Learned
from backend.store.names import settled
from backend.store.publication import GivenName
from backend.wording.segment_names import every_rule_name
from backend.wording.segment_sentences import told_apart


async def worded(learned: Learned, names: Mapping[str, GivenName], namer: Namer) -> Learned:
    """Ask for the names of segments that have none yet.

    A name of the rules stays theirs, also where no segment has it now.
    """
    fresh = [segment for segment in learned.segments if segment.id not in names]
    taken = {given.name for given in names.values()} | every_rule_name()
    words = await namer.word([_facts(segment) for segment in fresh], taken)
    new = {
        identity: GivenName(wording.name, wording.description, "model")
        for identity, wording in words.items()
    }
    return replace(learned, names={**names, **new}, new_names=new)


def named(learned: Learned) -> tuple[Segment, ...]:
    """Return the segments as they will be called, and told apart from each other so."""
    by_rule = {one.id: Words(one.name, one.description) for one in learned.segments}
    words = settled(by_rule, learned.names)
    return told_apart(
        replace(
            one,
            name=words[one.id].name,
            description=words[one.id].description or one.description,
        )
        for one in learned.segments
    )


def _facts(segment: Segment) -> SegmentFacts:
    """Pick what the language model may know: our own words and aggregates."""
    facts = {
        "customer_count": segment.customer_count,
        "share_of_customers": segment.share_of_customers,
        "share_of_revenue": segment.share_of_revenue,
        "avg_ltv": segment.avg_ltv,
        "median_ltv": segment.median_ltv,
        "churn_risk_avg": segment.churn_risk_avg,
        "apart_from_nearest": segment.nearest.sentence if segment.nearest else None,
        **segment.characteristics.by_axis(),
    }
    return SegmentFacts(segment.id, segment.name, segment.description or "", facts)
