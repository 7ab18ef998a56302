"""What a campaign brought as a value: money, the picture, segments, statistics. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from backend.api.campaigns.schema import CampaignView
from backend.results.campaign import (
    ArmTold,
    CampaignAnswer,
    CampaignEffects,
    Effect,
    Goal,
    SegmentEffect,
    Verdict,
)
from backend.results.campaign_life import CountedAnswer
from backend.web.effect_intervals import IntervalFigure, IntervalRow, interval_figure
from backend.web.tile import Tile
from backend.wording import campaigns_room_sentences as words
from backend.wording import customers_room_sentences as list_words
from backend.wording.campaign_sentences import when_counted
from backend.wording.money import UNKNOWN, money_or_dash, rounded_money, signed_money

# Above it arms were not alike before, as Austin (2009) takes it.
NOTABLE = 0.1
Write = Callable[[float], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectLine:
    """One effect, by one way of measuring it."""

    measure: str
    difference: str
    low: str
    high: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmsLine:
    """One figure of both arms."""

    name: str
    treated: str
    held_out: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceLine:
    """How far the arms were apart before in one number."""

    name: str
    apart: str
    is_notable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerShown:
    """What a campaign brought.

    Attributes
    ----------
    is_bad, is_good
        Whether its verdict is one of harm or of uneven loss, and whether one of success.
    tiles
        Money, and what both arms did.
    counted, by_segment
        The goal's effect by when it was counted, and by segment; None where there is none.
    effects, arms, balance, checks
        The statistician's part.
    """

    is_good: bool
    is_bad: bool
    tiles: Sequence[Tile]
    counted: IntervalFigure | None
    by_segment: IntervalFigure | None
    effects: Sequence[EffectLine]
    arms: Sequence[ArmsLine]
    balance: Sequence[BalanceLine]
    checks: Sequence[str]


def answer_shown(
    campaign: CampaignView, names: Mapping[str, str], currency: str | None, zone: tzinfo
) -> AnswerShown:
    """Show what a campaign brought that was counted.

    Parameters
    ----------
    campaign
        With one answer at least.
    names
        What segments are called, by id.
    currency
        Of amounts, where it is known.
    zone
        The shop's time zone, in which days are told.
    """
    last = campaign.answers[0]
    one = last.answer
    shown = _Written(campaign.goal, currency)
    return AnswerShown(
        is_good=one.verdict is Verdict.MORE and one.final,
        is_bad=one.verdict in {Verdict.LESS, Verdict.UNEVEN_LOSS},
        tiles=[*_tiles(one, currency)],
        counted=_counted(campaign.answers, shown),
        by_segment=_by_segment(one.segments, names, shown, campaign.goal),
        effects=[] if one.effects is None else [*_effects(one.effects, currency)],
        arms=[*_arms(one.treated, one.held_out, currency)],
        balance=[*_balance(one)],
        checks=[words.counted_at(one.counted_at, zone), *_checks(one, currency)],
    )


@dataclass(frozen=True, slots=True)
class _Written:
    """How effects on a goal are written."""

    goal: Goal
    currency: str | None

    @property
    def difference(self) -> Write:
        if self.goal is Goal.BUYERS:
            return words.in_a_hundred_more
        return lambda amount: signed_money(amount, self.currency)

    @property
    def of_scale(self) -> Write:
        return words.signed_points if self.goal is Goal.BUYERS else lambda one: f"{one:,.6g}"

    def row(self, name: str, effect: Effect, *, is_early: bool = False) -> IntervalRow:
        low, high = self.difference(effect.low), self.difference(effect.high)
        return IntervalRow(
            name=name,
            value=effect.difference,
            low=effect.low,
            high=effect.high,
            written=self.difference(effect.difference),
            between=words.between(low, high),
            is_early=is_early,
        )


def _tiles(one: CampaignAnswer, currency: str | None) -> Iterator[Tile]:
    if one.effects is not None and one.verdict is not Verdict.UNEVEN_LOSS:
        yield from _money(one.effects, currency)
    treated, held_out = one.treated.means, one.held_out.means
    if treated is None or held_out is None:
        return
    for name, write, attribute in (
        (words.BOUGHT, _share, "buying_share"),
        (words.SPENT, lambda amount: rounded_money(amount, currency), "spend"),
    ):
        beside = words.HELD_OUT_BESIDE.format(figure=write(getattr(held_out, attribute)))
        yield Tile(name=name, figure=write(getattr(treated, attribute)), beside=beside)


def _money(effects: CampaignEffects, currency: str | None) -> Iterator[Tile]:
    brought = effects.brought_in
    low, high = (signed_money(one, currency) for one in (brought.low, brought.high))
    figure = signed_money(brought.value, currency)
    yield Tile(name=words.BROUGHT, figure=figure, beside=words.between(low, high))
    if brought.cost is not None:
        yield Tile(name=words.COSTS, figure=rounded_money(brought.cost, currency), beside="")
    # What may be nothing at all is no return.
    if brought.per_cost is not None and not brought.low <= 0 <= brought.high:
        yield Tile(name=words.RETURN, figure=f"{brought.per_cost:,.2f}", beside="")


def _counted(answers: Sequence[CountedAnswer], shown: _Written) -> IntervalFigure | None:
    rows = [
        shown.row(
            when_counted(one),
            one.answer.effects.of(shown.goal),
            is_early=not one.answer.final,
        )
        for one in answers
        if one.answer.effects is not None
    ]
    if not rows:
        return None
    early = f" {words.EARLY_READ}" if any(one.is_early for one in rows) else ""
    title, described = words.INTERVALS_OF[shown.goal], f"{words.INTERVALS_READ}{early}"
    return interval_figure(title, described, words.COUNTED, rows, shown.of_scale)


def _by_segment(
    segments: Sequence[SegmentEffect], names: Mapping[str, str], shown: _Written, goal: Goal
) -> IntervalFigure | None:
    rows = [
        shown.row(
            words.of_segment(
                names.get(one.segment_id, one.segment_id),
                one.counted.treated,
                one.counted.held_out,
            ),
            one.buyers if goal is Goal.BUYERS else one.spend,
        )
        for one in segments
    ]
    if not rows:
        return None
    title = f"{words.BY_SEGMENT}: {words.INTERVALS_OF[goal].lower()}"
    return interval_figure(title, words.BY_SEGMENT_READ, words.SEGMENT, rows, shown.of_scale)


def _effects(effects: CampaignEffects, currency: str | None) -> Iterator[EffectLine]:
    for name, measure in words.MEASURES.items():
        effect: Effect = getattr(effects, name)
        goal = Goal.BUYERS if name == "buyers" else Goal.SPEND
        write = _Written(goal, currency).difference
        yield EffectLine(
            measure=measure,
            difference=write(effect.difference),
            low=write(effect.low),
            high=write(effect.high),
        )


def _arms(treated: ArmTold, held_out: ArmTold, currency: str | None) -> Iterator[ArmsLine]:
    for name, told in words.ARM_FIGURES.items():
        both = (_of_arm(arm, name, currency) for arm in (treated, held_out))
        yield ArmsLine(name=told, treated=next(both), held_out=next(both))


def _of_arm(arm: ArmTold, name: str, currency: str | None) -> str:
    if name in {"drawn", "missing", "buyers"}:
        return f"{getattr(arm, name):,}"
    value: float | None = None if arm.means is None else getattr(arm.means, name)
    if name == "buying_share":
        return UNKNOWN if value is None else _share(value)
    return money_or_dash(value, currency)


def _balance(one: CampaignAnswer) -> Iterator[BalanceLine]:
    for name, apart in one.balance.items():
        told = list_words.number(name)
        yield BalanceLine(name=told, apart=words.apart(apart), is_notable=abs(apart) > NOTABLE)


def _checks(one: CampaignAnswer, currency: str | None) -> Iterator[str]:
    yield words.ratio_check(one.ratio_p_value)
    if one.effects is None:
        return
    limit, gain = one.effects.spend_limit, one.effects.precision_gain
    yield words.NO_LIMIT if limit is None else words.spend_limit(rounded_money(limit, currency))
    if gain is not None:
        yield words.precision_gain(gain)


def _share(share: float) -> str:
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"
