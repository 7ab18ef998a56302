"""One campaign as a value: what it can show, who is in it, and what it brought. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from backend.results.campaign import CampaignState, Detectable
from backend.web.rooms.campaigns.answer_shown import AnswerShown, answer_shown
from backend.web.rooms.campaigns.campaigns_page import link_to, list_link, said_of
from backend.web.rooms.campaigns.campaigns_reads import CampaignSeen
from backend.wording import campaigns_room_sentences as words
from backend.wording.campaign_sentences import GOALS
from backend.wording.customers_room_sentences import percent
from backend.wording.money import UNKNOWN, money_or_dash, rounded_money


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseLine:
    """What it can show by one measure."""

    measure: str
    usual: str
    smallest: str
    wanted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCampaignPage:
    """All that the page of a campaign says.

    Attributes
    ----------
    link, list_link
        Of this page, and of those who meet its conditions today.
    refusal
        Why something was not done; "" where nothing was refused.
    sentences
        What it brought or, until it was counted, what it can show: the first ahead of all else.
    facts
        How it was described.
    treated, csv
        Of who is to be reached; None before they are drawn.
    answer
        What was counted; None where nothing was.
    """

    link: str
    name: str
    state: str
    refusal: str
    sentences: Sequence[str]
    facts: Sequence[str]
    list_link: str
    promise: Sequence[PromiseLine]
    treated: str | None
    csv: str | None
    answer: AnswerShown | None
    can_start: bool
    can_close: bool
    can_give_up: bool


def one_campaign_page(seen: CampaignSeen, zone: tzinfo, refusal: str = "") -> OneCampaignPage:
    """Show one campaign.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which days are told.
    refusal
        Why something was not done.
    """
    one, currency = seen.campaign, seen.currency
    link = link_to(one.id)
    is_drawn = one.drawn is not None
    told = (one.created_at, one.closes_at, one.settles_at, one.ended_at)
    return OneCampaignPage(
        link=link,
        name=one.name,
        state=words.state(one.state, *told, zone, is_cut=one.window_is_cut),
        refusal=refusal,
        sentences=one.sentences,
        facts=_facts(seen),
        list_link=list_link(one.filter),
        promise=_promise(one.promise, currency),
        treated=f"{link}/treated" if is_drawn else None,
        csv=f"{link}/treated/csv" if is_drawn else None,
        answer=answer_shown(one, seen.names, currency, zone) if one.answers else None,
        can_start=one.state is CampaignState.DRAFT,
        can_close=one.state is CampaignState.RUNNING and one.ended_at is None,
        can_give_up=one.state in {CampaignState.DRAFT, CampaignState.RUNNING},
    )


def _facts(seen: CampaignSeen) -> list[str]:
    one = seen.campaign
    told = [
        *(said_of(one.filter, seen.names) or [words.EVERYBODY]),
        words.share_held_out(one.holdout_share),
        words.window(one.window_days),
        f"{words.GOAL}: {GOALS[one.goal].lower()}",
    ]
    if one.cost is not None:
        told.append(words.costs(rounded_money(one.cost, seen.currency)))
    if one.already_held_out:
        told.append(words.already_held_out(one.already_held_out))
    return told


def _promise(promise: Detectable, currency: str | None) -> list[PromiseLine]:
    buyers, spend = promise.smallest_buyers_effect, rounded_money(promise.usual_spend, currency)
    by_spend = (
        ("spend", promise.smallest_spend_effect, promise.customers_for_spend),
        (
            "adjusted",
            promise.smallest_adjusted_spend_effect,
            promise.customers_for_adjusted_spend,
        ),
    )
    return [
        PromiseLine(
            measure=words.SHOWS["buyers"],
            usual=percent(promise.usual_buying_share),
            smallest=UNKNOWN if buyers is None else words.in_a_hundred_more(buyers),
            wanted=_count(promise.customers_for_buyers),
        ),
        *(
            PromiseLine(
                measure=words.SHOWS[name],
                usual=spend,
                smallest=UNKNOWN if smallest is None else f"+{money_or_dash(smallest, currency)}",
                wanted=_count(wanted),
            )
            for name, smallest, wanted in by_spend
        ),
    ]


def _count(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"
