"""Why this number and why this segment: worked out when asked, from what the run published.

A run stores its distilled forecast and the borders of its segments, some kilobytes; explaining
one customer with them takes milliseconds, so profiles stay small and no run writes an
explanation that nobody reads.
"""

import math
from collections.abc import Mapping

from backend import store
from backend.api.customers.schema import CustomerProfile, numbers_of
from backend.api.state import ApiState
from backend.behaviour.customer_facts import CustomerFacts
from backend.database.engine import transaction
from backend.forecast.explainer import Explainer
from backend.results.customer_numbers import CustomerNumbers
from backend.results.explanation import Crossing, ExplainedNumber, Explanation, SegmentReason
from backend.results.segment import Segment
from backend.segments import crossings, vocabulary
from backend.segments.buyers import Behaviour
from backend.segments.crossings import NextBorder
from backend.segments.segment_model import SegmentModel
from backend.wording.explanation_sentences import (
    crossing_in_words,
    number_in_words,
    why_no_orders,
    why_this_segment,
)
from backend.wording.segment_names import known_name

CHURN_PLACES, VALUE_PLACES = 4, 2


async def explained(state: ApiState, profile: CustomerProfile) -> CustomerProfile:
    """Add to a profile why its numbers and its segment are what they are."""
    if profile.run_id is None:
        return profile
    async with transaction(state.engine) as connection:
        explainer = await store.read_explainer(connection, profile.run_id)
        model = await store.read_model(connection, profile.run_id)
        published = await store.read_segments(connection)
    segments = {one.id: one for one in published.segments}
    currency = published.currency
    numbers = numbers_of(profile)
    churn, value = _explained(numbers, explainer, currency)
    reason = _reason(numbers, model, segments, currency)
    words = Explanation(churn_risk=churn, predicted_value=value, segment=reason)
    told: CustomerProfile = profile.model_copy(update={"explanation": words})
    return told


def _explained(
    numbers: CustomerNumbers, explainer: Explainer | None, currency: str | None
) -> tuple[ExplainedNumber | None, ExplainedNumber | None]:
    if explainer is None or numbers.churn_risk is None or numbers.predicted_value is None:
        return None, None
    facts = _facts(numbers)
    churn = explainer.churn(facts, float(numbers.churn_risk)).rounded(CHURN_PLACES)
    value = explainer.value(facts, float(numbers.predicted_value)).rounded(VALUE_PLACES)
    return (
        number_in_words(churn, facts, explainer, currency),
        number_in_words(value, facts, explainer, currency),
    )


def _facts(numbers: CustomerNumbers) -> CustomerFacts:
    return CustomerFacts.one(
        recency_days=numbers.recency_days or 0,
        frequency=numbers.frequency or 0,
        avg_order_value=float(numbers.avg_order_value or 0),
        age_days=numbers.age_days or 0,
        usual_gap_days=numbers.usual_gap_days,
    )


def _reason(
    numbers: CustomerNumbers,
    model: SegmentModel | None,
    segments: Mapping[str, Segment],
    currency: str | None,
) -> SegmentReason | None:
    """Compare the customer with the rule, and try what would move them."""
    segment = segments.get(numbers.archetype_id or "")
    if segment is None:
        return None
    customer = _behaviour(numbers)
    if customer is None:
        why, found = why_no_orders(), [] if model is None else [crossings.first_order(model)]
    else:
        why, found = _why(numbers, customer, model), []
        if model is not None:
            found = [*crossings.crossings(model, customer, segment.id)]
    return SegmentReason(
        why=why,
        rule=segment.rule.sentence,
        crossings=tuple(_crossing(border, numbers, segments, currency) for border in found),
    )


def _behaviour(numbers: CustomerNumbers) -> Behaviour | None:
    """Return what the segment was told by; None without orders."""
    recency, days = numbers.recency_days, numbers.order_days
    value = numbers.typical_order_value
    if recency is None or not days or value is None:
        return None
    return crossings.behaviour_of_one(recency, days, value)


def _why(numbers: CustomerNumbers, customer: Behaviour, model: SegmentModel | None) -> str:
    rank = math.nan if model is None else float(model.value_rank(customer)[0])
    return why_this_segment(
        numbers.order_days or 1,
        numbers.recency_days or 0,
        None if math.isnan(rank) else rank,
        vocabulary.TRAIT_IDS.get(numbers.archetype_id or ""),
    )


def _crossing(
    found: NextBorder,
    numbers: CustomerNumbers,
    segments: Mapping[str, Segment],
    currency: str | None,
) -> Crossing:
    known = segments.get(found.segment_id)
    name = known.name if known else known_name(found.segment_id)
    return Crossing(
        by=found.by,
        amount=found.amount,
        within_days=found.within_days,
        segment_id=found.segment_id,
        segment_name=name,
        sentence=crossing_in_words(found, name, numbers.typical_order_value, currency),
    )
