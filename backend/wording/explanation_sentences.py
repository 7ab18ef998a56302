"""Why a customer's numbers and segment are what they are, and what would move them."""

import math

from backend.behaviour.customer_facts import CustomerFacts
from backend.forecast.explainer import DETAILS, Explainer, NumberParts
from backend.results.explanation import Contribution, ExplainedFact, ExplainedNumber
from backend.segments.crossings import NextBorder
from backend.segments.vocabulary import Trait
from backend.wording.dates import counted, days
from backend.wording.money import money
from backend.wording.segment_sentences import HABITS

MORE = {2: "Two", 3: "Three"}


def number_in_words(
    parts: NumberParts, facts: CustomerFacts, explainer: Explainer, currency: str | None
) -> ExplainedNumber:
    """Say of each part of a number which fact it comes from; `facts` holds the customer alone."""
    reasons = _reasons(facts, explainer, currency)
    told = (
        Contribution(feature=part.feature, amount=part.amount, reason=reasons[part.feature])
        for part in parts.parts
    )
    return ExplainedNumber(base=parts.base, score=parts.score, contributions=tuple(told))


def _reasons(
    facts: CustomerFacts, explainer: Explainer, currency: str | None
) -> dict[ExplainedFact, str]:
    recency, gap = float(facts.recency_days[0]), float(facts.usual_gap_days[0])
    orders, amount = int(facts.frequency[0]), float(facts.avg_order_value[0])
    rhythm = "" if math.isnan(gap) else f"; usually orders every {counted(gap, 'day')}"
    return {
        "recency": f"{counted(recency, 'day')} since the last order{rhythm}",
        "frequency": f"{counted(orders, 'order')} so far; "
        f"the typical customer has {explainer.typical_frequency:.0f}",
        "order_value": f"{money(amount, currency)} per order; "
        f"the typical customer spends {money(explainer.typical_order_value, currency)}",
        "age": f"first ordered {counted(float(facts.age_days[0]), 'day')} ago",
        DETAILS: "how these combine, and finer details of the order history",
    }


def why_this_segment(
    order_days: int, recency_days: int, value_rank: float | None, habit: Trait | None
) -> str:
    """Say what of a customer with orders told their segment.

    Parameters
    ----------
    order_days, recency_days
        Days with orders, and since the last one.
    value_rank
        Among repeat customers, in [0, 1]; None for who is not ranked.
    habit
        The one whose segment they are in.
    """
    ordered = "Ordered on one day" if order_days == 1 else f"Ordered on {order_days} days"
    parts = [ordered, f"the last order {days(recency_days)} ago"]
    if value_rank is not None:
        parts.append(f"by value in the {_place(value_rank)} of repeat customers")
    if habit is not None:
        parts.append(HABITS[habit])
    return ", ".join(parts) + "."


def _place(value_rank: float) -> str:
    side, share = ("top", 1 - value_rank) if value_rank >= 0.5 else ("lower", value_rank)
    return f"{side} {max(round(100 * share), 1)} %"


def why_no_orders() -> str:
    """Say why a customer without orders is where they are."""
    return "Has not ordered yet."


def crossing_in_words(
    border: NextBorder, name: str, usual_order_value: float | None, currency: str | None
) -> str:
    """Say what would move a customer to the segment of this name; no usual value: no orders."""
    moved = f"would move this customer to {name}."
    if border.by == "silence":
        return f"Another {days(border.amount)} without an order {moved}"
    if usual_order_value is None:
        return f"A first order {moved}"
    about = f"of about {money(usual_order_value, currency)}"
    if border.within_days is not None:
        return f"One more order {about} within {days(border.within_days)} {moved}"
    return f"{MORE[border.amount]} more orders on different days, {about} each, {moved}"
