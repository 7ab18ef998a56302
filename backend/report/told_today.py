"""What Today says, as text: the page, a run's report and the digest tell it alike. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from backend.forecast.summed_up import leavers_found, total_range
from backend.results.outlook import Outlook
from backend.results.run_report import RunReport
from backend.results.segment import Segment
from backend.segments.life_stages import LifeStage, life_stage
from backend.wording import today_sentences as words
from backend.wording.money import UNKNOWN, rounded_money
from backend.wording.shares import said_and_left


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """One figure that stands alone, and what is said beside it."""

    name: str
    figure: str
    beside: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorthDoing:
    """A segment worth acting on: what to do, the money in it, and who they are."""

    segment: Segment
    title: str
    money: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TodayTold:
    """All that is said.

    Attributes
    ----------
    headline
        The one sentence to read.
    is_of_quiet
        Whether it is about those who went quiet, and not about everybody.
    by_border
        How many of them did nothing themselves; empty where all did.
    since, others
        What is compared, and who else moved.
    course
        Where the shop is going, year by year; empty where no two years are known.
    expected, at_risk, ordering, trust
        The four figures.
    notes
        What about the data may have spoilt all this, sentences.
    """

    headline: str
    is_of_quiet: bool
    by_border: str
    since: str
    others: str
    course: str
    expected: KeyFigure
    at_risk: KeyFigure
    ordering: KeyFigure
    trust: KeyFigure
    worth_doing: Sequence[WorthDoing]
    notes: Sequence[str]

    @property
    def figures(self) -> tuple[KeyFigure, ...]:
        """The four figures, in their order."""
        return (self.expected, self.at_risk, self.ordering, self.trust)


def told_today(
    report: RunReport, outlook: Outlook, segments: Sequence[Segment], zone: tzinfo
) -> TodayTold:
    """Say what changed, what is expected, and what is worth doing.

    Parameters
    ----------
    report
        Of the run.
    outlook
        What its customers add up to.
    segments
        As they are called now.
    zone
        The shop's time zone, in which days are told.
    """
    moved, is_of_quiet = outlook.moved, bool(outlook.before and outlook.moved.quiet)
    return TodayTold(
        headline=_headline(report, outlook, is_of_quiet=is_of_quiet),
        is_of_quiet=is_of_quiet,
        by_border=words.by_border(moved.quiet_by_border),
        since=_since(report.as_of, outlook, zone),
        others=words.others(moved.back, moved.first, moved.second, moved.lapsed),
        course=words.course(course) if (course := report.forecast.course) else "",
        expected=_expected(report, outlook),
        at_risk=_at_risk(report, outlook, zone),
        ordering=_ordering(report, outlook, segments),
        trust=_trust(report),
        worth_doing=_worth_doing(report, outlook, segments),
        notes=[one.sentence for one in report.readiness.findings if one.level != "ok"],
    )


def _headline(report: RunReport, outlook: Outlook, *, is_of_quiet: bool) -> str:
    moved, currency = outlook.moved, report.currency
    if is_of_quiet:
        return words.quiet(moved.quiet, rounded_money(moved.quiet_at_risk or 0, currency))
    if outlook.expected is None:
        return words.NOBODY_ORDERED
    days, money = report.horizons.prediction_days, rounded_money(outlook.expected, currency)
    told = words.all_expected(report.customers.with_orders, money, days)
    return words.nobody_quiet(told) if outlook.before else told


def _since(as_of: datetime, outlook: Outlook, zone: tzinfo) -> str:
    if outlook.before is None:
        return f"{words.as_of(as_of, zone)} {words.FIRST_RUN}"
    return words.since(outlook.before.as_of, as_of, zone)


def _expected(report: RunReport, outlook: Outlook) -> KeyFigure:
    expected, currency = outlook.expected, report.currency
    if expected is None:
        return KeyFigure(name=words.EXPECTED, figure=UNKNOWN, beside=words.NOBODY_ORDERED)
    reach = total_range(expected, report.forecast)
    told = words.known_bring(report.horizons.prediction_days)
    if reach is not None:
        told = f"{told}; {words.range_of_total(reach.low, reach.high, currency)}"
    return KeyFigure(name=words.EXPECTED, figure=rounded_money(expected, currency), beside=told)


def _at_risk(report: RunReport, outlook: Outlook, zone: tzinfo) -> KeyFigure:
    at_risk, before, currency = outlook.at_risk, outlook.before, report.currency
    if at_risk is None:
        return KeyFigure(name=words.AT_RISK, figure=UNKNOWN, beside=words.NOBODY_ORDERED)
    told = words.in_the_next(report.horizons.prediction_days)
    if before is not None and before.revenue_at_risk is not None:
        told = _change(at_risk - before.revenue_at_risk, currency, before.as_of, zone)
    return KeyFigure(name=words.AT_RISK, figure=rounded_money(at_risk, currency), beside=told)


def _change(amount: float, currency: str | None, before: datetime, zone: tzinfo) -> str:
    if round(amount, 2) == 0:
        return words.unchanged_since(before, zone)
    return words.money_change(amount, currency, before, zone)


def _ordering(report: RunReport, outlook: Outlook, segments: Sequence[Segment]) -> KeyFigure:
    moved, of = outlook.moved, report.customers.with_orders
    known = [one for one in segments if not one.is_group and one.churn_risk_avg is not None]
    returning = sum(one.customer_count * (1 - (one.churn_risk_avg or 0)) for one in known)
    return KeyFigure(
        name=words.GAINED_AND_LOST,
        figure=words.gained_and_lost(moved.first, moved.lapsed + moved.gone),
        beside=words.will_order_again(returning, of, report.horizons.churn_days),
    )


def _trust(report: RunReport) -> KeyFigure:
    trial = report.forecast.backtest.churn
    found = None if trial is None else leavers_found(trial.calibration)
    return KeyFigure(
        name=words.TRUST,
        figure=words.GRADES[report.forecast.grade.overall],
        beside=words.NOT_TRIED if found is None else said_and_left(found.share_left),
    )


def _worth_doing(
    report: RunReport, outlook: Outlook, segments: Sequence[Segment]
) -> list[WorthDoing]:
    """Choose of each kind the segment that it is about most, as far as there is one."""
    at_risk = {one.segment_id: one.revenue_at_risk or 0 for one in outlook.money}
    expected = {one.segment_id: one.expected_revenue or 0 for one in outlook.money}
    quiet = _richest(segments, LifeStage.QUIET, at_risk)
    once = _richest(segments, LifeStage.ONCE, expected)
    ordering = _richest(segments, LifeStage.ORDERING, expected)
    told = [
        quiet and _win_back(quiet, at_risk[quiet.id], report),
        once and _second_order(once, expected[once.id], report),
        ordering and _keep(ordering, expected[ordering.id], report, outlook.expected or 0),
    ]
    return [one for one in told if one]


def _richest(
    segments: Sequence[Segment], stage: LifeStage, money: Mapping[str, float]
) -> Segment | None:
    fitting = (one for one in segments if money.get(one.id) and life_stage(one.id) is stage)
    return max(fitting, key=lambda one: money[one.id], default=None)


def _win_back(segment: Segment, at_risk: float, report: RunReport) -> WorthDoing:
    medians = segment.characteristics
    return WorthDoing(
        segment=segment,
        title=words.WIN_BACK.format(segment=segment.name),
        money=words.MONEY_AT_RISK.format(money=rounded_money(at_risk, report.currency)),
        about=words.slipping(segment.customer_count, medians.recency_days, medians.usual_gap_days),
    )


def _second_order(segment: Segment, expected: float, report: RunReport) -> WorthDoing:
    days = report.horizons.churn_days
    return WorthDoing(
        segment=segment,
        title=words.SECOND_ORDER.format(segment=segment.name),
        money=words.MONEY_EXPECTED.format(money=rounded_money(expected, report.currency)),
        about=words.once(segment.customer_count, segment.churn_risk_avg, days),
    )


def _keep(segment: Segment, expected: float, report: RunReport, of_all: float) -> WorthDoing:
    share = expected / of_all if of_all else 0
    return WorthDoing(
        segment=segment,
        title=words.KEEP.format(segment=segment.name),
        money=words.MONEY_EXPECTED.format(money=rounded_money(expected, report.currency)),
        about=words.best(segment.customer_count, share, segment.churn_risk_avg),
    )
