"""What a campaign can show, how far it is and what it brought, as a marketer understands it."""

from collections.abc import Iterator, Mapping

from backend.results.campaign import (
    CampaignAnswer,
    CampaignEffects,
    CampaignState,
    Detectable,
    Effect,
    Goal,
    Verdict,
)
from backend.results.campaign_life import AnswerKind, Campaign, CountedAnswer
from backend.wording.money import rounded_money

STATES: Mapping[CampaignState, str] = {
    CampaignState.DRAFT: "Draft",
    CampaignState.RUNNING: "Running",
    CampaignState.CLOSED: "Closed",
    CampaignState.ABANDONED: "Given up",
}
GOALS: Mapping[Goal, str] = {Goal.BUYERS: "More buyers", Goal.SPEND: "More spend"}
KINDS: Mapping[AnswerKind, str] = {
    AnswerKind.LOOK: "A look before the window closed",
    AnswerKind.AT_CLOSE: "When the window had closed",
    AnswerKind.SETTLED: "Fourteen days later, refunds known",
}
CUT_SHORT = "When the window was cut short"
LETTING_GO = (
    "It has ended. Who it held out is being let go, some thousands at a time: until then lists "
    "still show them as held out."
)
NOT_ENOUGH = "Not enough data to tell."


def when_counted(counted: CountedAnswer) -> str:
    """Say when something was counted."""
    is_cut = counted.kind is AnswerKind.AT_CLOSE and not counted.answer.final
    return CUT_SHORT if is_cut else KINDS[counted.kind]


def campaign_sentences(campaign: Campaign, currency: str | None) -> list[str]:
    """Say what it can show, and once something was counted what that says."""
    ending = [LETTING_GO] if campaign.letting_go_since is not None else []
    answers = campaign.latest_first
    if answers:
        return [*ending, *answer_sentences(answers[0], currency)]
    return [*ending, *promise_sentences(campaign.promise, campaign.wanted.goal, currency)]


def promise_sentences(promise: Detectable, goal: Goal, currency: str | None) -> Iterator[str]:
    """Say who is in it, and what it would see four times out of five."""
    arms = promise.audience
    yield (
        f"Of {arms.treated + arms.held_out:,} customers {arms.treated:,} are to be reached and "
        f"{arms.held_out:,} are not."
    )
    yield (
        f"Without it {_percent(promise.usual_buying_share)} of such customers buy in so long, and "
        f"one spends {rounded_money(promise.usual_spend, currency)} on average."
    )
    yield _seen(promise, goal, currency)
    if (wanted := _wanted(promise, goal)) is not None:
        yield f"To see 5 % more it would take {wanted:,} customers."


def _seen(promise: Detectable, goal: Goal, currency: str | None) -> str:
    begun = "Four times out of five it would be seen that"
    if goal is Goal.BUYERS:
        if (effect := promise.smallest_buyers_effect) is None:
            return NOT_ENOUGH
        usual = promise.usual_buying_share
        return f"{begun} {_percent(usual + effect)} buy instead of {_percent(usual)}, or more."
    plain, adjusted = promise.smallest_spend_effect, promise.smallest_adjusted_spend_effect
    if plain is None:
        return NOT_ENOUGH
    with_forecast = "" if adjusted is None else _by_the_forecast(plain, adjusted, currency)
    smallest = rounded_money(plain if adjusted is None else adjusted, currency)
    return f"{begun} a customer spends {smallest} more, or still more{with_forecast}."


def _by_the_forecast(plain: float, adjusted: float, currency: str | None) -> str:
    if adjusted >= plain:
        return ""
    return f"; without the forecast {rounded_money(plain, currency)}"


def _wanted(promise: Detectable, goal: Goal) -> int | None:
    if goal is Goal.BUYERS:
        return promise.customers_for_buyers
    adjusted = promise.customers_for_adjusted_spend
    return promise.customers_for_spend if adjusted is None else adjusted


def answer_sentences(counted: CountedAnswer, currency: str | None) -> Iterator[str]:
    """Say what was found, in the words of its goal, and how far that can be relied on."""
    answer = counted.answer
    yield _verdict(answer, currency)
    if answer.effects is not None and answer.verdict is not Verdict.UNEVEN_LOSS:
        yield from _in_money(answer.effects, currency)
    if counted.kind is AnswerKind.LOOK:
        yield (
            "The window is still open: who decides by such a look finds effects that are none "
            "more often than one time in twenty."
        )
    elif not answer.final:
        yield (
            "Its window was cut short, so this is an early look: who decides by such a look finds "
            "effects that are none more often than one time in twenty."
        )
    if counted.kind is AnswerKind.AT_CLOSE:
        yield "Refunds of the last days may be missing: it is counted once more after 14 days."


def _verdict(answer: CampaignAnswer, currency: str | None) -> str:
    if answer.verdict is Verdict.UNEVEN_LOSS:
        return (
            "One arm lost more of its customers than chance would take, so nothing can be "
            "concluded: look for what erases or merges customers of one arm alone."
        )
    if answer.effects is None:
        return f"{NOT_ENOUGH} One of the arms has too few customers left."
    effect = answer.effects.of(answer.goal)
    compared = _compared(answer, effect, currency)
    match answer.verdict:
        case Verdict.MORE:
            return f"It worked: {compared}"
        case Verdict.LESS:
            return f"It did harm: {compared}"
    return f"{NOT_ENOUGH} {compared[0].upper()}{compared[1:]}"


def _compared(answer: CampaignAnswer, effect: Effect, currency: str | None) -> str:
    if answer.goal is Goal.BUYERS:
        low, high = (_points(one) for one in (effect.low, effect.high))
        return (
            f"of 100 who were reached {_points(effect.difference)} more bought than of 100 who "
            f"were held out, between {low} and {high} with 95 % confidence."
        )
    low, high = (rounded_money(one, currency) for one in (effect.low, effect.high))
    return (
        f"a customer who was reached spent {rounded_money(effect.difference, currency)} more than "
        f"one who was held out, between {low} and {high} with 95 % confidence."
    )


def _in_money(effects: CampaignEffects, currency: str | None) -> Iterator[str]:
    brought = effects.brought_in
    low, high = (rounded_money(one, currency) for one in (brought.low, brought.high))
    if brought.low <= 0 <= brought.high:
        yield f"What that is in money cannot be told: all together between {low} and {high}."
        return
    told = f"All together it brought {rounded_money(brought.value, currency)}"
    yield f"{told}, between {low} and {high}."
    if brought.per_cost is not None and brought.cost is not None:
        cost = rounded_money(brought.cost, currency)
        yield f"For each unit of the {cost} that it cost, {brought.per_cost:,.2f} came back."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(difference: float) -> str:
    return f"{100 * difference:.1f}"
