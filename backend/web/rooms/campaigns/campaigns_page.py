"""Campaigns as values: all of them, and the form that describes one. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from urllib.parse import urlencode

from backend.api.campaigns.schema import CampaignView
from backend.core.glossary import HeldOut
from backend.results.campaign import Goal
from backend.results.customer_filter import CONDITIONS
from backend.web.entrance import APP
from backend.web.list_address import SEVERAL, ListAddress
from backend.web.rooms.campaigns.campaigns_reads import CampaignsSeen
from backend.wording import campaigns_room_sentences as words
from backend.wording import customers_room_sentences as list_words
from backend.wording.campaign_sentences import GOALS, STATES
from backend.wording.dates import short_day
from backend.wording.money import UNKNOWN

CAMPAIGNS = f"{APP}/campaigns"
USUAL: Mapping[str, str] = {"holdout_percent": "20", "window_days": "30", "goal": str(Goal.SPEND)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignLine:
    """A campaign in the table."""

    link: str
    name: str
    state: str
    came_of: str
    customers: str
    closes: str


@dataclass(frozen=True, slots=True)
class GoalChoice:
    """A goal that may be chosen."""

    value: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignForm:
    """A campaign that is to be described, as far as somebody filled it in.

    Attributes
    ----------
    who
        Conditions in words; none: every customer.
    list_link
        Of those customers.
    kept
        The conditions again: names and values.
    refusal
        Why it was not kept; "" where nothing was refused.
    is_open
        Whether to show it at once.
    """

    who: Sequence[str]
    list_link: str
    kept: Sequence[tuple[str, str]]
    name: str
    holdout_percent: str
    window_days: str
    goals: Sequence[GoalChoice]
    cost: str
    refusal: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignsPage:
    """All campaigns, and the form for a new one.

    Attributes
    ----------
    lines
        Those that can be told of.
    unreadable
        Of the others, what each is called, and why.
    following
        Asks for the next page of them; None after the last.
    form
        For a new one.
    """

    lines: Sequence[CampaignLine]
    unreadable: Sequence[tuple[str, str]]
    following: str | None
    form: CampaignForm


def campaigns_page(
    seen: CampaignsSeen, asked: ListAddress, zone: tzinfo, refusal: str = ""
) -> CampaignsPage:
    """Show all campaigns.

    Parameters
    ----------
    seen
        What was read.
    asked
        What a new one is to be like: conditions of a list, and what was filled in.
    zone
        The shop's time zone, in which days are told.
    refusal
        Why one was not kept.
    """
    return CampaignsPage(
        lines=[_line(one, zone) for one in seen.campaigns],
        unreadable=[(one.name, one.why) for one in seen.unreadable],
        following=seen.next_cursor and f"{CAMPAIGNS}?{urlencode({'cursor': seen.next_cursor})}",
        form=_form(seen, asked, refusal),
    )


def link_to(campaign_id: str) -> str:
    """Return the address of a campaign's page."""
    return f"{CAMPAIGNS}/{campaign_id}"


def _line(one: CampaignView, zone: tzinfo) -> CampaignLine:
    arms = one.promise.audience if one.drawn is None else one.drawn.arms
    return CampaignLine(
        link=link_to(one.id),
        name=one.name,
        state=STATES[one.state],
        came_of=_came_of(one),
        customers=f"{arms.treated + arms.held_out:,}",
        closes=UNKNOWN if one.closes_at is None else short_day(one.closes_at, zone),
    )


def _came_of(one: CampaignView) -> str:
    last = next(iter(one.answers), None)
    if last is None:
        return words.NOT_COUNTED.get(one.state, UNKNOWN)
    return words.verdict(last.answer.verdict, is_early=not last.answer.final)


def _form(seen: CampaignsSeen, asked: ListAddress, refusal: str) -> CampaignForm:
    chosen = chosen_in(asked)
    kept = _kept(chosen)
    filled = {name: asked.last(name) or usual for name, usual in USUAL.items()}
    was_sent = bool(asked.last("goal"))
    return CampaignForm(
        who=said_of(chosen, seen.names),
        list_link=list_link(chosen),
        kept=kept,
        name=asked.last("name"),
        holdout_percent=filled["holdout_percent"],
        window_days=asked.last("window_days") if was_sent else filled["window_days"],
        goals=[GoalChoice(str(one), GOALS[one], str(one) == filled["goal"]) for one in Goal],
        cost=asked.last("cost"),
        refusal=refusal,
        is_open=bool(refusal or kept or not seen.campaigns),
    )


def chosen_in(asked: ListAddress) -> dict[str, Any]:
    """Return the conditions that an address gives, as the API's `filter` has them."""
    # Lists include who is held out where nothing is said: to say so is no condition.
    names = [one.name for one in CONDITIONS if asked.last(one.name) not in {"", HeldOut.INCLUDE}]
    return {one: asked.words(one) if one in SEVERAL else asked.last(one) for one in names}


def said_of(chosen: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """Say who is in a campaign, a condition each.

    Parameters
    ----------
    chosen
        As `filter` of the API has it.
    names
        What segments are called, by id.
    """
    return [
        words.chosen_by(list_words.condition(one.name, one.meaning), _said(one.of, value, names))
        for one in CONDITIONS
        if (value := chosen.get(one.name)) not in (None, [], "")
    ]


def _said(of: str, value: Any, names: Mapping[str, str]) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        match of:
            case "status":
                yield list_words.status(one)
            case "held_out_until":
                yield list_words.held_out(HeldOut(one))
            case _:
                yield names.get(str(one), str(one))


def list_link(chosen: Mapping[str, Any]) -> str:
    """Return the address of the list of those who meet a campaign's conditions."""
    return ListAddress(tuple(_kept(chosen))).path


def _kept(chosen: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return conditions as an address and fields of a form have them."""
    return [
        (name, ",".join(one) if isinstance(one, list) else str(one)) for name, one in chosen.items()
    ]
