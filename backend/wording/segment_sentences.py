"""What is said of segments: their rules, what sets two apart, what became of borders."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import singledispatch

from backend.core.glossary import Decision, Fate
from backend.results.move import SegmentEvent
from backend.results.segment import Apart, Nearest, Rule, Segment
from backend.segments.axes import AXES
from backend.segments.clustering_notes import (
    AskedForOne,
    BordersHeldBack,
    ClusteringNote,
    CurvesAssumed,
    EnoughForOne,
    FewerJustified,
    FewerLargeEnough,
    HeldToFewer,
    TooFewToCluster,
)
from backend.segments.rule import Bound, RuleFacts
from backend.segments.vocabulary import Trait
from backend.wording.money import money, rounded_money
from backend.wording.shares import percent

HABITS: Mapping[Trait, str] = {
    "subscription": "orders at nearly even intervals",
    "bulk": "buys many units per order",
    "holiday": "orders mostly from 10 November to the year's end",
    "weekend": "orders mostly on weekends",
}
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}
TOP = {5: "top twentieth", 10: "top tenth", 20: "top fifth", 25: "top quarter", 50: "upper half"}
# How each axis is said; the number stands in for {}.
ON_AXIS: Mapping[str, str] = {
    "recency_days": "last order {} days ago",
    "frequency": "{} orders",
    "monetary_avg": "{} per order",
    "usual_gap_days": "{} days between orders",
    "rhythm": "irregularity {} of the days between orders",
    "trend": "{} of orders in the later half of the time known",
    "basket_size": "{} units per order",
    "product_variety": "{} of order lines with a product of their own",
    "vendor_variety": "{} vendors",
    "repurchase_share": "{} of products bought again",
    "weekend_share": "{} of orders on weekends",
    "season_share": "{} of orders before the holidays",
}
REFITS: Mapping[Decision, str] = {
    Decision.FIRST: "The borders between segments were learnt for the first time.",
    Decision.KEPT: "The borders that an earlier run learnt hold.",
    Decision.ADOPTED: "New borders were learnt and adopted.",
    Decision.HELD_BACK: (
        "New borders were learnt and held back: they would move too many at once."
    ),
    Decision.FORCED: "New borders were adopted as asked for.",
    Decision.TOO_FEW: "There are no borders: all customers with orders are one segment.",
}


def measured_in_words(measured: Iterable[tuple[Segment, RuleFacts]]) -> tuple[Segment, ...]:
    """Put each segment's rule into it, in words, and what sets it apart from its nearest."""
    ruled = ((segment, rule_in_words(facts)) for segment, facts in measured)
    return told_apart(replace(one, rule=rule, description=rule.sentence) for one, rule in ruled)


def rule_in_words(facts: RuleFacts) -> Rule:
    """Say in one sentence who is in a segment."""
    return Rule(
        least_order_days=facts.least_order_days,
        recency_from_days=facts.recency_from_days,
        recency_to_days=facts.recency_to_days,
        value_from=facts.value_from,
        value_to=facts.value_to,
        precision=facts.precision,
        recall=facts.recall,
        sentence=rule_sentence(facts),
    )


def rule_sentence(facts: RuleFacts) -> str:
    """Name days with orders, the bounds that are worth saying, and a habit."""
    if facts.least_order_days is None:
        return "Has not ordered yet."
    if facts.everybody:
        return "Has ordered at least once."
    habit = "" if facts.habit is None else HABITS[facts.habit]
    parts = (_ordered(facts.once, facts.least_order_days), _recency(facts), _value(facts), habit)
    return ", ".join(part for part in parts if part) + "."


def _ordered(once: bool, least: int) -> str:
    if once:
        return "Ordered on one day only"
    return "Has ordered" if least < 2 else f"Ordered on at least {NUMBERS.get(least, least)} days"


def _recency(facts: RuleFacts) -> str:
    low, high = facts.recency_from_days, facts.recency_to_days
    after, before = (one in facts.worth_saying for one in (Bound.RECENCY_FROM, Bound.RECENCY_TO))
    if after and before:
        return f"last order {low} to {high} days ago"
    if before:
        return f"last order within {high} days"
    return f"last order more than {low} days ago" if after else ""


def _value(facts: RuleFacts) -> str:
    lowest = round(100 * (facts.value_from or 0.0))
    highest = round(100 * (1 - (1.0 if facts.value_to is None else facts.value_to)))
    above, below = (one in facts.worth_saying for one in (Bound.VALUE_FROM, Bound.VALUE_TO))
    if above and below:
        return f"between the lowest {lowest} % and the top {highest} % by value"
    if above:
        return f"{TOP.get(100 - lowest, f'top {100 - lowest} %')} by value"
    if below:
        return f"{'lower half' if highest == 50 else f'lower {100 - highest} %'} by value"
    return ""


def told_apart(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Say what sets each segment apart from its nearest, by the name that one has here."""
    listed = tuple(segments)
    names = {one.id: one.name for one in listed}
    return tuple(
        replace(one, nearest=one.nearest and _nearest_in_words(one.nearest, names, one.currency))
        for one in listed
    )


def in_currency(segments: Iterable[Segment], currency: str | None) -> tuple[Segment, ...]:
    """Say the segments' amounts in the shop's currency."""
    return told_apart(replace(one, currency=currency) for one in segments)


def _nearest_in_words(nearest: Nearest, names: Mapping[str, str], currency: str | None) -> Nearest:
    """Name the nearest; who is not among the names keeps the name told."""
    name = names.get(nearest.id, nearest.name)
    facts = "; ".join(_apart_in_words(apart, currency) for apart in nearest.apart)
    return replace(nearest, name=name, sentence=f"Unlike {name}: {facts}." if facts else None)


def _apart_in_words(apart: Apart, currency: str | None) -> str:
    here, there = (
        on_axis(apart.characteristic, one, currency) for one in (apart.here, apart.there)
    )
    return ON_AXIS[apart.characteristic].format(f"{here} instead of {there}")


def on_axis(axis: str, value: float, currency: str | None) -> str:
    """Write a value of an axis as people read it."""
    match AXES[axis]:
        case "days":
            return f"{value:,.0f}"
        case "currency":
            return money(value, currency)
        case "share":
            return f"{value:.0%}".replace("%", " %")
        case _:
            return f"{value:,.3g}"


def carried_in_words(segment: Segment) -> str | None:
    """Say what is typical where one customer carries a segment's mean; None where nobody does."""
    mean, median, share = segment.avg_ltv, segment.median_ltv, segment.largest_ltv_share
    if not segment.ltv_carried_by_one or mean is None or median is None or share is None:
        return None
    usual, average = (rounded_money(one, segment.currency) for one in (median, mean))
    return (
        f"One customer is {percent(share)} of this segment's lifetime value: "
        f"the median is {usual}, the mean {average}."
    )


def refit_in_words(decision: Decision | None) -> str:
    """Say what became of the borders between segments; nothing where a report does not know."""
    return "" if decision is None else REFITS[decision]


def event_in_words(event: SegmentEvent, names: Mapping[str, str]) -> str:
    """Say where a segment came from, or what became of it."""
    name = names[event.segment_id]
    others = [f"{names[one]} ({share:.0%})" for one, share in event.relatives.items()]
    relatives = " and ".join(filter(None, [", ".join(others[:-1]), *others[-1:]]))
    match event.event:
        case Fate.SPLIT:
            return f"{name} came off another segment: its customers were in {relatives}."
        case Fate.BORN:
            return f"{name} is new" + (f": its customers were in {relatives}." if others else ".")
        case Fate.MERGED:
            return f"{name} went into another segment: its customers are in {relatives}."
        case _:
            return f"{name} is gone" + (f": its customers are in {relatives}." if others else ".")


@singledispatch
def clustering_note(note: ClusteringNote) -> str:
    """Say one thing about a clustering."""
    raise NotImplementedError(type(note).__name__)


@clustering_note.register
def _(note: TooFewToCluster) -> str:
    return f"{note.customers} customers with orders are too few to cluster: one segment."


@clustering_note.register
def _(_: AskedForOne) -> str:
    return "Held to 1 segment, as asked for."


@clustering_note.register
def _(note: EnoughForOne) -> str:
    return f"{note.customers} customers with orders are enough for 1 segment only."


@clustering_note.register
def _(note: FewerJustified) -> str:
    return f"Asked for at least {note.asked_k} segments, the data justify {note.justified_k}."


@clustering_note.register
def _(note: FewerLargeEnough) -> str:
    return f"Only {note.k} segments are large enough to be told apart."


@clustering_note.register
def _(note: HeldToFewer) -> str:
    return f"Held to {note.k} segments; the data justify more."


@clustering_note.register
def _(_: CurvesAssumed) -> str:
    return "Too few customers came back to learn from: segments follow assumed curves."


@clustering_note.register
def _(note: BordersHeldBack) -> str:
    return (
        f"New borders were held back: they would move {note.would_move:.1%} of the customers "
        'who did not order. Ask for a run with refit "force" to adopt them.'
    )
