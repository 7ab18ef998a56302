"""Why this number and why this segment: worked out when asked, from what the run published.

A run stores its distilled forecast and the borders of its segments, some kilobytes; explaining
one customer with them takes milliseconds, so profiles stay small and no run writes an
explanation that nobody reads.
"""

from typing import Any

from backend.api.dependencies import ApiState
from backend.api.schemas import Crossing, CustomerProfile, ExplainedNumber, SegmentReason
from backend.api.schemas import Explanation as Explained
from backend.data import intelligence, runs
from backend.data.engine import transaction
from backend.modelling.explain import Explainer, Explanation
from backend.modelling.facts import CustomerFacts
from backend.modelling.segmentation import StandingModel, borders, vocabulary

CHURN_PLACES, VALUE_PLACES = 4, 2


async def explained(state: ApiState, profile: CustomerProfile) -> CustomerProfile:
    """Add to a profile why its numbers and its segment are what they are."""
    if profile.run_id is None or not profile.total_orders:
        return profile
    async with transaction(state.engine) as connection:
        explainer = await runs.read_explainer(connection, profile.run_id)
        model = await runs.read_model(connection, profile.run_id)
        segments = await intelligence.read_segments(connection)
    churn, value = _numbers(profile, explainer)
    reason = _reason(profile, model, {row["id"]: row for row in segments})
    words = Explained(churn_risk=churn, predicted_value=value, segment=reason)
    return profile.model_copy(update={"explanation": words})


def _numbers(
    profile: CustomerProfile, stored: dict[str, Any] | None
) -> tuple[ExplainedNumber | None, ExplainedNumber | None]:
    if stored is None or profile.churn_risk is None or profile.predicted_value is None:
        return None, None
    explainer, facts = Explainer.from_dict(stored), _facts(profile)
    return (
        _shown(explainer.churn(facts, profile.churn_risk), CHURN_PLACES),
        _shown(explainer.value(facts, profile.predicted_value), VALUE_PLACES),
    )


def _facts(profile: CustomerProfile) -> CustomerFacts:
    return CustomerFacts.one(
        recency_days=profile.recency_days or 0,
        frequency=profile.total_orders or 0,
        avg_order_value=profile.avg_order_value or 0.0,
        age_days=profile.age_days or 0,
        usual_gap_days=profile.usual_gap_days,
    )


def _shown(explanation: Explanation, places: int) -> ExplainedNumber:
    return ExplainedNumber.model_validate(explanation.rounded(places), from_attributes=True)


def _reason(
    profile: CustomerProfile, stored: dict[str, Any] | None, segments: dict[str, dict[str, Any]]
) -> SegmentReason | None:
    """Compare the customer with the rule, and try what would move them."""
    model = None if stored is None else StandingModel.from_dict(stored)
    segment_id = profile.archetype.id
    if model is None or segment_id is None or segment_id not in segments:
        return None
    customer = borders.behaviour_of_one(
        profile.recency_days or 0, profile.order_days or 1, profile.typical_order_value or 1.0
    )
    return SegmentReason(
        why=_own_facts(profile, float(model.value_rank(customer)[0])),
        rule=segments[segment_id]["profile"]["rule"]["sentence"],
        crossings=[
            _crossing(found, profile, segments)
            for found in borders.crossings(model, customer, segment_id)
        ],
    )


def _own_facts(profile: CustomerProfile, rank: float) -> str:
    days = profile.order_days or 1
    ordered = "Ordered on one day" if days == 1 else f"Ordered on {days} days"
    ago = f"the last order {_days(profile.recency_days or 0)} ago"
    if rank != rank:  # one-time buyers are not ranked
        return f"{ordered}, {ago}."
    side, share = ("top", 1 - rank) if rank >= 0.5 else ("lower", rank)
    place = f"{side} {max(round(100 * share), 1)} %"
    return f"{ordered}, {ago}, by value in the {place} of repeat customers."


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _crossing(
    found: borders.Crossing, profile: CustomerProfile, segments: dict[str, dict[str, Any]]
) -> Crossing:
    known = segments.get(found.segment_id)
    name = known["name"] if known else vocabulary.name_of(found.segment_id)
    if found.by == "orders":
        count = {1: "One more order", 2: "Two more orders", 3: "Three more orders"}[found.amount]
        sentence = (
            f"{count} of about {profile.typical_order_value:,.2f} would move this customer "
            f"to {name}."
        )
    else:
        sentence = f"Without an order for {_days(found.amount)} more they move to {name}."
    return Crossing(
        by=found.by,
        amount=found.amount,
        segment_id=found.segment_id,
        segment_name=name,
        sentence=sentence,
    )
