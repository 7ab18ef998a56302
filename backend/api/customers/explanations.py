"""Why this number and why this segment: worked out when asked, from what the run published.

A run stores its distilled forecast and the borders of its segments, some kilobytes; explaining
one customer with them takes milliseconds, so profiles stay small and no run writes an
explanation that nobody reads.
"""

from collections.abc import Mapping

from backend import store
from backend.api.customers.schema import CustomerProfile
from backend.api.state import ApiState
from backend.behaviour.customer_facts import CustomerFacts
from backend.database.engine import transaction
from backend.forecast.explainer import Explainer, rounded
from backend.results.explanation import Crossing, ExplainedNumber, Explanation, SegmentReason
from backend.results.segment import Segment
from backend.segments import crossings, vocabulary
from backend.segments.buyers import Behaviour
from backend.segments.crossings import NextBorder
from backend.segments.rule import HABITS
from backend.segments.standing import StandingModel

CHURN_PLACES, VALUE_PLACES = 4, 2
MORE = {2: "Two", 3: "Three"}


async def explained(state: ApiState, profile: CustomerProfile) -> CustomerProfile:
    """Add to a profile why its numbers and its segment are what they are."""
    if profile.run_id is None:
        return profile
    async with transaction(state.engine) as connection:
        explainer = await store.read_explainer(connection, profile.run_id)
        model = await store.read_model(connection, profile.run_id)
        published = await store.read_segments(connection)
    churn, value = _numbers(profile, explainer)
    reason = _reason(profile, model, {one.id: one for one in published.segments})
    words = Explanation(churn_risk=churn, predicted_value=value, segment=reason)
    return profile.model_copy(update={"explanation": words})


def _numbers(
    profile: CustomerProfile, explainer: Explainer | None
) -> tuple[ExplainedNumber | None, ExplainedNumber | None]:
    if explainer is None or profile.churn_risk is None or profile.predicted_value is None:
        return None, None
    facts = _facts(profile)
    return (
        rounded(explainer.churn(facts, profile.churn_risk), CHURN_PLACES),
        rounded(explainer.value(facts, profile.predicted_value), VALUE_PLACES),
    )


def _facts(profile: CustomerProfile) -> CustomerFacts:
    return CustomerFacts.one(
        recency_days=profile.recency_days or 0,
        frequency=profile.total_orders or 0,
        avg_order_value=profile.avg_order_value or 0.0,
        age_days=profile.age_days or 0,
        usual_gap_days=profile.usual_gap_days,
    )


def _reason(
    profile: CustomerProfile, model: StandingModel | None, segments: Mapping[str, Segment]
) -> SegmentReason | None:
    """Compare the customer with the rule, and try what would move them."""
    segment = segments.get(profile.archetype.id or "")
    if segment is None:
        return None
    customer = _behaviour(profile)
    if customer is None:
        why, found = "Has not ordered yet", [] if model is None else [crossings.first_order(model)]
    else:
        why, found = _own_facts(profile, customer, model), []
        if model is not None:
            found = [*crossings.crossings(model, customer, segment.id)]
    return SegmentReason(
        why=f"{why}.",
        rule=segment.rule.sentence,
        crossings=tuple(_crossing(border, profile, segments) for border in found),
    )


def _behaviour(profile: CustomerProfile) -> Behaviour | None:
    """Return what the segment was told by; None without orders."""
    recency, days = profile.recency_days, profile.order_days
    value = profile.typical_order_value
    if recency is None or not days or value is None:
        return None
    return crossings.behaviour_of_one(recency, days, value)


def _own_facts(profile: CustomerProfile, customer: Behaviour, model: StandingModel | None) -> str:
    days = profile.order_days or 1
    facts = ["Ordered on one day" if days == 1 else f"Ordered on {days} days"]
    facts.append(f"the last order {_days(profile.recency_days or 0)} ago")
    rank = float("nan") if model is None else float(model.value_rank(customer)[0])
    if rank == rank:  # one-time buyers are not ranked
        side, share = ("top", 1 - rank) if rank >= 0.5 else ("lower", rank)
        place = f"{side} {max(round(100 * share), 1)} %"
        facts.append(f"by value in the {place} of repeat customers")
    if (habit := vocabulary.TRAIT_IDS.get(profile.archetype.id or "")) is not None:
        facts.append(HABITS[habit])
    return ", ".join(facts)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _crossing(
    found: NextBorder, profile: CustomerProfile, segments: Mapping[str, Segment]
) -> Crossing:
    known = segments.get(found.segment_id)
    name = known.name if known else vocabulary.name_of(found.segment_id)
    return Crossing(
        by=found.by,
        amount=found.amount,
        within_days=found.within_days,
        segment_id=found.segment_id,
        segment_name=name,
        sentence=_crossing_in_words(found, profile.typical_order_value, name),
    )


def _crossing_in_words(found: NextBorder, usual: float | None, name: str) -> str:
    moved = f"would move this customer to {name}."
    if found.by == "silence":
        return f"Another {_days(found.amount)} without an order {moved}"
    if usual is None:
        return f"A first order {moved}"
    if found.within_days is not None:
        return f"One more order of about {usual:,.2f} within {_days(found.within_days)} {moved}"
    return (
        f"{MORE[found.amount]} more orders on different days, of about {usual:,.2f} each, {moved}"
    )
