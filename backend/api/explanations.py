"""Why this number: worked out when asked, from what the run published.

A run stores its distilled forecast, some kilobytes; explaining one customer with it takes
microseconds, so profiles stay small and no run writes an explanation that nobody reads.
"""

from backend.api.dependencies import ApiState
from backend.api.schemas import CustomerProfile, ExplainedNumber
from backend.api.schemas import Explanation as Explained
from backend.data import runs
from backend.data.engine import transaction
from backend.modelling.explain import Explainer, Explanation
from backend.modelling.facts import CustomerFacts

CHURN_PLACES, VALUE_PLACES = 4, 2


async def explained(state: ApiState, profile: CustomerProfile) -> CustomerProfile:
    """Add to a profile why its numbers are what they are; nothing where they are unknown."""
    if profile.run_id is None or profile.churn_risk is None or profile.predicted_value is None:
        return profile
    async with transaction(state.engine) as connection:
        stored = await runs.read_explainer(connection, profile.run_id)
    if stored is None:
        return profile
    explainer, facts = Explainer.from_dict(stored), _facts(profile)
    words = Explained(
        churn_risk=_shown(explainer.churn(facts, profile.churn_risk), CHURN_PLACES),
        predicted_value=_shown(explainer.value(facts, profile.predicted_value), VALUE_PLACES),
    )
    return profile.model_copy(update={"explanation": words})


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
