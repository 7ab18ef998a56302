"""One customer as a value: who they are, what is expected of them, and why. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from urllib.parse import urlencode

from backend.api.customers.schema import CustomerProfile
from backend.core.glossary import Status
from backend.results.customer_numbers import SHOWN
from backend.results.explanation import ExplainedNumber
from backend.results.move import Move
from backend.web.cells import value_at, written
from backend.web.entrance import APP
from backend.web.rooms.customers.one_customer_reads import CustomerSeen
from backend.web.tile import Tile
from backend.wording import customers_room_sentences as list_words
from backend.wording import one_customer_sentences as words
from backend.wording.dates import short_day
from backend.wording.money import UNKNOWN, money_or_dash, rounded_money

PAGE = f"{APP}/customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRow:
    """What one fact adds to a number, in words."""

    reason: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoned:
    """A number, from the shop's mean to this customer's."""

    title: str
    base: str
    facts: Sequence[FactRow]
    score: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRow:
    """One change of segment."""

    when: str
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    """A number of the profile, and what it means."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCustomerPage:
    """All that the page says.

    Attributes
    ----------
    name
        What they are called; the id where no name is known, or none may be seen.
    email
        None where none is known, or none may be seen.
    segment_id, segment
        Where they are; None for whom no run has seen.
    status
        Why numbers are unknown; "" where they are not.
    held_out
        Until when a campaign holds them out; "" where none does.
    address, orders
        Of this page, and of the orders alone.
    refusal
        Why nothing was erased; "" where nobody asked.
    """

    id: str
    name: str
    email: str | None
    segment_id: str | None
    segment: str
    about: str
    status: str
    held_out: str
    figures: Sequence[Tile]
    why_segment: str
    rule: str
    crossings: Sequence[str]
    reasoned: Sequence[Reasoned]
    moves: Sequence[MoveRow]
    numbers: Sequence[NumberRow]
    address: str
    orders: str
    refusal: str


def one_customer_page(seen: CustomerSeen, zone: tzinfo, refusal: str = "") -> OneCustomerPage:
    """Show one customer.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which days are told.
    refusal
        Why nothing was erased.
    """
    one = seen.profile
    reason = one.explanation and one.explanation.segment
    return OneCustomerPage(
        id=one.customer_id,
        name=_called(one),
        email=one.email,
        segment_id=one.archetype.id,
        segment=one.archetype.name or UNKNOWN,
        about=words.UNSEEN if one.as_of is None else words.as_of(one.as_of, zone),
        status="" if one.status == Status.SCORED else list_words.status(one.status),
        held_out=_held_out(one, zone),
        figures=_figures(seen, zone),
        why_segment=reason.why if reason else "",
        rule=(reason.rule or "") if reason else "",
        crossings=[crossing.sentence for crossing in reason.crossings] if reason else [],
        reasoned=_reasoned(seen),
        moves=_moves(seen, zone),
        numbers=_numbers(one, zone),
        address=f"{PAGE}?{urlencode({'id': one.customer_id})}",
        orders=f"{PAGE}/orders?{urlencode({'id': one.customer_id})}",
        refusal=refusal,
    )


def _held_out(one: CustomerProfile, zone: tzinfo) -> str:
    if one.held_out_until is None:
        return ""
    return words.held_out(written("held_out_until", one.held_out_until, None, zone))


def _called(one: CustomerProfile) -> str:
    name = " ".join(filter(None, (one.first_name, one.last_name)))
    return str(name or one.email or one.customer_id)


def _currency(seen: CustomerSeen) -> str | None:
    return next((one.currency for one in seen.segments), None)


def _figures(seen: CustomerSeen, zone: tzinfo) -> list[Tile]:
    one, currency = seen.profile, _currency(seen)

    def told(name: str, number: str, beside: str) -> Tile:
        figure = written(number, getattr(one, number), currency, zone)
        return Tile(name=name, figure=figure, beside=beside)

    churn_days = words.without_an_order(seen.horizons.churn_days)
    return [
        told(words.EXPECTED, "predicted_value", _interval(seen, currency)),
        told(words.LEAVING, "churn_risk", churn_days),
        told(words.AT_RISK, "value_at_risk", words.IF_THEY_STAYED),
        told(words.BROUGHT, "historical_value", words.by_orders(one.total_orders or 0)),
        told(
            words.NEXT_ORDER,
            "next_order_p50",
            words.between(one.next_order_p10, one.next_order_p90, zone),
        ),
        told(
            words.LAST_ORDER,
            "last_order_at",
            "" if one.recency_days is None else words.ago(one.recency_days),
        ),
    ]


def _interval(seen: CustomerSeen, currency: str | None) -> str:
    one, reach = seen.profile, words.expected_in(seen.horizons.prediction_days)
    if one.predicted_value_low is None or one.predicted_value_high is None:
        return reach
    ends = (one.predicted_value_low, one.predicted_value_high)
    return f"{reach}; {words.interval(*(rounded_money(end, currency) for end in ends))}"


def _reasoned(seen: CustomerSeen) -> list[Reasoned]:
    explanation, currency = seen.profile.explanation, _currency(seen)
    if explanation is None:
        return []

    def amount(value: float) -> str:
        return money_or_dash(value, currency)

    def more_or_less(value: float) -> str:
        return words.added(amount(abs(value)), is_more=value >= 0)

    told = (
        (words.WHY_LEAVING, explanation.churn_risk, list_words.percent, words.points),
        (words.WHY_EXPECTED, explanation.predicted_value, amount, more_or_less),
    )
    return [
        _from_mean_to_customer(title, number, write, add)
        for title, number, write, add in told
        if number is not None
    ]


def _from_mean_to_customer(
    title: str,
    number: ExplainedNumber,
    write: Callable[[float], str],
    add: Callable[[float], str],
) -> Reasoned:
    return Reasoned(
        title=title,
        base=write(number.base),
        facts=[FactRow(reason=one.reason, amount=add(one.amount)) for one in number.contributions],
        score=write(number.score),
    )


def _moves(seen: CustomerSeen, zone: tzinfo) -> list[MoveRow]:
    names = {one.id: one.name for one in seen.segments}
    return [_move(one, names, zone) for one in seen.moves]


def _move(move: Move, names: Mapping[str, str], zone: tzinfo) -> MoveRow:
    def called(segment_id: str | None, nowhere: str) -> str:
        return nowhere if segment_id is None else names.get(segment_id, segment_id)

    return MoveRow(
        when=short_day(move.changed_at, zone),
        before=called(move.from_segment_id, words.NOWHERE),
        after=called(move.to_segment_id, words.GONE),
        why=words.cause(move.cause),
    )


def _numbers(one: CustomerProfile, zone: tzinfo) -> list[NumberRow]:
    row: Mapping[str, Any] = one.model_dump()
    named = ((str(number.shown_as), number) for number in SHOWN)
    return [
        NumberRow(
            name=list_words.number(name),
            value=written(name, value_at(row, name), None, zone),
            meaning=number.description,
        )
        for name, number in named
    ]
