"""Today as a value: everything that the page says, made from what was read. Pure."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from backend.core.glossary import NO_ORDERS, Cause
from backend.forecast.summed_up import leavers_found, total_range
from backend.results.customer_filter import CustomerFilter
from backend.results.move import MoveCount
from backend.results.segment import Segment
from backend.results.segment_in_run import SegmentInRun
from backend.segments.life_stages import LifeStage, life_stage
from backend.web.figures import Figure, FigureCell, FigureSeries
from backend.web.history_of_runs import RunInHistory, by_run
from backend.web.list_links import customers_link
from backend.web.rooms.today.today_reads import TodaySeen
from backend.web.tile import Tile
from backend.wording import today_sentences as words
from backend.wording.dates import short_day, signed
from backend.wording.money import UNKNOWN, money_or_dash, rounded_money
from backend.wording.shares import said_and_left

# Whom a run sees for the first time comes from nowhere.
NOBODY_YET = frozenset({None, LifeStage.NOT_YET})
HAS_ORDERED = frozenset(set(LifeStage) - {LifeStage.NOT_YET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity:
    """A list worth acting on."""

    title: str
    money: str
    about: str
    link: str
    link_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """A segment in the short table."""

    id: str
    name: str
    customers: str
    expected: str
    at_risk: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TodayPage:
    """All that the page says.

    Attributes
    ----------
    headline, headline_link
        The one sentence to read, and its people; None where it is about nobody in particular.
    by_border
        How many of its people did nothing themselves; empty where all did.
    since, others
        What is compared, and who else moved.
    notes
        What about the data may have spoilt all this, sentences.
    """

    headline: str
    by_border: str
    headline_link: str | None
    headline_link_name: str
    since: str
    others: str
    tiles: Sequence[Tile]
    opportunities: Sequence[Opportunity]
    segments: Sequence[SegmentRow]
    trend: Figure | None
    notes: Sequence[str]
    notes_name: str


def today_page(seen: TodaySeen, zone: tzinfo) -> TodayPage:
    """Say what changed, what is expected, and what is worth doing.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which days are told.
    """
    past = by_run(seen.history)
    moved = _moved(seen)
    headline, link = _headline(seen, past)
    notes = [one.sentence for one in seen.report.readiness.findings if one.level != "ok"]
    return TodayPage(
        headline=headline,
        by_border=words.by_border(moved.quiet_by_border),
        headline_link=link,
        headline_link_name=words.see_the(seen.quiet_totals.total if seen.quiet_totals else 0),
        since=_since(seen, past, zone),
        others=words.others(moved.back, moved.first, moved.second, moved.lapsed),
        tiles=_tiles(seen, past, moved, zone),
        opportunities=_opportunities(seen, past[0]) if past else [],
        segments=_segment_rows(seen, past),
        trend=_trend(past, seen, zone),
        notes=notes,
        notes_name=words.notes(len(notes)),
    )


@dataclass(frozen=True, slots=True)
class _Moved:
    """How many did what with the published run; by another border alone, quiet ones."""

    first: int
    second: int
    back: int
    lapsed: int
    gone: int
    quiet_by_border: int


def _moved(seen: TodaySeen) -> _Moved:
    by_behaviour = [one for one in seen.moves if one.cause is Cause.BEHAVIOUR]
    by_border = [one for one in seen.moves if one.cause is Cause.MODEL]
    return _Moved(
        first=_count(by_behaviour, NOBODY_YET, HAS_ORDERED),
        second=_count(by_behaviour, {LifeStage.ONCE}, {LifeStage.ORDERING}),
        back=_count(by_behaviour, {LifeStage.QUIET, LifeStage.LAPSED}, {LifeStage.ORDERING}),
        lapsed=_count(by_behaviour, HAS_ORDERED - {LifeStage.LAPSED}, {LifeStage.LAPSED}),
        gone=_count(seen.moves, HAS_ORDERED, {None}),
        quiet_by_border=_count(by_border, HAS_ORDERED, {LifeStage.QUIET}),
    )


def _count(
    moves: Iterable[MoveCount],
    before: Container[LifeStage | None],
    after: Container[LifeStage | None],
) -> int:
    return sum(
        one.customers
        for one in moves
        if _stage(one.from_segment_id) in before and _stage(one.to_segment_id) in after
    )


def _stage(segment_id: str | None) -> LifeStage | None:
    """Return what the customers of a segment do; None where it is none: not known, or gone."""
    return None if segment_id is None else life_stage(segment_id)


def _headline(seen: TodaySeen, past: Sequence[RunInHistory]) -> tuple[str, str | None]:
    quiet = seen.quiet_totals
    if len(past) > 1 and quiet is not None and quiet.total:
        money = rounded_money(float(quiet.sums["value_at_risk"]), seen.report.currency)
        return words.quiet(quiet.total, money), customers_link(seen.quiet)
    expected = past[0].expected if past else None
    if expected is None:
        return words.NOBODY_ORDERED, None
    money = rounded_money(expected, seen.report.currency)
    days = seen.report.horizons.prediction_days
    told = words.all_expected(seen.report.customers.with_orders, money, days)
    return (told if len(past) < 2 else words.nobody_quiet(told)), None


def _since(seen: TodaySeen, past: Sequence[RunInHistory], zone: tzinfo) -> str:
    as_of = seen.report.as_of
    if len(past) < 2:
        return f"{words.as_of(as_of, zone)} {words.FIRST_RUN}"
    return words.since(past[1].as_of, as_of, zone)


def _tiles(
    seen: TodaySeen, past: Sequence[RunInHistory], moved: _Moved, zone: tzinfo
) -> list[Tile]:
    now = past[0] if past else None
    before = past[1] if len(past) > 1 else None
    return [
        _expected(seen, now),
        _at_risk(seen, now, before, zone),
        _ordering(seen, now, moved),
        _trust(seen),
    ]


def _expected(seen: TodaySeen, now: RunInHistory | None) -> Tile:
    currency, days = seen.report.currency, seen.report.horizons.prediction_days
    if now is None or now.expected is None:
        return Tile(name=words.EXPECTED, figure=UNKNOWN, beside=words.NOBODY_ORDERED)
    reach = total_range(now.expected, seen.report.forecast)
    told = words.in_the_next(days)
    if reach is not None:
        told = f"{told}; {words.range_of_total(reach.low, reach.high, currency)}"
    return Tile(name=words.EXPECTED, figure=rounded_money(now.expected, currency), beside=told)


def _at_risk(
    seen: TodaySeen, now: RunInHistory | None, before: RunInHistory | None, zone: tzinfo
) -> Tile:
    currency = seen.report.currency
    if now is None or now.at_risk is None:
        return Tile(name=words.AT_RISK, figure=UNKNOWN, beside=words.NOBODY_ORDERED)
    told = words.in_the_next(seen.report.horizons.prediction_days)
    if before is not None and before.at_risk is not None:
        told = _change(now.at_risk - before.at_risk, currency, before.as_of, zone)
    link = customers_link(CustomerFilter())
    return Tile(
        name=words.AT_RISK, figure=rounded_money(now.at_risk, currency), beside=told, link=link
    )


def _change(amount: float, currency: str | None, before: datetime, zone: tzinfo) -> str:
    if round(amount, 2) == 0:
        return words.unchanged_since(before, zone)
    return words.money_change(amount, currency, before, zone)


def _ordering(seen: TodaySeen, now: RunInHistory | None, moved: _Moved) -> Tile:
    of, days = seen.report.customers.with_orders, seen.report.horizons.churn_days
    beside = UNKNOWN if now is None else words.will_order_again(now.returning, of, days)
    figure = words.gained_and_lost(moved.first, moved.lapsed + moved.gone)
    return Tile(name=words.GAINED_AND_LOST, figure=figure, beside=beside)


def _trust(seen: TodaySeen) -> Tile:
    trial = seen.report.forecast.backtest.churn
    found = None if trial is None else leavers_found(trial.calibration)
    return Tile(
        name=words.TRUST,
        figure=words.GRADES[seen.report.forecast.grade.overall],
        beside=words.NOT_TRIED if found is None else said_and_left(found.share_left),
    )


def _opportunities(seen: TodaySeen, now: RunInHistory) -> list[Opportunity]:
    """Choose of each kind the segment that it is about most, as far as there is one."""
    known = {one.segment_id: one for one in now.parts}
    told = [(one, known[one.id]) for one in seen.segments if one.id in known]
    kinds = (
        (LifeStage.QUIET, "revenue_at_risk", _win_back),
        (LifeStage.ONCE, "expected_revenue", _second_order),
        (LifeStage.ORDERING, "expected_revenue", _keep),
    )
    found = []
    for stage, money, tell in kinds:
        fitting = [pair for pair in told if life_stage(pair[0].id) is stage]
        fitting = [pair for pair in fitting if getattr(pair[1], money)]
        if fitting:
            best = max(fitting, key=lambda pair: getattr(pair[1], money))
            found.append(tell(*best, seen, now))
    return found


def _win_back(
    segment: Segment, row: SegmentInRun, seen: TodaySeen, _now: RunInHistory
) -> Opportunity:
    medians = segment.characteristics
    about = words.slipping(row.customer_count, medians.recency_days, medians.usual_gap_days)
    money = rounded_money(row.revenue_at_risk or 0, row.currency)
    return _opportunity(segment, words.WIN_BACK, words.MONEY_AT_RISK.format(money=money), about)


def _second_order(
    segment: Segment, row: SegmentInRun, seen: TodaySeen, _now: RunInHistory
) -> Opportunity:
    days = seen.report.horizons.churn_days
    about = words.once(row.customer_count, row.churn_risk_avg, days)
    money = rounded_money(row.expected_revenue or 0, row.currency)
    return _opportunity(
        segment, words.SECOND_ORDER, words.MONEY_EXPECTED.format(money=money), about
    )


def _keep(segment: Segment, row: SegmentInRun, _seen: TodaySeen, now: RunInHistory) -> Opportunity:
    expected = row.expected_revenue or 0
    share = expected / now.expected if now.expected else 0
    about = words.best(row.customer_count, share, row.churn_risk_avg)
    money = rounded_money(expected, row.currency)
    return _opportunity(segment, words.KEEP, words.MONEY_EXPECTED.format(money=money), about)


def _opportunity(segment: Segment, title: str, money: str, about: str) -> Opportunity:
    return Opportunity(
        title=title.format(segment=segment.name),
        money=money,
        about=about,
        link=customers_link(CustomerFilter(segment=(segment.id,))),
        link_name=words.see_the(segment.customer_count),
    )


def _segment_rows(seen: TodaySeen, past: Sequence[RunInHistory]) -> list[SegmentRow]:
    if not past:
        return []
    before = {one.segment_id: one.customer_count for one in past[1].parts} if past[1:] else {}
    shown = (one for one in past[0].parts if one.segment_id != NO_ORDERS)
    return [_segment_row(one, before, seen.segments) for one in shown]


def _segment_row(
    row: SegmentInRun, before: dict[str, int], segments: Iterable[Segment]
) -> SegmentRow:
    # As it is called now: somebody may have renamed it since the run.
    names = {one.id: one.name for one in segments}
    change = row.customer_count - before.get(row.segment_id, 0) if before else None
    return SegmentRow(
        id=row.segment_id,
        name=names.get(row.segment_id, row.name),
        customers=f"{row.customer_count:,}",
        expected=money_or_dash(row.expected_revenue, None),
        at_risk=money_or_dash(row.revenue_at_risk, None),
        change=UNKNOWN if change is None else signed(change),
    )


def _trend(past: Sequence[RunInHistory], seen: TodaySeen, zone: tzinfo) -> Figure | None:
    """Draw what was expected run by run, from the second run on."""
    known = [one for one in reversed(past) if one.expected is not None]
    if len(known) < 2:
        return None
    currency = seen.report.currency
    cells = [FigureCell(one.expected, money_or_dash(one.expected, currency)) for one in known]
    at_risk = [FigureCell(one.at_risk, money_or_dash(one.at_risk, currency)) for one in known]
    return Figure(
        kind="line",
        title=words.trend(seen.report.horizons.prediction_days),
        described=words.trend_described(cells[0].written, cells[-1].written),
        across=words.RUN,
        places=[short_day(one.as_of, zone) for one in known],
        series=[
            FigureSeries(name=words.EXPECTED, cells=cells),
            FigureSeries(name=words.AT_RISK, cells=at_risk),
        ],
        unit="money",
    )
